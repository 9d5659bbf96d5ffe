//! Full-text search, free of I/O: what a word is, what a question asks for, where a content answers it.
//!
//! An index only finds candidates, by their [`lexemes`]; whether a content answers a question, and where, is decided by
//! [`SearchQuery::find`] alone, from the content as it is now. So both stores answer alike, whatever their indexes can
//! tell apart.

mod fold;
mod highlight;
mod lexemes;
mod matcher;
mod query;
mod token;

pub use highlight::{HIGHLIGHTS_MAX, Highlight};
pub use lexemes::{LEXEME_BYTES_MAX, LEXEMES_BYTES_MAX, LEXEMES_MAX, Wanted, lexemes};
pub use query::{QUERY_CHARS_MAX, QueryError, SearchQuery, WORDS_MAX};

/// Names the rules by which words are found and folded, those of Unicode's tables among them. An index that was made by
/// others has to be made anew.
pub fn rules() -> String {
    let (forms, kinds) = (unicode_normalization::UNICODE_VERSION, unicode_properties::UNICODE_VERSION);
    let (clusters, scripts) = (unicode_segmentation::UNICODE_VERSION, unicode_script::UNICODE_VERSION);
    format!("1 {forms:?} {kinds:?} {clusters:?} {scripts:?}")
}

#[cfg(test)]
mod tests;
