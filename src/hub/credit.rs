//! Flow control between the sockets of a core and the writer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::{Sink, Subscriber};
use crate::transport::Transport;

/// How much more the sockets of one core may hand to the writer.
///
/// Every message takes credit when it is handed over and gives it back when it was committed or refused, so
/// what is under way is bounded, in messages and in bytes. A sender that finds no credit is not read from
/// until there is some.
#[derive(Debug)]
pub struct Credit<S = Transport> {
    /// Negative after more messages came in one read than were left.
    messages: Cell<i64>,
    /// Negative after messages larger than what was left.
    bytes: Cell<i64>,
    waiting: RefCell<Vec<Rc<Subscriber<S>>>>,
}

impl<S: Sink> Credit<S> {
    /// Room for so many messages and bytes of content.
    pub fn new(messages: usize, bytes: usize) -> Self {
        Self {
            messages: Cell::new(messages as i64),
            bytes: Cell::new(bytes as i64),
            waiting: RefCell::default(),
        }
    }

    /// Whether another read of a socket's messages may be handed over. One may always follow when there is any room at
    /// all, so that the largest content passes; the bounds are exceeded by at most that one.
    pub fn available(&self) -> bool {
        self.messages.get() > 0 && self.bytes.get() > 0
    }

    /// Takes credit for one message.
    pub fn take(&self, bytes: usize) {
        self.messages.set(self.messages.get() - 1);
        self.bytes.set(self.bytes.get() - bytes as i64);
    }

    /// Gives back the credit of one message and wakes those who wait for it.
    pub fn give(&self, bytes: usize) {
        self.messages.set(self.messages.get() + 1);
        self.bytes.set(self.bytes.get() + bytes as i64);
        if !self.waiting.borrow().is_empty() {
            self.waiting.take().iter().for_each(|socket| socket.credit_given());
        }
    }

    /// Wakes the socket's task when credit is given back.
    pub fn wait(&self, socket: &Rc<Subscriber<S>>) {
        if socket.waits_for_credit() {
            self.waiting.borrow_mut().push(Rc::clone(socket));
        }
    }
}
