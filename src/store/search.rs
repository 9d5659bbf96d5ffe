//! Full-text search.

use std::sync::Arc;
use std::time::Duration;

use super::Asked;
use crate::model::{GroupId, Message, MessageId, UserId};
use crate::search::{Highlight, SearchQuery};

/// Messages by the words of their present content.
///
/// An index is filled behind the inserts: what is stored or edited is found a moment later. Old words of an edited
/// message and all those of a deleted one are gone from it in the transaction of the change.
pub trait SearchIndex: Send + Sync + 'static {
    /// The next messages that answer, the newest first. There may be fewer than were asked for, or none, and more after
    /// them: a question looks at a bounded number of messages for a bounded time.
    fn search(&self, search: Search) -> Asked<'_, SearchPage>;
}

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Search {
    /// What a message must say; not empty.
    pub query: Arc<SearchQuery>,
    /// Which messages are meant.
    pub scope: SearchScope,
    /// Where to begin, or to go on.
    pub from: SearchPlace,
    /// How many messages to bring at most.
    pub limit: usize,
}

/// Which messages are searched. Conditions hold together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchScope {
    /// Those of groups that this user belongs to.
    pub reader: Option<UserId>,
    /// Those of this group.
    pub group: Option<GroupId>,
    /// Those of this sender.
    pub sender: Option<UserId>,
}

/// Where a search goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchPlace {
    /// With messages of lower numbers.
    pub below: MessageId,
    /// How the store looks for them: 0 at the beginning.
    pub(super) step: u32,
}

impl SearchPlace {
    /// Begins with the newest of the messages with lower numbers.
    pub fn below(below: MessageId) -> Self {
        Self { below, step: 0 }
    }
}

/// A part of what is found.
#[derive(Clone, Debug, Default)]
pub struct SearchPage {
    /// Messages, the newest first, each with what is found in it.
    pub hits: Vec<(Message, Vec<Highlight>)>,
    /// Where to go on; `None` if there are no more.
    pub next: Option<SearchPlace>,
}

/// How long one question to the store looks for messages before it says what it has found.
pub(super) const LOOK_TIME: Duration = Duration::from_millis(100);

/// Messages that one question to the store looks at.
pub(super) const CANDIDATES_MAX: usize = 5_000;

/// Messages that are looked at before the index is asked for the beginnings of words: to find all words that begin with
/// a letter or two costs more than to look at so many.
pub(super) const CANDIDATES_BEFORE_PREFIXES: usize = 2_000;

/// Groups of a reader that the index is asked for. Of somebody with more of them each message is looked up.
pub(super) const GROUPS_MAX: usize = 100;

/// Whether so few of the candidates may be read that it pays to tell groups and senders apart.
pub(super) fn is_narrow(looked_at: usize, permitted: usize) -> bool {
    permitted < looked_at / 4
}

/// The lexemes that stand for who sent a message, and where. No word begins with `_`.
pub(super) fn place_lexemes(group: i64, sender: i64) -> String {
    format!("{} {}", group_lexeme(group), sender_lexeme(sender))
}

/// The lexeme of all messages of a group.
pub(super) fn group_lexeme(group: i64) -> String {
    format!("_g{group}")
}

/// The lexeme of all messages of a sender.
pub(super) fn sender_lexeme(sender: i64) -> String {
    format!("_u{sender}")
}

/// Sizes of the ranges of numbers whose messages share a lexeme, as powers of two: so the newest are found without a
/// look at all of them, in an index that knows no order.
pub(super) const BUCKETS: [u32; 4] = [10, 13, 16, 19];

/// The lexeme of all messages of such a range.
pub(super) fn bucket_lexeme(level: usize, number: i64) -> String {
    format!("_b{level}_{number}")
}
