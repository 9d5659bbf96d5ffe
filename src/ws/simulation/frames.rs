//! Frames as they must go out: of each entry the one of today, and those that showed what is so no more.

use std::collections::HashMap;

use bytes::Bytes;

use crate::model::{Change, ChangeKind, GroupId, Message, Seq};
use crate::protocol::{event, text};

/// All frames that may ever be read.
#[derive(Default)]
pub(super) struct Frames {
    shown: HashMap<Bytes, Shown>,
    /// The JSON frame that each entry has today.
    today: HashMap<(GroupId, Seq), Bytes>,
}

/// What a frame shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) group: GroupId,
    pub(super) seq: Seq,
    /// The entry since which it is not shown any more.
    pub(super) until: Option<Seq>,
}

impl Frames {
    /// What a finished frame shows, if it may be one.
    pub(super) fn get(&self, frame: &[u8]) -> Option<Shown> {
        self.shown.get(frame).copied()
    }

    /// A message is like this since the entry `since`, which may be itself.
    pub(super) fn put_message(&mut self, message: &Message, since: Seq) {
        let mut json = Vec::new();
        event::put_message(&mut json, message);
        self.put_json(message.group.id, message.seq, json, since);
        if since == message.seq {
            let mut line = Vec::new();
            text::put_message(&mut line, &message.user.username, &message.content);
            self.put(message.group.id, message.seq, line.into());
        }
    }

    /// A change is like this since the entry `since`, which may be itself.
    pub(super) fn put_change(&mut self, change: &Change, since: Seq) {
        let mut json = Vec::new();
        event::put_change(&mut json, change);
        self.put_json(change.group.id, change.seq, json, since);
        if let (ChangeKind::Edited { content, .. }, true) = (&change.kind, since == change.seq) {
            let mut line = Vec::new();
            text::put_edit(&mut line, &change.user.username, content);
            self.put(change.group.id, change.seq, line.into());
        }
    }

    fn put_json(&mut self, group: GroupId, seq: Seq, json: Vec<u8>, since: Seq) {
        let json = Bytes::from(json);
        let before = self.today.insert((group, seq), json.clone());
        if let Some(shown) = before.and_then(|before| self.shown.get_mut(&before)) {
            shown.until = Some(since);
        }
        self.put(group, seq, json);
    }

    fn put(&mut self, group: GroupId, seq: Seq, frame: Bytes) {
        self.shown.insert(frame, Shown { group, seq, until: None });
    }
}
