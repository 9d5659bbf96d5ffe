//! People who chat over a database that fails.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::check::{PROBE, check};
use super::json_client::{JsonClient, Record};
use super::phase::{Phase, Shared};
use super::pusher::{self, Pusher};
use super::text_client::{Lines, TextClient};
use crate::support::chat::text;
use crate::support::database::Database;
use crate::support::http::Response;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::{off_thread, patiently, until};

/// Sockets that send as much as the server takes, and what each of them has to send: 80 MiB in all.
const PUSHERS: usize = 32;
const PUSHED_MESSAGES: usize = 160;
const PUSHED_BYTES: usize = 16 * 1024;

/// How much more memory the server may have while the database is away.
const GROWTH_MAX: u64 = 64 << 20;
/// How long after the return of the database the first ack may come.
const FIRST_ACK_MAX: Duration = Duration::from_secs(2);
/// How long a request may take whose answer is that it cannot be carried out.
const REFUSAL_MAX: Duration = Duration::from_secs(20);

/// Nobody here answers pings while they write, and sockets are many for one address.
const OPTIONS: [&str; 2] = ["--heartbeat=1h", "--announce-members-max=0"];

/// What becomes of what is asked of the database, while nothing can be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// It is refused.
    Fail,
    /// It goes on.
    GoOn,
    /// Either: the database may break down altogether.
    Either,
}

/// A way to fail.
pub(super) trait Fault {
    /// What is asked of the database.
    const READS: Reads = Reads::Fail;
    /// Whether it lasts so long that it is told.
    const IS_TOLD: bool = true;

    /// Lets it happen.
    async fn begin(&mut self, server: &Server);

    /// Waits until the server has met what it is to meet.
    async fn unfold(&mut self, _: &Server) {}

    /// Takes it back. Ready when the database answers whoever connects.
    async fn end(&mut self, server: &Server);
}

/// A server and its clients.
pub(super) struct Scene {
    pub(super) server: Server,
    pub(super) shared: Arc<Shared>,
    group: i64,
    pushed: Vec<i64>,
    plays: usize,
    clients: JoinSet<Record>,
    texts: JoinSet<Lines>,
    quiet: Option<JsonSocket>,
}

impl Scene {
    /// A server on this empty database, and clients who have begun.
    pub(super) async fn on(database: Database) -> Self {
        Self::under(database, Vec::new()).await
    }

    /// The same of a server with these variables in its environment.
    pub(super) async fn under(database: Database, environment: Vec<(String, String)>) -> Self {
        Self::with(database, environment, false, PUSHERS).await
    }

    /// The same of a server that may end, without those who send as much as it takes.
    pub(super) async fn of_a_server_that_ends(database: Database) -> Self {
        Self::with(database, Vec::new(), true, 0).await
    }

    async fn with(
        database: Database,
        environment: Vec<(String, String)>,
        may_end: bool,
        pushers: usize,
    ) -> Self {
        let server = Server::start_in(database, &OPTIONS, environment).await;
        server.users(&["alice", "bob", "carol", "dave", "erin", "frank"]).await;
        let group = server.public_group("g").await;
        let mut pushed = Vec::new();
        for number in 0..pushers {
            pushed.push(server.public_group(&pushed_group(number)).await);
        }
        let shared = Shared::new(server.address(), may_end);
        let (mut clients, mut texts) = (JoinSet::new(), JoinSet::new());
        for name in ["alice", "bob"] {
            clients.spawn(JsonClient::sender(name, group, &shared).live());
        }
        clients.spawn(JsonClient::reader("erin", group, &shared).live());
        for name in ["carol", "dave"] {
            texts.spawn(TextClient::new(name, "g", &shared).live());
        }
        let quiet = Some(JsonSocket::hello(&server, "frank").await);
        Self { server, shared, group, pushed, plays: 0, clients, texts, quiet }
    }

    /// Starts the server again after its end, with these variables in its environment.
    pub(super) async fn restart_in(&mut self, environment: Vec<(String, String)>) {
        self.server.restart_in(environment).await;
        self.shared.address.send_replace(self.server.address());
    }

    /// Waits for so many further acks.
    pub(super) async fn acked(&self, count: u64) {
        let mut acks = self.shared.acks.subscribe();
        let enough = *acks.borrow() + count;
        patiently("acks", acks.wait_for(|acks| *acks >= enough)).await.unwrap();
    }

