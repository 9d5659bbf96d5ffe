//! Whatever anyone saw is stored, in the order they saw it, however the server ends.

use crate::support::database::Store;
use crate::support::server::{Server, Signal, command, run};
use crate::support::socket::Socket;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

both_stores!(
    nothing_seen_is_lost_by_a_crash,
    nothing_seen_is_lost_by_a_stop,
    a_stop_closes_idle_sockets_and_connections,
    a_second_server_on_the_same_database_is_told,
    numbers_go_on_after_a_restart,
);

/// What one socket saw: the messages of others and its own, without announcements.
type Seen = Vec<String>;

/// Sockets that send without end and note what they see, until the server is gone.
struct Traffic {
    sockets: JoinSet<(Seen, bool)>,
    progress: mpsc::UnboundedReceiver<()>,
}

impl Traffic {
    /// Starts it: each of `names` in the group `g`. `mark` makes the contents of this run distinct.
    async fn start(server: &Server, names: &[&str], mark: &str) -> Self {
        let (seen_one, progress) = mpsc::unbounded_channel();
        let mut sockets = JoinSet::new();
        for name in names {
            let mut socket = Socket::join(server, "g", name).await;
            let (mark, seen_one) = (mark.to_owned(), seen_one.clone());
            sockets.spawn(async move {
                let mut seen = Seen::new();
                let mut sent = 0;
                loop {
                    // A few are always under way.
                    while sent < seen.len() + 5 {
                        socket.send(&format!("{mark}.{sent}")).await;
                        sent += 1;
                    }
                    match socket.try_text().await {
                        Ok(line) if line.contains(": ") => {
                            seen.push(line);
                            let _ = seen_one.send(());
                        }
                        Ok(_) => {}
                        Err(close) => return (seen, close == Some(1001)),
                    }
                }
            });
        }
        Self { sockets, progress }
    }

    /// Waits until this many messages were seen, by all sockets together.
    async fn seen(&mut self, count: usize) {
        for _ in 0..count {
            crate::support::patiently("traffic", self.progress.recv()).await;
        }
    }

    /// What each socket saw, and whether it was closed with 1001, once all are closed.
    async fn end(self) -> Vec<(Seen, bool)> {
        crate::support::patiently("the sockets to close", self.sockets.join_all()).await
    }
}

/// Asserts that `seen` stands in `stored`, in this order and without a hole between the first and the last,
/// and that nothing is stored twice.
fn assert_stored(seen: &Seen, stored: &[String]) {
    let Some(first) = seen.first() else { return };
    let start = stored.iter().position(|line| line == first).unwrap_or_else(|| panic!("{first:?} is lost"));
    let kept = &stored[start..stored.len().min(start + seen.len())];
    assert_eq!(kept, seen, "what was seen and what is stored differ");
}

async fn nothing_seen_is_lost_by_a_crash(store: Store) {
    const ROUNDS: usize = 20;
    let mut server = Server::start(store).await;
    server.users(&["alice", "bob", "carol"]).await;
    let group = server.public_group("g").await;
    let mut before = 0;
    for round in 0..ROUNDS {
        let mut traffic = Traffic::start(&server, &["alice", "bob", "carol"], &round.to_string()).await;
        traffic.seen(30 + round * 7).await;
        server.kill9().await;
        let seen = traffic.end().await;
        server.restart().await;
        let stored = server.lines(group).await;
        for (seen, _) in &seen {
            assert_stored(seen, &stored);
        }
        let mut distinct = stored.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), stored.len(), "a message is stored twice");
        assert!(stored.len() > before);
        before = stored.len();
    }
}

async fn nothing_seen_is_lost_by_a_stop(store: Store) {
    const ROUNDS: usize = 3;
    let mut server = Server::start(store).await;
    server.users(&["alice", "bob", "carol"]).await;
    let group = server.public_group("g").await;
    for round in 0..ROUNDS {
        let mut traffic = Traffic::start(&server, &["alice", "bob", "carol"], &round.to_string()).await;
        traffic.seen(100).await;
        assert_eq!(server.terminate().await.code(), Some(0));
        let seen = traffic.end().await;
        server.restart().await;
        let stored = server.lines(group).await;
        for (seen, going_away) in &seen {
            assert_stored(seen, &stored);
            assert!(going_away, "the socket was not closed with 1001");
        }
    }
}

async fn a_stop_closes_idle_sockets_and_connections(store: Store) {
    let mut server = Server::start(store).await;
    server.users(&["alice"]).await;
    server.public_group("g").await;
    let mut socket = Socket::join(&server, "g", "alice").await;
    let mut idle = server.http().await;
    assert_eq!(idle.get("/healthz").await.status, 200);
    // These never finish what they began.
    let mut slow = server.http().await;
    slow.send("GET /healthz HTTP/1.1\r\nHost: ").await;
    let silent = Socket::join(&server, "g", "alice").await;
    socket.expect("alice joined g.").await;

    server.signal(Signal::INT);
    socket.until_close(1001).await;
    assert_eq!(idle.closed().await, "");
    assert_eq!(server.exit().await.code(), Some(0));
    drop(silent);
}

async fn a_second_server_on_the_same_database_is_told(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice"]).await;
    let mut second = command(server.database().dir());
    second.env("DATABASE_URL", server.database().url()).args(["--port", "0", "--log", "off"]);
    let output = run(&mut second).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("another groupcast server"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    server.users(&["bob"]).await;
}

async fn numbers_go_on_after_a_restart(store: Store) {
    let mut server = Server::start(store).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    for round in 1..=3 {
        let mut alice = Socket::join(&server, "g", "alice").await;
        alice.send("x").await;
        alice.expect("alice: x").await;
        assert!(server.terminate().await.success());
        alice.until_close(1001).await;
        server.restart().await;
        assert_eq!(server.messages(group).await.len(), round);
    }
}
