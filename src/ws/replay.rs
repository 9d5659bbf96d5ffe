//! Catching up: what a socket missed, sent as fast as it takes it.

use std::collections::HashMap;
use std::future::Future;
use std::hash::BuildHasher;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::time::{Duration, sleep};

use super::session::Seat;
use crate::chat::{Chat, ChatResult, Replayed};
use crate::hub::{Reading, Sink, Subscriber, Subscription};
use crate::model::GroupId;
use crate::protocol::event;

/// Bytes that may wait for a socket when more is read for it.
const WAITING_MAX: usize = 64 * 1024;
/// Stretches sent in one turn before the other sockets get theirs.
const STEPS_A_TURN: usize = 8;
/// Wait before the store is asked again after it failed.
const RETRY: Duration = Duration::from_millis(200);

/// A stretch of messages being read.
type Stretch = Pin<Box<dyn Future<Output = ChatResult<Replayed>>>>;

/// The replays of one socket, one at a time.
pub(super) struct Replays<S = TcpStream> {
    /// Groups whose replay was announced, so that its end is too.
    announced: Vec<GroupId>,
    reading: Option<(Rc<Subscription<S>>, Stretch)>,
    is_needed: bool,
}

impl<S> Default for Replays<S> {
    fn default() -> Self {
        Self { announced: Vec::new(), reading: None, is_needed: false }
    }
}

impl<S: Sink> Replays<S> {
    /// A group was subscribed to from a place before its head.
    pub(super) fn begin(&mut self, group: GroupId) {
        self.announce(group);
        self.is_needed = true;
    }

    /// Whether there is more to read, which has not begun since too much waits for the socket.
    pub(super) fn waits_for_room(&self) -> bool {
        self.is_needed && self.reading.is_none()
    }

    fn announce(&mut self, group: GroupId) {
        if !self.announced.contains(&group) {
            self.announced.push(group);
        }
    }

    /// Goes on until everything is replayed, or the socket or the store has to be waited for.
    pub(super) fn advance(
        &mut self,
        chat: &Arc<Chat>,
        socket: &Rc<Subscriber<S>>,
        seats: &HashMap<GroupId, Seat<S>, impl BuildHasher>,
        cx: &mut Context<'_>,
    ) {
        if socket.take_behind() {
            self.is_needed = true;
        }
        if !self.is_needed {
            return;
        }
        for seat in seats.values().filter(|seat| seat.subscription.take_lagged()) {
            let group = seat.subscription.group();
            self.announce(group);
            socket.reply(&event::lagged(group, seat.subscription.position()));
        }
        for _ in 0..STEPS_A_TURN {
            if self.reading.is_none() {
                // The task is polled again when the socket has taken what waits.
                if socket.outbox().waiting() > WAITING_MAX {
                    return;
                }
                let behind = seats.values().find(|seat| seat.subscription.reading() == Reading::Behind);
                let Some(seat) = behind else {
                    self.is_needed = false;
                    return;
                };
                let subscription = Rc::clone(&seat.subscription);
                let (group, position) = (subscription.group(), subscription.position());
                let chat = Arc::clone(chat);
                self.reading =
                    Some((subscription, Box::pin(async move { chat.replay(group, position).await })));
            }
            let Some((subscription, reading)) = &mut self.reading else { return };
            let Poll::Ready(result) = reading.as_mut().poll(cx) else { return };
            let subscription = Rc::clone(subscription);
            self.reading = None;
            let is_current = seats
                .get(&subscription.group())
                .is_some_and(|seat| Rc::ptr_eq(&seat.subscription, &subscription));
            if is_current {
                self.take(socket, &subscription, result);
            }
        }
        cx.waker().wake_by_ref();
    }

    fn take(
        &mut self,
        socket: &Subscriber<S>,
        subscription: &Rc<Subscription<S>>,
        result: ChatResult<Replayed>,
    ) {
        match result {
            Ok(Replayed::Frames(frames, last)) => {
                if !frames.is_empty() {
                    socket.reply(&frames);
                }
                subscription.replayed(last);
            }
            Ok(Replayed::UpToDate) => {
                if subscription.align() {
                    let group = subscription.group();
                    if let Some(place) = self.announced.iter().position(|&announced| announced == group) {
                        self.announced.swap_remove(place);
                        socket.reply(&event::caught_up(group, subscription.position()));
                    }
                }
            }
            Err(error) => {
                tracing::debug!(%error, "replay waits");
                let position = subscription.position();
                let wait = async move {
                    sleep(RETRY).await;
                    Ok(Replayed::Frames(Bytes::new(), position))
                };
                self.reading = Some((Rc::clone(subscription), Box::pin(wait)));
            }
        }
    }
}
