//! What messages and edits say, so that whoever sees one can tell whether it is whole.

use groupcast_kit::random::Random;

/// One action of one sender, such as a message or an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// Which sender, from 0.
    pub(crate) sender: usize,
    /// Which of its actions, from 0.
    pub(crate) number: usize,
}

impl Key {
    /// The `client_id` of a message or edit. Senders of one group use the same ones, for a `client_id` names a
    /// message or edit of its sender only.
    pub(crate) fn client_id(self) -> String {
        self.number.to_string()
    }
}

/// Characters that JSON must escape, and characters of one to four bytes.
const ALPHABET: [char; 16] =
    ['a', 'Z', '0', ' ', '"', '\\', '\n', '\t', '\r', '/', '\u{1}', '\u{7f}', 'é', '€', '\u{2028}', '😀'];

/// Most messages are short, and one in so many is long.
const LONG_ONE_IN: u64 = 64;
const SHORT_CHARS_MAX: u64 = 120;
const LONG_CHARS_MAX: u64 = 8_192;

/// The content of the message or edit `key` in the run of `seed`.
pub(crate) fn content(seed: u64, key: Key) -> String {
    let stream = ((key.sender as u64) << 32) | key.number as u64;
    let mut random = Random::stream(seed, stream);
    let chars = match random.below(LONG_ONE_IN) {
        0 => random.below(LONG_CHARS_MAX),
        _ => random.below(SHORT_CHARS_MAX),
    };
    let mut text = format!("{}.{} ", key.sender, key.number);
    text.extend((0..chars).map(|_| ALPHABET[random.size(ALPHABET.len())]));
    text
}

/// Whose content this is, as far as its beginning says it.
pub(crate) fn key_of(content: &str) -> Option<Key> {
    let (sender, number) = content.split(' ').next()?.split_once('.')?;
    Some(Key { sender: sender.parse().ok()?, number: number.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_distinct_and_repeatable() {
        let key = Key { sender: 3, number: 4 };
        assert_eq!(content(1, key), content(1, key));
        assert!(content(1, key).starts_with("3.4 "));
        assert_eq!(key_of(&content(1, key)), Some(key));
        assert_ne!(content(1, key), content(1, Key { sender: 4, number: 3 }));
    }
}
