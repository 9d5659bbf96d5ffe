//! Frames as they must go out: of each entry the one of today, and those that showed what is so no more.

use std::collections::HashMap;

use bytes::Bytes;

use crate::model::{Change, ChangeKind, GroupId, Message, Seq};
use crate::protocol::{event, text};

/// All frames that may ever be read.
#[derive(Default)]
pub(super) struct Frames {
    /// Lines of text mode may show one of several.
    shown: HashMap<Bytes, Vec<Shown>>,
    /// Whether readers in text mode may be late, so that they too are shown what is so today.
    pub(super) lines_are_late: bool,
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
    /// What a finished frame may show, in ascending order; nothing if it can be none.
    pub(super) fn get(&self, frame: &[u8]) -> &[Shown] {
        self.shown.get(frame).map_or(&[], |shown| shown)
    }

    /// A message is like this since the entry `since`, which may be itself.
    pub(super) fn put_message(&mut self, message: &Message, since: Seq) {
        let mut json = Vec::new();
        event::put_message(&mut json, message);
        self.put_json(message.group.id, message.seq, json, since);
        if since == message.seq || self.lines_are_late {
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
        let has_line = since == change.seq || self.lines_are_late;
        if let (ChangeKind::Edited { content, .. }, true) = (&change.kind, has_line) {
            let mut line = Vec::new();
            text::put_edit(&mut line, &change.user.username, content);
            self.put(change.group.id, change.seq, line.into());
        }
    }

    fn put_json(&mut self, group: GroupId, seq: Seq, json: Vec<u8>, since: Seq) {
        let json = Bytes::from(json);
        let before = self.today.insert((group, seq), json.clone());
        for shown in before.and_then(|before| self.shown.get_mut(&before)).into_iter().flatten() {
            shown.until = Some(since);
        }
        self.put(group, seq, json);
    }

    fn put(&mut self, group: GroupId, seq: Seq, frame: Bytes) {
        let shown = self.shown.entry(frame).or_default();
        // In ascending order; nearly always it is alone.
        let place = shown.partition_point(|other| (other.group, other.seq) < (group, seq));
        if shown.get(place).is_none_or(|other| (other.group, other.seq) != (group, seq)) {
            shown.insert(place, Shown { group, seq, until: None });
        }
    }
}
