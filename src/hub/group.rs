//! The readers of one group on one core.

use std::rc::Rc;

use super::outbox::Sent;
use super::{GroupFrames, Sink, Subscriber, Subscription};
use crate::hub::Reading;
use crate::model::Seq;

/// A group's members among a core's sockets.
#[derive(Debug)]
pub(super) struct LocalGroup<S> {
    live: Vec<Rc<Subscription<S>>>,
    /// Those that replay; few, and most groups have none.
    replaying: Vec<Rc<Subscription<S>>>,
}

impl<S> Default for LocalGroup<S> {
    fn default() -> Self {
        Self { live: Vec::new(), replaying: Vec::new() }
    }
}

impl<S: Sink> LocalGroup<S> {
    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty() && self.replaying.is_empty()
    }

    pub(super) fn add(&mut self, subscription: Rc<Subscription<S>>) {
        let list = self.list(&subscription);
        subscription.place.set(list.len());
        list.push(subscription);
    }

    pub(super) fn remove(&mut self, subscription: &Subscription<S>) {
        let place = subscription.place.get();
        let list = self.list(subscription);
        if list.get(place).is_some_and(|there| std::ptr::eq(&**there, subscription)) {
            list.swap_remove(place);
            if let Some(moved) = list.get(place) {
                moved.place.set(place);
            }
            if list.capacity() > 4 * list.len() {
                list.shrink_to(2 * list.len());
            }
        }
    }

    /// Hands frames to all; answers those whose outboxes overflowed.
    pub(super) fn flush(&mut self, frames: &GroupFrames) -> Vec<Rc<Subscriber<S>>> {
        let mut overflowed = Vec::new();
        for member in &self.live {
            if member.send(frames) == Sent::Overflow {
                overflowed.push(Rc::clone(member.subscriber()));
            }
        }
        if !self.replaying.is_empty() {
            self.look_at(frames, &mut overflowed);
        }
        overflowed
    }

    fn look_at(&mut self, frames: &GroupFrames, overflowed: &mut Vec<Rc<Subscriber<S>>>) {
        for member in std::mem::take(&mut self.replaying) {
            if member.look_at(frames) == Sent::Overflow {
                overflowed.push(Rc::clone(member.subscriber()));
            }
            self.add(member);
        }
    }

    /// Takes the socket's subscription out of the live ones: what follows `position` was not sent.
    pub(super) fn lag(&mut self, subscriber: &Rc<Subscriber<S>>, position: Seq) {
        let of_socket = |member: &&Rc<Subscription<S>>| Rc::ptr_eq(member.subscriber(), subscriber);
        if let Some(member) = self.live.iter().find(of_socket).cloned() {
            self.remove(&member);
            member.lag(position);
            self.add(member);
        } else if let Some(member) = self.replaying.iter().find(of_socket) {
            // Never forward: a replay that is under way has sent no more than it has noted.
            member.lag(position.min(member.position()));
        }
    }

    fn list(&mut self, subscription: &Subscription<S>) -> &mut Vec<Rc<Subscription<S>>> {
        match subscription.reading() {
            Reading::Live => &mut self.live,
            Reading::Aligned | Reading::Behind => &mut self.replaying,
        }
    }
}
