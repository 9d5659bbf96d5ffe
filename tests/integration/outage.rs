//! The database goes away and comes back while people chat.

use crate::support::database::Database;
use crate::support::json::JsonSocket;
use crate::support::own_postgres::OwnPostgres;
use crate::support::server::Server;
use crate::support::socket::Socket;
use serde_json::json;

/// A Postgres of the test's own, a server on it, and alice and bob in the group `g`.
struct Scene {
    postgres: OwnPostgres,
    server: Server,
    group: i64,
    alice: Socket,
    bob: Socket,
}

impl Scene {
    async fn set() -> Self {
        let postgres = OwnPostgres::launch().await;
        let server = Server::start_on(Database::at(postgres.url().to_owned()), &[]).await;
        server.users(&["alice", "bob"]).await;
        let group = server.public_group("g").await;
        let mut alice = Socket::join(&server, "g", "alice").await;
        let bob = Socket::join(&server, "g", "bob").await;
        alice.expect("bob joined g.").await;
        Self { postgres, server, group, alice, bob }
    }

    /// Has both send the numbers of `range`.
    async fn send(&mut self, range: std::ops::Range<usize>) {
        for number in range {
            self.alice.send(&number.to_string()).await;
            self.bob.send(&number.to_string()).await;
        }
    }

    /// Asserts that both hear the numbers up to `count` of each other, once and in order, and that the store
    /// has the same.
    async fn assert_heard(&mut self, count: usize) {
        let mut heard = Vec::new();
        for _ in 0..2 * count {
            heard.push(self.alice.text().await);
            self.bob.expect(heard.last().unwrap()).await;
        }
        for name in ["alice", "bob"] {
            let own: Vec<&String> = heard.iter().filter(|line| line.starts_with(name)).collect();
            let expected: Vec<String> = (0..count).map(|number| format!("{name}: {number}")).collect();
            assert!(own.into_iter().eq(expected.iter()), "{name}: {heard:?}");
        }
        assert_eq!(self.server.lines(self.group).await, heard);
    }
}

#[tokio::test]
async fn sockets_stay_and_what_was_sent_arrives_after_an_outage() {
    let mut scene = Scene::set().await;
    scene.send(0..5).await;
    scene.postgres.stop().await;
    scene.server.ready(false).await;

    let mut http = scene.server.http().await;
    assert_eq!(http.get("/healthz").await.status, 200);
    for path in ["/readyz", "/api/v1/groups/", "/api/v1/messages/"] {
        let answer = http.get(path).await;
        assert!(answer.detail(503).is_string(), "{path}");
        let seconds: u32 = answer.header("retry-after").expect("Retry-After").parse().unwrap();
        assert!(seconds > 0, "{path}");
    }
    scene.send(5..50).await;

    scene.postgres.start().await;
    scene.server.ready(true).await;
    scene.send(50..60).await;
    scene.assert_heard(60).await;
}

#[tokio::test]
async fn an_outage_in_the_midst_of_traffic_loses_nothing() {
    let mut scene = Scene::set().await;
    let mut sent = 0;
    for _ in 0..3 {
        scene.send(sent..sent + 40).await;
        scene.postgres.stop().await;
        scene.send(sent + 40..sent + 50).await;
        scene.postgres.start().await;
        scene.server.ready(true).await;
        sent += 50;
    }
    scene.assert_heard(sent).await;
}

#[tokio::test]
async fn a_sender_who_waits_is_told_so_and_acked_after_all() {
    let scene = Scene::set().await;
    let mut sender = JsonSocket::hello(&scene.server, "alice").await;
    let message = |id: &str| json!({ "type": "send", "id": id, "group_id": scene.group, "content": id, "client_id": id });
    // Makes the sender known as a member.
    sender.send(message("before")).await;
    assert_eq!(sender.event("ack").await["id"], "before");

    scene.postgres.stop().await;
    // The writer learns by this one that the database is away, and keeps it.
    sender.send(message("kept")).await;
    let told = sender.event("error").await;
    assert_eq!((&told["id"], &told["code"]), (&json!("kept"), &json!("unavailable")), "{told}");
    assert_eq!((&told["group_id"], &told["retry"]), (&json!(scene.group), &json!(true)), "{told}");
    let refused = sender.refused(message("refused"), "unavailable").await;
    assert_eq!(refused["retry"], true, "{refused}");

    scene.postgres.start().await;
    let ack = sender.event("ack").await;
    assert_eq!((&ack["id"], &ack["duplicate"]), (&json!("kept"), &json!(false)), "{ack}");
    scene.server.ready(true).await;
    let again = sender.store_as(scene.group, "again", "kept").await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&ack["seq"], &json!(true)), "{again}");
    assert_eq!(scene.server.lines(scene.group).await, ["alice: before", "alice: kept"]);
}

#[tokio::test]
async fn a_leave_waits_for_the_messages_that_came_before_it() {
    let Scene { postgres, server, group, mut alice, mut bob } = Scene::set().await;
    postgres.stop().await;
    server.ready(false).await;
    bob.send("last words").await;
    let open = server.open_files();
    bob.close().await;
    crate::support::until("bob's connection to be forgotten", async || {
        (server.open_files() < open).then_some(())
    })
    .await;
    alice.send("anybody there?").await;
    let path = format!("/api/v1/groups/{group}/presence/");
    assert_eq!(server.http().await.get(&path).await.ok()["online"], 2, "bob's words have not been heard");

    postgres.start().await;
    server.ready(true).await;
    alice.expect("bob: last words").await;
    let mut rest = [alice.text().await, alice.text().await];
    rest.sort();
    assert_eq!(rest, ["alice: anybody there?", "bob left g."]);
    assert_eq!(server.http().await.get(&path).await.ok()["online"], 1);
}

#[tokio::test]
async fn a_server_stops_in_time_while_its_database_is_away() {
    let mut scene = Scene::set().await;
    scene.postgres.stop().await;
    scene.server.ready(false).await;
    scene.send(0..5).await;
    scene.server.terminate().await;
    scene.alice.until_close(1001).await;

    // What nobody heard may be lost; what is there is in order, without a gap.
    scene.postgres.start().await;
    scene.server.restart().await;
    scene.server.messages(scene.group).await;
}
