//! What the changes of a batch come to for the messages that they are about.

use std::collections::{HashMap, HashSet};

use crate::model::{Change, ChangeKind, MessageId, UserId};

/// The end of all: of several changes about the same thing the last alone, and of a message that is deleted nothing
/// else.
#[derive(Default)]
pub(super) struct Effects<'a> {
    /// The last edit of each message.
    pub(super) edits: Vec<Edit<'a>>,
    /// The deletion of each message.
    pub(super) deletions: Vec<(MessageId, &'a Change)>,
    /// The last word on each reaction.
    pub(super) reactions: Vec<Reaction<'a>>,
}

/// What a message says from now on.
pub(super) struct Edit<'a> {
    pub(super) message: MessageId,
    pub(super) content: &'a str,
    pub(super) mentions: &'a [UserId],
    pub(super) by: &'a Change,
}

/// Whether a reaction is there from now on.
pub(super) struct Reaction<'a> {
    pub(super) message: MessageId,
    pub(super) emoji: &'a str,
    pub(super) is_on: bool,
    pub(super) by: &'a Change,
}

impl<'a> Effects<'a> {
    /// Of these changes, in their order.
    pub(super) fn of(changes: &'a [Change]) -> Self {
        let mut effects = Self::default();
        let (mut edits, mut reactions) = (HashMap::new(), HashMap::new());
        let mut deleted = HashSet::new();
        for change in changes {
            match &change.kind {
                ChangeKind::Edited { message, content, mentions } if !deleted.contains(&message.id) => {
                    let edit = Edit { message: message.id, content, mentions, by: change };
                    edits.insert(message.id, edit);
                }
                ChangeKind::Deleted { message } if deleted.insert(message.id) => {
                    effects.deletions.push((message.id, change));
                }
                ChangeKind::Reaction { message, emoji, on } if !deleted.contains(&message.id) => {
                    let reaction = Reaction { message: message.id, emoji, is_on: *on, by: change };
                    reactions.insert((message.id, &**emoji, change.user.id), reaction);
                }
                _ => {}
            }
        }
        effects.edits.extend(edits.into_values().filter(|edit| !deleted.contains(&edit.message)));
        // In one order always, so that no two transactions can wait for each other.
        effects.edits.sort_unstable_by_key(|edit| edit.message);
        effects.deletions.sort_unstable_by_key(|(message, _)| *message);
        effects
            .reactions
            .extend(reactions.into_values().filter(|reaction| !deleted.contains(&reaction.message)));
        effects.reactions.sort_unstable_by_key(|reaction| reaction.by.seq);
        effects
    }

    /// The messages whose contents are others afterwards, or none.
    pub(super) fn contents(&self) -> impl Iterator<Item = MessageId> {
        let edited = self.edits.iter().map(|edit| edit.message);
        edited.chain(self.deletions.iter().map(|(message, _)| *message))
    }
}
