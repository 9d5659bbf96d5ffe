//! Whether a content answers a question, and where.

use super::highlight::{self, Highlight};
use super::query::{SearchQuery, Term};
use super::token::{Token, Tokens};

impl SearchQuery {
    /// Where `content` has what is asked for, in ascending order and without overlaps; `None` if a term is nowhere in it.
    /// At most [`HIGHLIGHTS_MAX`](super::HIGHLIGHTS_MAX) ranges.
    pub fn find(&self, content: &str) -> Option<Vec<Highlight>> {
        let tokens = Tokens::of(content);
        let mut ranges = Vec::new();
        for term in &self.terms {
            let before = ranges.len();
            ranges.extend(occurrences(term, &tokens));
            if ranges.len() == before {
                return None;
            }
        }
        (!ranges.is_empty()).then(|| highlight::merge(ranges))
    }
}

fn occurrences<'t>(term: &'t Term, tokens: &'t Tokens) -> impl Iterator<Item = Highlight> + 't {
    let windows = tokens.all().windows(term.words.len());
    windows.filter(|window| stands_there(term, tokens, window)).filter_map(|window| {
        let (start, end) = (window.first()?.place.start, window.last()?.place.end);
        Some(Highlight { start, length: end - start })
    })
}

fn stands_there(term: &Term, tokens: &Tokens, window: &[Token]) -> bool {
    let last = term.words.len() - 1;
    term.words.iter().zip(window).enumerate().all(|(index, (word, token))| {
        let found = tokens.folded(token);
        let is_it = if term.is_prefix && index == last {
            found.starts_with(&*word.text)
        } else {
            found == &*word.text
        };
        is_it && (index == 0 || !word.touches || token.touches)
    })
}
