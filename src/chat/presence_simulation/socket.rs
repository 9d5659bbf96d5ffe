//! A socket, and what it was told.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::chat::Membership;
use crate::hub::{MemorySink, Subscriber, Subscription};
use crate::model::{GroupId, UserId};

/// One user's socket in one group.
pub(super) struct Socket {
    pub(super) member: Membership,
    pub(super) subscriber: Rc<Subscriber<MemorySink>>,
    pub(super) subscription: Rc<Subscription<MemorySink>>,
    /// Whom it takes for online by what it was told, itself aside.
    believed: RefCell<BTreeSet<UserId>>,
    /// How often it was told that somebody came or went.
    movements: Cell<usize>,
    read: Cell<usize>,
}

impl Socket {
    pub(super) fn new(
        member: Membership,
        subscriber: Rc<Subscriber<MemorySink>>,
        subscription: Rc<Subscription<MemorySink>>,
    ) -> Self {
        let (believed, movements, read) = Default::default();
        Self { member, subscriber, subscription, believed, movements, read }
    }

    pub(super) fn group(&self) -> GroupId {
        self.member.group.id
    }

    /// The texts of the frames that came since this was asked last.
    pub(super) fn news(&self) -> Vec<String> {
        let bytes = self.subscriber.outbox().sink().written();
        let mut texts = Vec::new();
        while let Some(head) = bytes.get(self.read.get()..).filter(|rest| !rest.is_empty()) {
            let (length, start) = match head[1] {
                126 => (usize::from(u16::from_be_bytes([head[2], head[3]])), 4),
                127 => unreachable!("nothing is that long"),
                short => (usize::from(short), 2),
            };
            texts.push(String::from_utf8(head[start..start + length].to_vec()).unwrap());
            self.read.set(self.read.get() + start + length);
        }
        texts
    }

    /// Takes in what a socket in JSON mode was told, and answers whom it takes for online.
    ///
    /// # Errors
    /// Somebody has come who was there, or gone who was not.
    pub(super) fn belief(&self) -> Result<BTreeSet<UserId>, String> {
        let mut believed = self.believed.borrow_mut();
        for text in self.news() {
            let event: serde_json::Value = serde_json::from_str(&text).unwrap();
            let user = UserId(event["user_id"].as_i64().unwrap());
            let is_news = match event["type"].as_str() {
                Some("joined") => believed.insert(user),
                Some("left") => believed.remove(&user),
                _ => return Err(format!("nobody said {text}")),
            };
            self.movements.set(self.movements.get() + 1);
            if !is_news {
                return Err(format!("{} was told twice: {text}", self.member.user.username));
            }
        }
        Ok(believed.clone())
    }

    /// How many comings and goings it was told of so far.
    pub(super) fn movements(&self) -> usize {
        self.belief().unwrap();
        self.movements.get()
    }
}
