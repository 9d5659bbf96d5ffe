//! Values made of the bytes of an input, in its order. When these are used up, all is nothing.

use std::sync::Arc;

use groupcast::model::{Group, GroupId, JoinPolicy, Timestamp, User, UserId};

/// What is left of an input.
pub(crate) struct Input<'d>(pub(crate) &'d [u8]);

impl<'d> Input<'d> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Some bytes: as many as a byte says, or up to 64 KiB where that is 255.
    pub(crate) fn bytes(&mut self) -> &'d [u8] {
        let mut length = usize::from(self.byte());
        if length == 255 {
            length = usize::from(self.byte()) << 8 | usize::from(self.byte());
        }
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A text. Its first byte may have it repeated, so that short inputs make long ones.
    pub(crate) fn text(&mut self) -> String {
        let times = match self.byte() {
            times @ 1..=5 => usize::from(times) * 64,
            _ => 1,
        };
        String::from_utf8_lossy(self.bytes()).repeat(times)
    }

    pub(crate) fn number(&mut self) -> i64 {
        let mut bytes = [0; 8];
        let length = usize::from(self.byte() % 9);
        bytes[8 - length..].iter_mut().for_each(|byte| *byte = self.byte());
        i64::from_be_bytes(bytes)
    }

    /// A point in time that can be displayed.
    pub(crate) fn time(&mut self) -> Timestamp {
        Timestamp(self.number() % 62_000_000_000_000_000)
    }

    pub(crate) fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| make(self))
    }

    /// At most so many of them.
    pub(crate) fn list<T>(&mut self, max: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = usize::from(self.byte()) % (max + 1);
        (0..count).map(|_| make(self)).collect()
    }

    pub(crate) fn user(&mut self) -> Arc<User> {
        let (id, username) = (UserId(self.number()), self.text().into());
        Arc::new(User { id, username, email: "".into(), is_admin: false })
    }

    pub(crate) fn group(&mut self) -> Arc<Group> {
        let (id, name, is_private) = (GroupId(self.number()), self.text().into(), self.flag());
        Arc::new(Group { id, name, is_private, topic: "".into(), join: JoinPolicy::Open })
    }
}
