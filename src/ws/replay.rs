//! Catching up: what a socket missed, sent as fast as it takes it.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::time::{Duration, sleep};

use super::subscriptions::ActiveSubscriptions;
use crate::chat::{Chat, ChatResult, Replayed};
use crate::hub::{Reading, Sink, Subscriber, Subscription};
use crate::model::GroupId;
use crate::protocol::event;
use crate::transport::Transport;

/// Bytes that may wait for a socket when more is read for it.
const WAITING_MAX: usize = 64 * 1024;
/// Steps of a replay in one turn before the other sockets get theirs.
const STEPS_A_TURN: usize = 8;
/// Wait before the store is asked again after it failed.
const RETRY: Duration = Duration::from_millis(200);

/// A step of a replay being read.
type Step = Pin<Box<dyn Future<Output = ChatResult<Replayed>>>>;

/// The replays of one socket, one at a time. A socket that has caught up keeps no memory for them.
pub(super) struct Replays<S = Transport>(Option<Box<Running<S>>>);

/// What there is to replay.
struct Running<S> {
    /// Groups whose replay was announced, so that its end is too.
    announced: Vec<GroupId>,
    reading: Option<(Rc<Subscription<S>>, Step)>,
}

impl<S> Default for Replays<S> {
    fn default() -> Self {
        Self(None)
    }
}

impl<S> Default for Running<S> {
    fn default() -> Self {
        Self { announced: Vec::new(), reading: None }
    }
}

impl<S> Replays<S> {
    /// Whether there is nothing to replay, as far as is known.
    pub(super) fn is_idle(&self) -> bool {
        self.0.is_none()
    }

    /// A subscription fell behind, by itself or because its socket was too slow.
    pub(super) fn look(&mut self) {
        self.0.get_or_insert_default();
    }
}

impl<S: Sink> Replays<S> {
    /// A group was subscribed to from a `seq` below its head.
    pub(super) fn begin(&mut self, group: GroupId) {
        self.0.get_or_insert_default().announce(group);
    }

    /// Goes on until everything is replayed, or the socket or the store has to be waited for.
    pub(super) fn advance(
        &mut self,
        chat: &Arc<Chat>,
        socket: &Rc<Subscriber<S>>,
        subscriptions: &ActiveSubscriptions<S>,
        cx: &mut Context<'_>,
    ) {
        let Some(running) = &mut self.0 else { return };
        for active in subscriptions.iter().filter(|active| active.subscription.take_lagged()) {
            let group = active.subscription.group();
            running.announce(group);
            socket.reply(&event::lagged(group, active.subscription.position()));
        }
        for _ in 0..STEPS_A_TURN {
            if running.reading.is_none() {
                if socket.outbox().waiting() > WAITING_MAX {
                    return;
                }
                let behind =
                    subscriptions.iter().find(|active| active.subscription.reading() == Reading::Lagging);
                let Some(active) = behind else {
                    self.0 = None;
                    return;
                };
                let subscription = Rc::clone(&active.subscription);
                let (group, position) = (subscription.group(), subscription.position());
                let chat = Arc::clone(chat);
                running.reading =
                    Some((subscription, Box::pin(async move { chat.replay(group, position).await })));
            }
            let Some((subscription, reading)) = &mut running.reading else { return };
            let Poll::Ready(result) = reading.as_mut().poll(cx) else { return };
            let subscription = Rc::clone(subscription);
            running.reading = None;
            let is_current = subscriptions
                .get(subscription.group())
                .is_some_and(|active| Rc::ptr_eq(&active.subscription, &subscription));
            if is_current {
                running.take(socket, &subscription, result);
            }
        }
        cx.waker().wake_by_ref();
    }

    /// Whether there is more to replay now. Asked after what waited was sent: nothing else wakes the task when the
    /// socket has taken it all at once.
    pub(super) fn may_go_on(&self, socket: &Subscriber<S>) -> bool {
        let is_waiting = self.0.as_ref().is_some_and(|running| running.reading.is_none());
        is_waiting && socket.outbox().waiting() <= WAITING_MAX
    }
}

impl<S: Sink> Running<S> {
    fn announce(&mut self, group: GroupId) {
        if !self.announced.contains(&group) {
            self.announced.push(group);
        }
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
                if subscription.catch_up() {
                    let group = subscription.group();
                    if let Some(index) = self.announced.iter().position(|&announced| announced == group) {
                        self.announced.swap_remove(index);
                        socket.reply(&event::caught_up(group, subscription.position()));
                    }
                }
            }
            Err(error) => {
                error.log();
                tracing::debug!("a replay waits");
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
