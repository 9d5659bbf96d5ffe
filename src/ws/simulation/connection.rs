//! A client's connection: what its task does, and what the client does with it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::{AbortHandle, spawn_local};
use tokio::time::sleep;

use super::pipe::Pipe;
use super::server::{self, Server};
use super::world::{Client, Way, World};
use crate::chat::{Claim, Membership};
use crate::hub::{Reading, Subscriber};
use crate::model::{GroupId, Seq};
use crate::protocol::command::RequestId;
use crate::protocol::{Mode, event, frame};
use crate::ws::replay::Replays;
use crate::ws::session::ActiveSubscription;
use crate::ws::subscriptions::ActiveSubscriptions;

/// An open connection. Dropped by its client, it is gone.
pub(super) struct Connection {
    world: Rc<World>,
    server: Rc<Server>,
    client: Rc<Client>,
    core: usize,
    socket: Rc<Subscriber<Pipe>>,
    subscriptions: RefCell<ActiveSubscriptions<Pipe>>,
    replays: RefCell<Replays<Pipe>>,
    outgoing: RefCell<VecDeque<usize>>,
    is_closing: Cell<bool>,
    task: RefCell<Option<AbortHandle>>,
}

impl Connection {
    pub(super) fn open(world: &Rc<World>, server: &Rc<Server>, client: &Rc<Client>) -> Rc<Self> {
        let core = world.random().size(server.cores.len());
        let mode = if client.way == Way::Text { Mode::Text } else { Mode::Json };
        let pipe = Pipe::new(world, client, mode);
        let connection = Rc::new(Self {
            world: Rc::clone(world),
            server: Rc::clone(server),
            client: Rc::clone(client),
            core,
            socket: server.cores[core].open(pipe, mode),
            subscriptions: RefCell::default(),
            replays: RefCell::default(),
            outgoing: RefCell::new(world.retries(client).into()),
            is_closing: Cell::new(false),
            task: RefCell::default(),
        });
        let served = Rc::clone(&connection);
        let task = spawn_local(async move { poll_fn(|cx| served.serve(cx)).await });
        connection.task.replace(Some(task.abort_handle()));
        connection
    }

