//! The readers of one group on one core.

use std::hint::black_box;
use std::rc::Rc;

use super::Kind;
use super::outbox::Sent;
use super::{Broadcast, Sink, Subscriber, Subscription};
use crate::hub::Reading;
use crate::model::{Seq, UserId};
use crate::protocol::Mode;

/// Members that are looked at together before frames are sent to them.
const GLANCE: usize = 16;

/// A group's members among a core's sockets.
#[derive(Debug)]
pub(super) struct LocalGroup<S> {
    live: Vec<Live<S>>,
    /// Those that replay; few, and most groups have none.
    replaying: Vec<Rc<Subscription<S>>>,
    /// What is being handed out in parts.
    serving: Option<Broadcast>,
    /// How many of `live` have got it.
    served: usize,
    /// The highest number of an arrival among them.
    newest: u64,
}

/// A member to whom frames go straight: its socket stands beside it, since that is all that most deliveries need.
#[derive(Debug)]
struct Live<S> {
    subscriber: Rc<Subscriber<S>>,
    subscription: Rc<Subscription<S>>,
}

impl<S> Default for LocalGroup<S> {
    fn default() -> Self {
        Self { live: Vec::new(), replaying: Vec::new(), serving: None, served: 0, newest: 0 }
    }
}

impl<S: Sink> LocalGroup<S> {
    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty() && self.replaying.is_empty()
    }

    pub(super) fn add(&mut self, subscription: Rc<Subscription<S>>) {
        match subscription.reading() {
            Reading::Live => {
                subscription.index.set(self.live.len() as u32);
                let subscriber = Rc::clone(subscription.subscriber());
                self.live.push(Live { subscriber, subscription });
            }
            Reading::CaughtUp | Reading::Lagging => {
                subscription.index.set(self.replaying.len() as u32);
                self.replaying.push(subscription);
            }
        }
    }

    /// One of them has this number among the group's arrivals.
    pub(super) fn arrived(&mut self, number: u64) {
        self.newest = self.newest.max(number);
    }

    pub(super) fn remove(&mut self, subscription: &Subscription<S>) {
        let index = subscription.index.get() as usize;
        match subscription.reading() {
            Reading::Live => self.remove_live(subscription, index),
            Reading::CaughtUp | Reading::Lagging => {
                if self.replaying.get(index).is_some_and(|there| std::ptr::eq(&**there, subscription)) {
                    self.replaying.swap_remove(index);
                    if let Some(moved) = self.replaying.get(index) {
                        moved.index.set(index as u32);
                    }
                    give_back(&mut self.replaying);
                }
            }
        }
    }

    fn remove_live(&mut self, subscription: &Subscription<S>, mut index: usize) {
        if !self.live.get(index).is_some_and(|there| std::ptr::eq(&*there.subscription, subscription)) {
            return;
        }
        if index < self.served {
            // The last one, which comes into this index, may not have been served yet; the last served one has.
            self.served -= 1;
            self.live.swap(index, self.served);
            self.live[index].subscription.index.set(index as u32);
            index = self.served;
        }
        self.live.swap_remove(index);
        if let Some(moved) = self.live.get(index) {
            moved.subscription.index.set(index as u32);
        }
        give_back(&mut self.live);
    }

    /// Takes the subscriptions of a user, or of all users, out.
    pub(super) fn take(&mut self, user: Option<UserId>) -> Vec<Rc<Subscription<S>>> {
        let live = self.live.iter().map(|live| &live.subscription);
        let all = live.chain(&self.replaying);
        let taken: Vec<_> = all.filter(|one| user.is_none_or(|user| one.user() == user)).cloned().collect();
        taken.iter().for_each(|subscription| self.remove(subscription));
        taken
    }

    /// Hands frames to all, after what is being handed out in parts: who leaves because it has got its last message
    /// must not be seen to leave before it.
    pub(super) fn flush(&mut self, frames: &Broadcast) -> Outcome<S> {
        let mut outcome = Outcome::default();
        self.go_on(usize::MAX, &mut outcome);
        hand(&self.live, frames, self.newest, &mut outcome);
        self.look_at(frames, &mut outcome);
        outcome
    }

    /// Hands frames to at most so many members; the others get them when it [goes on](Self::go_on).
    pub(super) fn begin(&mut self, frames: &Broadcast, members: usize, outcome: &mut Outcome<S>) -> Part {
        self.serving = Some(frames.clone());
        self.go_on(members, outcome)
    }

    /// Hands what is being handed out to at most so many of those that have not got it yet.
    pub(super) fn go_on(&mut self, members: usize, outcome: &mut Outcome<S>) -> Part {
        let Some(frames) = self.serving.take() else { return Part { served: 0, is_last: true } };
        let end = self.live.len().min(self.served.saturating_add(members));
        hand(&self.live[self.served..end], &frames, self.newest, outcome);
        let served = end - std::mem::replace(&mut self.served, end);
        if end < self.live.len() {
            self.serving = Some(frames);
            return Part { served, is_last: false };
        }
        self.served = 0;
        self.look_at(&frames, outcome);
        Part { served, is_last: true }
    }

    fn look_at(&mut self, frames: &Broadcast, outcome: &mut Outcome<S>) {
        for member in std::mem::take(&mut self.replaying) {
            if member.look_at(frames) == Sent::Overflow {
                outcome.overflowed.push(Rc::clone(member.subscriber()));
            } else if member.reading() == Reading::Live {
                outcome.frames += u64::from(frames.messages);
            }
            self.add(member);
        }
    }

    /// Takes the socket's subscription out of the live ones: what follows `position` was not sent.
    pub(super) fn lag(&mut self, subscriber: &Rc<Subscriber<S>>, position: Seq) {
        if let Some(live) = self.live.iter().find(|live| Rc::ptr_eq(&live.subscriber, subscriber)) {
            let member = Rc::clone(&live.subscription);
            self.remove(&member);
            member.lag(position);
            self.add(member);
        } else if let Some(member) =
            self.replaying.iter().find(|member| Rc::ptr_eq(member.subscriber(), subscriber))
        {
            // Never forward: a replay that is under way has sent no more than it has noted.
            member.lag(position.min(member.position()));
        }
    }
}

