//! A simulated client's connection: real frames over a pipe, to the server's own task.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::sleep;

use super::draft::{Deed, Draft};
use super::people;
use super::pipe::Pipe;
use super::server::Server;
use super::world::{Client, Way, World};
use crate::chat::{Caller, SocketTarget};
use crate::model::{GroupId, Seq};
use crate::protocol::Mode;

/// An open connection.
pub(super) struct Connection {
    world: Rc<World>,
    server: Rc<Server>,
    client: Rc<Client>,
    pipe: Pipe,
    /// The server's task of it.
    task: RefCell<Option<AbortHandle>>,
    /// Whether its client is about to apply all that it has not.
    catches_up: Cell<bool>,
}

impl Connection {
    pub(super) fn new(world: &Rc<World>, server: &Rc<Server>, client: &Rc<Client>) -> Rc<Self> {
        let mode = if client.way == Way::Text { Mode::Text } else { Mode::Json };
        Rc::new(Self {
            world: Rc::clone(world),
            server: Rc::clone(server),
            client: Rc::clone(client),
            pipe: Pipe::new(world, client, mode, server.gate.clone()),
            task: RefCell::default(),
            catches_up: Cell::new(false),
        })
    }

    /// Comes in and does this and that for a while.
    pub(super) async fn live(&self) {
        self.open().await;
        if self.client.way == Way::Json {
            self.hello().await;
        }
        self.world.retries(&self.client).into_iter().for_each(|number| self.send(number));
        let steps = { self.world.random().size(30) };
        for _ in 0..steps {
            let pause = self.world.pause(1_500);
            sleep(pause).await;
            self.step();
            if self.pipe.is_closed() {
                break;
            }
        }
    }

    async fn open(&self) {
        let group = self.own_group();
        let (target, mode) = match self.client.way {
            Way::Text => {
                let (group, username) =
                    (people::group(group).name.to_string(), self.client.user.username.to_string());
                (SocketTarget::Group { group, username }, Mode::Text)
            }
            _ => (SocketTarget::Any, Mode::Json),
        };
        // From now on the chat has all at hand that it needs to let it in.
        while self.server.chat.enter(&Caller::Nobody, &target).await.is_err() {
            sleep(Duration::from_millis(1)).await;
        }
        let index = { self.world.random().size(self.server.endpoints.len()) };
        let endpoint = Rc::clone(&self.server.endpoints[index]);
        let admission = endpoint.admit(&target, None, mode).await;
        if mode == Mode::Text {
            self.pipe.enter(group, self.world.store.ledger().head(group));
        }
        if let Ok(permit) = Arc::clone(&self.server.connections).try_acquire_owned() {
            let connection = endpoint.connect(self.pipe.clone(), &[], admission, permit).await;
            self.task.replace(Some(spawn_local(connection).abort_handle()));
        }
    }

    /// Says who it is, until it is let in.
    async fn hello(&self) {
        self.pipe.give(1_000);
        let known: BTreeMap<String, i64> =
            self.client.seen.borrow().iter().map(|(group, seq)| (group.0.to_string(), seq.0)).collect();
        let resumes = { self.world.random().chance(50) };
        let mut hello = json!({ "type": "hello", "id": "hello", "username": *self.client.user.username });
        if resumes {
            hello["resume"] = json!(known);
            for group in known.keys().filter_map(|group| group.parse().ok()).map(GroupId) {
                self.pipe.ask(group, self.world.known(group));
            }
        }
        while !self.pipe.is_welcome() && !self.pipe.is_closed() {
            if self.pipe.take_hello_turn() {
                self.say(&hello);
            }
            sleep(Duration::from_millis(self.world.pace)).await;
        }
        if !resumes {
            for (group, seq) in known {
                self.subscribe(GroupId(group.parse().unwrap_or_default()), Some(Seq(seq)));
            }
        }
    }

