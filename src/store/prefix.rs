//! Names by how they begin, whatever the case of their letters.

use crate::model::limits::{EMAIL_CHARS_MAX, GROUP_NAME_CHARS_MAX};

/// The name in lower case, letter by letter: what a letter becomes does not depend on those around it, so a prefix of a
/// name becomes a prefix of what the name becomes.
pub(super) fn lower(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).collect()
}

/// The first text after all that begin with `prefix`, in the order of their bytes; `None` if there is none.
pub(super) fn end(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

/// A text after all names and addresses that begin with `prefix`, in the order of their bytes.
pub(super) fn bound(prefix: &str) -> String {
    // Where nothing comes after them, this is longer than any of them.
    end(prefix).unwrap_or_else(|| char::MAX.to_string().repeat(EMAIL_CHARS_MAX.max(GROUP_NAME_CHARS_MAX) + 1))
}

#[cfg(test)]
mod tests {
    use super::{end, lower};

    #[test]
    fn a_prefix_stays_one() {
        for name in ["ΟΔΥΣΣΕΥΣ", "İstanbul", "ÉCOLE", "Alice", "ǅ"] {
            for (length, _) in name.char_indices() {
                assert!(lower(name).starts_with(&lower(&name[..length])), "{name} {length}");
            }
        }
    }

    #[test]
    fn the_end_is_just_after_all_that_begin_so() {
        assert_eq!(end("ab").as_deref(), Some("ac"));
        assert_eq!(end("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(end("a\u{10ffff}\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(end("\u{10ffff}"), None);
        assert_eq!(end(""), None);
    }
}