/// How far a flush in parts has come.
pub(super) struct Part {
    /// Members served by this part.
    pub(super) served: usize,
    /// Whether it was the last.
    pub(super) is_last: bool,
}

/// What came of handing frames to members.
pub(super) struct Outcome<S> {
    /// Those whose outboxes overflowed.
    pub(super) overflowed: Vec<Rc<Subscriber<S>>>,
    /// Messages that were handed to the others, counted for each of them.
    pub(super) frames: u64,
}

impl<S> Outcome<S> {
    /// One was handed frames with so many messages.
    fn note(&mut self, subscriber: &Rc<Subscriber<S>>, sent: Sent, frames: &Broadcast) {
        match sent {
            Sent::Overflow => self.overflowed.push(Rc::clone(subscriber)),
            Sent::Done | Sent::Waiting | Sent::Broken => self.frames += u64::from(frames.messages),
        }
    }
}

impl<S> Default for Outcome<S> {
    fn default() -> Self {
        Self { overflowed: Vec::new(), frames: 0 }
    }
}

/// Hands frames to live members, of whom none has come after the arrival with the number `newest`.
fn hand<S: Sink>(members: &[Live<S>], frames: &Broadcast, newest: u64, outcome: &mut Outcome<S>) {
    if !frames.is_stored() {
        for Live { subscriber, subscription } in members {
            outcome.note(subscriber, subscription.send(frames), frames);
        }
        return;
    }
    let kind = Kind::Stored(frames.group, frames.first);
    // One in text mode who came after these were encoded may find that the next were encoded for nobody in text mode.
    let for_all = frames.as_of == 0 || newest <= frames.as_of;
    for members in members.chunks(GLANCE) {
        // Between two system calls the processor would wait for the memory of each socket by itself; here it fetches
        // that of all of them at once.
        black_box(members.iter().filter(|live| live.subscriber.outbox().is_clear()).count());
        for Live { subscriber, subscription } in members {
            let mode = subscriber.mode();
            if mode == Mode::Text && !for_all && subscription.number() > frames.as_of {
                continue;
            }
            let bytes = frames.frames_for(mode, subscriber.window());
            if !bytes.is_empty() {
                outcome.note(subscriber, subscriber.send(bytes, kind), frames);
            }
        }
    }
}

/// Gives memory back of which most is unused.
fn give_back<T>(list: &mut Vec<T>) {
    if list.capacity() > 4 * list.len() {
        list.shrink_to(2 * list.len());
    }
}