    fn step(&self) {
        self.send_again();
        let choice = { self.world.random().below(20) };
        match choice {
            0..=5 => {
                let bytes = { self.world.random().size(800) };
                self.pipe.give(bytes);
            }
            6 => self.pipe.give(6_000),
            7..=12 => {
                let count = { 1 + self.world.random().size(4) };
                for _ in 0..count {
                    let is_text = self.client.way == Way::Text;
                    let group = if is_text { self.own_group() } else { self.world.group() };
                    self.send(self.world.compose(&self.client, group));
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
                self.subscribe(group, after);
            }
            17 => {
                let group = self.world.group();
                self.say(&json!({ "type": "unsubscribe", "id": "unsubscribe", "group_id": group.0 }));
            }
            _ => {
                let group = self.world.group();
                self.say(&json!({ "type": "typing", "group_id": group.0, "on": false }));
            }
        }
    }

    /// Sends what was refused while nothing could be stored.
    pub(super) fn send_again(&self) {
        for number in self.pipe.take_refused() {
            self.send(number as usize);
        }
    }

    fn send(&self, number: usize) {
        self.pipe.count_send(number);
        let Draft { group, deed, client_id, .. } = self.world.draft(number);
        let mut frame = match deed {
            Deed::Send { content, .. } if self.client.way == Way::Text => {
                return self.pipe.write_text(&content);
            }
            Deed::Send { content, reply_to } => {
                json!({ "type": "send", "content": *content, "reply_to": reply_to.map(|message| message.0) })
            }
            Deed::Edit { message, content } => {
                json!({ "type": "edit", "message_id": message.0, "content": *content })
            }
            Deed::Delete { message } => json!({ "type": "delete", "message_id": message.0 }),
            Deed::React { message, emoji, on } => {
                json!({ "type": "react", "message_id": message.0, "emoji": *emoji, "on": on })
            }
        };
        (frame["id"], frame["group_id"]) = (json!(number), json!(group.0));
        if let Some(client_id) = client_id {
            frame["client_id"] = json!(*client_id);
        }
        self.say(&frame);
    }

    /// Begins to read a group, or reads it anew. The answer's name says what its head may not be below.
    fn subscribe(&self, group: GroupId, after: Option<Seq>) {
        let known = self.world.known(group);
        let mut frame = json!({ "type": "subscribe", "id": known.to_string(), "group_id": group.0 });
        if let Some(after) = after {
            frame["after"] = json!(after.0);
        }
        self.say(&frame);
    }

    fn say(&self, frame: &Value) {
        self.pipe.write_text(&frame.to_string());
    }

    fn own_group(&self) -> GroupId {
        GroupId(1 + self.client.user.id.0 % self.world.groups)
    }

    /// Reads all that its client has not applied yet, and whatever comes then.
    pub(super) fn catch_up(&self) {
        if self.client.way == Way::Json && !self.pipe.is_closed() {
            self.catches_up.set(true);
            for group in (1..=self.world.groups).map(GroupId) {
                let applied = self.client.views.borrow().applied(group);
                self.subscribe(group, Some(applied));
            }
        }
    }

    /// Comes in and reads all there is.
    pub(super) async fn read_all(&self) {
        self.drain();
        self.open().await;
        self.hello().await;
        self.catch_up();
    }

    /// What its client has made of all that it read and is not so, as soon as nothing is under way any more.
    pub(super) fn difference(&self) -> Option<String> {
        if self.client.way != Way::Json || self.pipe.is_closed() {
            return None;
        }
        let ledger = self.world.store.ledger();
        let views = self.client.views.borrow();
        let difference = (1..=self.world.groups)
            .map(GroupId)
            .filter(|&group| !ledger.members.is_out(group, self.client.user.id))
            .find_map(|group| views.difference(group, ledger.views(group)))?;
        Some(format!("to client {} {difference}", self.client.user.id))
    }

    /// Whether its server, or the other way round, is no more.
    pub(super) fn is_closed(&self) -> bool {
        self.pipe.is_closed()
    }

    /// Whose connection it is to.
    pub(super) fn server(&self) -> &Rc<Server> {
        &self.server
    }

    /// The server may go on where its gate has stopped it.
    pub(super) fn stir(&self) {
        self.pipe.stir();
    }

    /// Takes all there is, from now on.
    pub(super) fn drain(&self) {
        self.pipe.give(usize::MAX);
    }

    /// What keeps it from being at rest, if anything does.
    pub(super) fn unrest(&self) -> Option<String> {
        let name = format!("{:?} client {}", self.client.way, self.client.user.id);
        if let Some(number) = self.client.unanswered.borrow().first() {
            return Some(format!("{name} got no answer to {number}"));
        }
        if self.pipe.is_closed() {
            return None;
        }
        if self.pipe.has_unread() {
            return Some(format!("{name} is not read"));
        }
        if self.client.way == Way::Json
            && let Some(number) = self.pipe.unanswered()
        {
            return Some(format!("{name} got no answer to one of the times it sent {number}"));
        }
        let ledger = self.world.store.ledger();
        if self.catches_up.get() {
            let views = self.client.views.borrow();
            let mut groups = (1..=self.world.groups).map(GroupId);
            let is_read = |group| !ledger.members.is_out(group, self.client.user.id);
            if let Some(group) =
                groups.find(|&group| is_read(group) && views.applied(group) != ledger.head(group))
            {
                return Some(format!("{name} has applied {} in group {group}", views.applied(group)));
            }
        }
        let reached = |group, seq| match self.client.way {
            Way::Text => ledger.over_hidden(group, seq),
            _ => seq,
        };
        let positions = self.pipe.positions();
        if let Some((group, _)) =
            positions.iter().find(|(group, _)| ledger.members.is_out(*group, self.client.user.id))
        {
            return Some(format!("{name} still reads group {group}"));
        }
        let is_behind = |(group, seqs): &&(GroupId, Vec<Seq>)| {
            seqs.iter().all(|&seq| reached(*group, seq) != ledger.head(*group))
        };
        let behind = positions.iter().find(is_behind);
        behind.map(|(group, seqs)| format!("{name} has {seqs:?} of {} in group {group}", ledger.head(*group)))
    }

    /// Goes, with or without a word, and reads nothing more.
    pub(super) fn vanish(&self) {
        let says_goodbye = { self.world.random().chance(50) };
        self.pipe.end(says_goodbye);
    }

    /// Ends with its server.
    pub(super) fn abort(&self) {
        self.pipe.end(false);
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}
