//! What an index knows of a content, and what it is asked for.

use std::collections::HashSet;

use super::query::SearchQuery;
use super::token::Tokens;

/// Longest lexeme, in bytes of UTF-8: of a longer word its beginning.
pub const LEXEME_BYTES_MAX: usize = 200;

/// Different lexemes of one content, the first of it; by others it is not found.
pub const LEXEMES_MAX: usize = 10_000;

/// The same in bytes of UTF-8.
pub const LEXEMES_BYTES_MAX: usize = 256 * 1024;

/// The different lexemes of a content, with spaces between them: its words, and of scripts without spaces each character
/// and each pair of neighbours. None has an ASCII character in it but letters, digits, `#` and `*`.
pub fn lexemes(content: &str) -> String {
    let tokens = Tokens::of(content);
    let mut known = HashSet::new();
    let mut joined = String::new();
    let mut add = |lexeme| {
        let lexeme = cut(lexeme);
        if known.len() < LEXEMES_MAX
            && joined.len() + lexeme.len() < LEXEMES_BYTES_MAX
            && known.insert(lexeme)
        {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(lexeme);
        }
    };
    let mut before = None;
    for token in tokens.all() {
        add(tokens.folded(token));
        if let (Some(before), true) = (before, token.touches) {
            add(tokens.pair(before, token));
        }
        before = Some(token);
    }
    joined
}

/// What a content must have to answer a question, as far as an index can tell. What has it all need not answer it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Lexemes.
    pub whole: Vec<Box<str>>,
    /// Beginnings of lexemes.
    pub prefixes: Vec<Box<str>>,
}

impl SearchQuery {
    /// What an index is to be asked for.
    pub fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::default();
        for term in &self.terms {
            let last = term.words.len() - 1;
            for (index, word) in term.words.iter().enumerate() {
                let next_touches = term.words.get(index + 1).is_some_and(|next| next.touches);
                if word.touches {
                    let pair = format!("{}{}", term.words[index - 1].text, word.text);
                    wanted.whole.push(cut(&pair).into());
                } else if term.is_prefix && index == last {
                    wanted.prefixes.push(cut(&word.text).into());
                } else if !next_touches {
                    wanted.whole.push(cut(&word.text).into());
                }
            }
        }
        for lexemes in [&mut wanted.whole, &mut wanted.prefixes] {
            lexemes.sort_unstable();
            lexemes.dedup();
        }
        wanted
    }
}

/// The beginning of a text, up to [`LEXEME_BYTES_MAX`].
fn cut(text: &str) -> &str {
    let mut end = text.len().min(LEXEME_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
