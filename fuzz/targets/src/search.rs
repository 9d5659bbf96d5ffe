//! Words of contents and of questions.

use std::collections::HashSet;

use groupcast::search::{
    HIGHLIGHTS_MAX, LEXEME_BYTES_MAX, LEXEMES_BYTES_MAX, LEXEMES_MAX, SearchQuery, lexemes,
};

/// Where a content answers a question, the index has what is wanted for it, and the ranges are in order and within the
/// content. A question finds itself. In ASCII it is found where a plain search for words finds it.
pub fn search(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (question, content) = text.split_once('\n').unwrap_or((&text, &text));
    let index = lexemes(content);
    let known: Vec<&str> = index.split(' ').filter(|lexeme| !lexeme.is_empty()).collect();
    assert!(known.len() <= LEXEMES_MAX && index.len() <= LEXEMES_BYTES_MAX);
    assert!(known.iter().all(|lexeme| lexeme.len() <= LEXEME_BYTES_MAX));
    assert_eq!(known.iter().collect::<HashSet<_>>().len(), known.len(), "a lexeme is there twice");
    let Ok(query) = SearchQuery::parse(question) else { return };
    let found = query.find(content);
    if let Some(ranges) = &found {
        assert!(!query.is_empty() && !ranges.is_empty() && ranges.len() <= HIGHLIGHTS_MAX);
        assert!(ranges.iter().all(|range| range.length > 0));
        assert!(ranges.windows(2).all(|pair| pair[0].end() <= pair[1].start), "{ranges:?}");
        assert!(ranges.last().is_some_and(|range| range.end() as usize <= content.chars().count()));
        // Of a long content only the beginning is known.
        if known.len() < LEXEMES_MAX && index.len() < LEXEMES_BYTES_MAX - LEXEME_BYTES_MAX {
            let wanted = query.wanted();
            assert!(wanted.whole.iter().all(|word| known.contains(&&**word)), "{wanted:?} {known:?}");
            let begins = |prefix: &str| known.iter().any(|lexeme| lexeme.starts_with(prefix));
            assert!(wanted.prefixes.iter().all(|prefix| begins(prefix)), "{wanted:?} {known:?}");
        }
    }
    assert_eq!(query.find(question).is_some(), !query.is_empty(), "{question:?} does not find itself");
    if text.is_ascii() && !question.contains('"') {
        assert_eq!(found.is_some(), is_found(question, content), "{question:?} in {content:?}");
    }
}

/// Whether all words of the question are among those of the content, or begin one where a star stands behind them.
fn is_found(question: &str, content: &str) -> bool {
    let (question, content) = (question.to_lowercase(), content.to_lowercase());
    let is_part = |char: char| char.is_ascii_alphanumeric();
    let words: Vec<&str> = content.split(|char| !is_part(char)).filter(|word| !word.is_empty()).collect();
    let mut rest = question.as_str();
    let mut count = 0;
    while let Some(start) = rest.find(is_part) {
        let word = &rest[start..];
        let end = word.find(|char| !is_part(char)).unwrap_or(word.len());
        let (word, behind) = word.split_at(end);
        // A star within a word separates it.
        let is_prefix = behind.starts_with('*') && !behind[1..].starts_with(is_part);
        let is_there =
            words.iter().any(|other| if is_prefix { other.starts_with(word) } else { *other == word });
        if !is_there {
            return false;
        }
        count += 1;
        rest = behind;
    }
    count > 0
}