    /// Has the fault happen and end, and asserts what holds meanwhile and at once after it.
    pub(super) async fn play<F: Fault>(&mut self, fault: &mut F) {
        self.acked(50).await;
        let (address, count) = (self.server.address(), self.pushed.len());
        let open = move |number| {
            Pusher::open(address, "frank", &pushed_group(number), PUSHED_MESSAGES, PUSHED_BYTES)
        };
        let pushers: Vec<Pusher> = off_thread(move || (0..count).map(open).collect()).await;
        self.plays += 1;
        let before = self.server.forget_memory_peak();
        fault.begin(&self.server).await;
        let pushing: Vec<_> = pushers.into_iter().map(Pusher::push).collect();
        if F::IS_TOLD {
            self.server.ready(false).await;
            self.assert_told(F::READS).await;
        }
        fault.unfold(&self.server).await;
        let growth = self.peak().await.saturating_sub(before);
        assert!(growth <= GROWTH_MAX, "the server grew by {} MiB", growth >> 20);

        let mut acks = self.shared.acks.subscribe();
        let count = *acks.borrow_and_update();
        fault.end(&self.server).await;
        let returned = Instant::now();
        patiently("the first ack", acks.wait_for(|acks| *acks > count)).await.unwrap();
        let took = returned.elapsed();
        eprintln!("grew by {} KiB, first ack after {took:?}", growth >> 10);
        assert!(took < FIRST_ACK_MAX, "the first ack came after {took:?}");
        self.server.ready(true).await;
        self.acked(50).await;
        off_thread(move || pushing.into_iter().for_each(|pusher| pusher.join().unwrap())).await;
    }

    /// The most memory that the server has had, once that grows no more.
    async fn peak(&self) -> u64 {
        let (mut last, mut looks) = (0, 0);
        until("the server to take nothing more", async || {
            let peak = self.server.memory("VmHWM");
            looks = if peak == last { looks + 1 } else { 0 };
            last = peak;
            (looks == 20).then_some(peak)
        })
        .await
    }

    /// Asserts that what needs the database is refused, and that the rest goes on.
    async fn assert_told(&mut self, reads: Reads) {
        let post = json!({ "group_id": self.group, "user_id": 1, "content": PROBE, "client_id": PROBE });
        refused(self.server.http().await.post("/api/v1/messages/", &post).await_in_time().await);
        let list = self.server.http().await.get("/api/v1/messages/?limit=1").await_in_time().await;
        match reads {
            Reads::Either if list.status == 200 => {}
            Reads::Fail | Reads::Either => refused(list),
            Reads::GoOn => _ = list.ok(),
        }
        let presence = format!("/api/v1/groups/{}/presence/", self.group);
        for path in ["/healthz", "/metrics", "/openapi.json", &presence] {
            let answer = self.server.http().await.get(path).await_in_time().await;
            assert_eq!(answer.status, 200, "{path}");
        }
        let quiet = self.quiet.as_mut().expect("a quiet client");
        assert_eq!(quiet.ask(json!({ "type": "ping" })).await["type"], "pong");
    }

    /// Compares all that was sent, acked, seen and stored.
    pub(super) async fn end(self) {
        self.shared.phase.send_replace(Phase::Acking);
        until("all acks", async || (self.shared.unacked() == 0).then_some(())).await;
        let stored = self.server.messages(self.group).await;
        let last = stored.last().expect("a message");
        let line = format!("{}: {}", text(&last["username"]), text(&last["content"]));
        self.shared.phase.send_replace(Phase::Seeing { head: stored.len() as i64, line: line.into() });
        let clients = patiently("all clients to have seen all", self.clients.join_all()).await;
        let texts = patiently("all sockets to have seen all", self.texts.join_all()).await;
        check(&stored, &clients, &texts);
        eprintln!("{} messages", stored.len());
        let mut http = self.server.http().await;
        for group in self.pushed {
            let path = format!("/api/v1/messages/?group_id={group}&limit=1000000");
            let messages = http.get(&path).await.ok();
            let contents = messages.as_array().unwrap().iter().map(|message| text(&message["content"]));
            let sent = (0..self.plays).flat_map(|_| 0..PUSHED_MESSAGES);
            assert!(contents.eq(sent.map(|number| pusher::content(number, PUSHED_BYTES))), "group {group}");
        }
    }
}

fn pushed_group(number: usize) -> String {
    format!("pushed {number}")
}

/// An answer that says that it is to be asked for again.
fn refused(answer: Response) {
    assert!(answer.detail(503).is_string());
    let seconds: u32 = answer.header("retry-after").expect("Retry-After").parse().unwrap();
    assert!(seconds > 0);
}

/// What has to be answered, whatever the answer is.
trait InTime: Future + Sized {
    async fn await_in_time(self) -> Self::Output {
        timeout(REFUSAL_MAX, self).await.expect("an answer in time")
    }
}

impl<F: Future> InTime for F {}