    /// What the server's task of this socket does when it is polled.
    fn serve(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.socket.register(cx);
        if !self.is_closing.get() {
            self.submit();
            let subscriptions = self.subscriptions.borrow();
            self.replays.borrow_mut().advance(&self.server.chat, &self.socket, &subscriptions, cx);
            if let Some((code, reason)) = self.socket.closing() {
                self.socket.outbox().finish(frame::close(code, reason));
                self.is_closing.set(true);
            }
        }
        let drained = self.socket.outbox().poll_drain(cx);
        if self.is_closing.get() {
            return drained.map(|_| ());
        }
        if self.replays.borrow().may_go_on(&self.socket) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn submit(&self) {
        let core = &self.server.cores[self.core];
        let mut outgoing = self.outgoing.borrow_mut();
        while let Some(&number) = outgoing.front() {
            if !core.may_send(&self.socket) {
                if !core.credit().available() {
                    core.credit().wait(&self.socket);
                }
                return;
            }
            outgoing.pop_front();
            let request = (self.client.way == Way::Json).then_some(RequestId::Integer(number as i64));
            self.socket.outbox().sink().send(number);
            self.server.submit_buffers[self.core].submit(&self.socket, self.world.message(number), request);
        }
    }

    /// Does this and that for a while.
    pub(super) async fn live(&self) {
        if self.client.way == Way::Text {
            self.enter().await;
        } else {
            let seen: Vec<_> = {
                let mut seen: Vec<_> = self.client.seen.borrow().iter().map(|(&g, &s)| (g, s)).collect();
                seen.sort_unstable();
                seen
            };
            for (group, seq) in seen {
                self.subscribe(group, Some(seq)).await;
            }
        }
        let steps = { self.world.random().size(30) };
        for _ in 0..steps {
            let pause = { self.world.random().micros(1_500) };
            sleep(pause).await;
            self.step().await;
            if self.is_closing.get() {
                break;
            }
        }
    }

    async fn step(&self) {
        let choice = { self.world.random().below(20) };
        match choice {
            0..=5 => {
                let bytes = self.world.random().size(800);
                self.socket.outbox().sink().give(bytes);
            }
            6 => self.socket.outbox().sink().give(6_000),
            7..=12 => {
                let count = 1 + self.world.random().size(4);
                for _ in 0..count {
                    let group =
                        if self.client.way == Way::Text { self.own_group() } else { self.world.group() };
                    let number = self.world.compose(&self.client, group);
                    self.send(number);
                }
            }
            _ if self.client.way == Way::Text => {}
            13 | 14 => {
                if let Some(number) = self.world.repeat(&self.client) {
                    self.send(number);
                }
            }
            15 | 16 => {
                let group = self.world.group();
                let after = {
                    let known = self.world.known(group).0 as u64;
                    let mut random = self.world.random();
                    random.chance(70).then(|| Seq(random.below(known + 2) as i64))
                };
                self.subscribe(group, after).await;
            }
            17 => {
                let group = self.world.group();
                if let Some(active) = self.subscriptions.borrow_mut().remove(group) {
                    self.server.cores[self.core].leave(&active.subscription);
                    self.socket.reply(&event::unsubscribed(None, group));
                }
            }
            _ => {
                let frames = server::typing(&self.world, &self.client.user);
                self.server.type_something(self.core, frames).await;
            }
        }
    }

    fn send(&self, number: usize) {
        self.outgoing.borrow_mut().push_back(number);
        self.socket.wake();
    }

    fn own_group(&self) -> GroupId {
        GroupId(1 + self.client.user.id.0 % self.world.groups)
    }

    async fn membership(&self, group: GroupId) -> Membership {
        loop {
            if let Ok(principal) = self.server.chat.principal(Claim::UserId(self.client.user.id)).await
                && let Ok(found) = self.server.chat.group(group).await
                && let Ok((membership, _)) = self.server.chat.subscribe(&principal, found).await
            {
                return membership;
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Begins to read in text mode.
    async fn enter(&self) {
        let membership = self.membership(self.own_group()).await;
        let group = membership.group.id;
        self.socket.outbox().sink().enter(group, self.world.store.ledger().head(group));
        let core = &self.server.cores[self.core];
        let (subscription, _) = membership.join(core, &self.socket, Reading::Live, Seq(0));
        self.subscriptions.borrow_mut().insert(group, ActiveSubscription { membership, subscription });
    }

    /// Begins to read a group in JSON mode, or reads it anew.
    async fn subscribe(&self, group: GroupId, after: Option<Seq>) {
        let known = self.world.known(group);
        let membership = self.membership(group).await;
        let head = loop {
            match self.server.chat.head(group).await {
                Ok(head) => break head,
                Err(_) => sleep(Duration::from_millis(1)).await,
            }
        };
        if head < known {
            self.world.fault(format!("the head of group {group} is {head}, but {known} was told of"));
        }
        let position = after.unwrap_or(head).min(head);
        let is_behind = position < head;
        let reading = if is_behind { Reading::Lagging } else { Reading::CaughtUp };
        self.socket.reply(&event::subscribed(None, &membership.group, "epoch", head, position));
        if !is_behind {
            self.socket.reply(&event::caught_up(group, position));
        }
        let core = &self.server.cores[self.core];
        let (subscription, _) = membership.join(core, &self.socket, reading, position);
        if let Some(old) =
            self.subscriptions.borrow_mut().insert(group, ActiveSubscription { membership, subscription })
        {
            core.leave(&old.subscription);
        }
        if is_behind {
            self.replays.borrow_mut().begin(group);
        }
        self.socket.wake();
    }

    /// Whether it was closed by the server.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closing.get()
    }

    /// Takes all there is, from now on.
    pub(super) fn drain(&self) {
        self.socket.outbox().sink().give(usize::MAX);
    }

    /// What keeps it from being at rest, if anything does.
    pub(super) fn unrest(&self) -> Option<String> {
        let name = format!("{:?} client {}", self.client.way, self.client.user.id);
        if !self.is_closed() && !self.outgoing.borrow().is_empty() {
            return Some(format!("{name} cannot send"));
        }
        if self.socket.in_flight() > 0 {
            return Some(format!("{name} has {} messages in flight", self.socket.in_flight()));
        }
        if let Some(number) = self.client.unanswered.borrow().first() {
            return Some(format!("{name} got no answer to {number}"));
        }
        if self.is_closed() {
            return None;
        }
        if self.client.way == Way::Json
            && let Some(number) = self.socket.outbox().sink().unanswered()
        {
            return Some(format!("{name} got no answer to one of the times it sent {number}"));
        }
        let ledger = self.world.store.ledger();
        let places = self.socket.outbox().sink().places();
        let behind = places.into_iter().find(|&(group, seq)| seq != ledger.head(group));
        behind.map(|(group, seq)| format!("{name} has {seq} of {} in group {group}", ledger.head(group)))
    }

    /// Ends without a word.
    pub(super) fn vanish(&self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
        let core = &self.server.cores[self.core];
        self.socket.outbox().abandon();
        core.close(&self.socket);
        self.subscriptions.borrow_mut().take().for_each(|active| _ = core.leave(&active.subscription));
    }
}
