//! What somebody looks for.

use super::token::{Token, Tokens};

/// Longest question, in Unicode code points.
pub const QUERY_CHARS_MAX: usize = 256;

/// Words in a question; a run of a script without spaces counts as one.
pub const WORDS_MAX: usize = 32;

/// A question, taken apart: a content answers it that has all its terms, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    pub(super) terms: Vec<Term>,
}

/// Why a question cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It is longer than [`QUERY_CHARS_MAX`].
    #[error("must have at most {QUERY_CHARS_MAX} characters")]
    TooLong,
    /// It has more words than [`WORDS_MAX`].
    #[error("must have at most {WORDS_MAX} words")]
    TooManyWords,
}

/// Words that must stand next to each other: a phrase, a run of a script without spaces, or a single one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Term {
    /// At least one.
    pub(super) words: Vec<Word>,
    /// Whether the last of them is only the beginning of a word.
    pub(super) is_prefix: bool,
}

/// A word, folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: Box<str>,
    /// Whether nothing may stand between it and the one before, not even a space.
    pub(super) touches: bool,
}

impl SearchQuery {
    /// Takes a question apart. Words between two quotation marks are a phrase, and a `*` right behind a word outside of
    /// one stands for any ending; all else that is no word separates. Of an odd number of quotation marks the last is
    /// none.
    ///
    /// # Errors
    /// [`QueryError`] for one beyond the bounds.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let chars: Vec<char> = text.chars().take(QUERY_CHARS_MAX + 1).collect();
        if chars.len() > QUERY_CHARS_MAX {
            return Err(QueryError::TooLong);
        }
        let tokens = Tokens::of(text);
        if tokens.all().iter().filter(|token| !token.touches).count() > WORDS_MAX {
            return Err(QueryError::TooManyWords);
        }
        let quotes: Vec<u32> =
            (0..).zip(&chars).filter(|(_, char)| is_quote(**char)).map(|(at, _)| at).collect();
        let phrase_of = |token: &Token| {
            let pairs = quotes.chunks_exact(2).enumerate();
            pairs
                .filter(|(_, pair)| pair[0] < token.place.start && token.place.start < pair[1])
                .map(|(index, _)| index)
                .next()
        };
        let begins_at = |at: u32| tokens.all().iter().any(|token| token.place.start == at);
        let mut query = Self::default();
        let mut phrase_before = None;
        for token in tokens.all() {
            let phrase = phrase_of(token);
            let word = Word { text: tokens.folded(token).into(), touches: token.touches };
            let goes_on = token.touches || (phrase.is_some() && phrase == phrase_before);
            match query.terms.last_mut() {
                Some(term) if goes_on => term.words.push(word),
                _ => query.terms.push(Term { words: vec![word], is_prefix: false }),
            }
            let end = token.place.end;
            let is_cut = chars.get(end as usize) == Some(&'*') && !begins_at(end) && !begins_at(end + 1);
            if let Some(term) = query.terms.last_mut() {
                // In a run that is found anywhere each end is any ending.
                term.is_prefix = is_cut && phrase.is_none() && !token.is_spaceless;
            }
            phrase_before = phrase;
        }
        Ok(query)
    }

    /// Whether there is no word in it; nothing answers it.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether it asks for the beginning of a word.
    pub fn has_prefix(&self) -> bool {
        self.terms.iter().any(|term| term.is_prefix)
    }
}

/// The plain quotation mark, and those that keyboards of phones put in its place.
fn is_quote(char: char) -> bool {
    matches!(char, '"' | '\u{201c}'..='\u{201f}' | '\u{ff02}')
}
