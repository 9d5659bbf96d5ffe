//! Peers that ask and do not read.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use groupcast_kit::crowd::BlockingSocket;
use groupcast_kit::frame;
use serde_json::json;
use socket2::SockRef;

use super::{Scene, connect, flood, pour, sockets, wait};
use crate::support::json::JsonSocket;
use crate::support::until;

const MIB: u64 = 1 << 20;

/// Messages of a group of which somebody wants to see all.
const MESSAGES: usize = 100;
const CONTENT_BYTES: usize = 100_000;
/// Those who ask for that, and what each may take: the rows, and of the answer a page, with some for the allocator.
const LISTS: usize = 15;
const LIST_BYTES: u64 = (MESSAGES * CONTENT_BYTES) as u64 + (5 << 20);

#[tokio::test]
async fn a_list_that_nobody_takes_is_not_made_beyond_a_page() {
    let mut scene = Scene::open(&["--stall-timeout", "2s"]).await;
    say_much(&scene).await;
    let before = scene.growth();
    let all = scene
        .under("lists that nobody takes", |address, is_over| {
            let all = ask_for_much(address, LISTS);
            wait(is_over);
            all
        })
        .await;
    let growth = scene.growth() - before;
    assert!(growth < LISTS as u64 * LIST_BYTES, "{} MiB", growth / MIB);
    until("those to be closed who take nothing", async || {
        (scene.server.open_sockets() <= scene.sockets).then_some(())
    })
    .await;
    drop(all);
    scene.end().await;
}

/// With a bound that few of them fill. Who takes their list gets it all the same.
#[tokio::test]
async fn lists_that_nobody_takes_are_bounded_over_all_connections() {
    const COUNT: usize = 60;
    let mut scene = Scene::open(&["--answer-bytes-max", "8MiB"]).await;
    say_much(&scene).await;
    let before = scene.growth();
    let all = scene
        .under("more lists that nobody takes", |address, is_over| {
            let all = ask_for_much(address, COUNT);
            wait(is_over);
            all
        })
        .await;
    let list = until("a list for who takes it", async || {
        let list = scene.server.http().await.get("/api/v1/messages/?group_id=1&limit=1000").await;
        (list.status == 200).then(|| list.ok())
    })
    .await;
    assert_eq!(list.as_array().unwrap().len(), MESSAGES);
    let growth = scene.growth() - before;
    // The bound, and what is being made of a list at each turn.
    assert!(growth < (8 + 16 * 12) * MIB, "{} MiB", growth / MIB);
    drop(all);
    scene.end().await;
}

/// The same of sockets: those that catch up with much, and those that ask for much of the past.
#[tokio::test]
async fn replays_and_history_that_nobody_takes_are_bounded_over_all_sockets() {
    const COUNT: usize = 60;
    let mut scene = Scene::open(&["--answer-bytes-max", "8MiB"]).await;
    say_much(&scene).await;
    let before = scene.growth();
    for (name, command) in [
        ("replays that nobody takes", r#"{"type":"subscribe","group_id":1,"after":0}"#),
        ("history that nobody takes", r#"{"type":"history","group_id":1,"limit":1000}"#),
    ] {
        let all = scene
            .under(name, move |address, is_over| {
                let mut all = sockets(address, COUNT, "/ws", r#"{"type":"hello","username":"eve"}"#);
                let mut bytes = Vec::new();
                frame::push(&mut bytes, frame::TEXT, command.as_bytes());
                for stream in &mut all {
                    _ = SockRef::from(&*stream).set_recv_buffer_size(2_048);
                    assert!(pour(stream, &bytes));
                }
                wait(is_over);
                all
            })
            .await;
        let mut reader = JsonSocket::hello(&scene.server, "bob").await;
        reader.send(json!({ "type": "subscribe", "group_id": 1, "after": 0 })).await;
        for seq in 1..=MESSAGES {
            assert_eq!(reader.until("message").await["seq"], seq);
        }
        drop(all);
    }
    let growth = scene.growth() - before;
    assert!(growth < (8 + 16 * 12) * MIB, "{} MiB", growth / MIB);
    scene.end().await;
}

/// Who asks for much and is closed in the midst of it, and does not answer the close, keeps nobody from theirs.
#[tokio::test]
async fn who_is_being_closed_keeps_no_turn() {
    let mut scene = Scene::open(&[]).await;
    say_much(&scene).await;
    let all = scene
        .under("closes in the midst of history", |address, is_over| {
            let mut all = sockets(address, 32, "/ws", r#"{"type":"hello","username":"eve"}"#);
            let ask = br#"{"type":"history","group_id":1,"limit":1000}"#;
            for (opcode, payload) in [(frame::TEXT, &ask[..]), (frame::BINARY, b"")] {
                let mut bytes = Vec::new();
                frame::push(&mut bytes, opcode, payload);
                all.iter_mut().for_each(|stream| assert!(pour(stream, &bytes)));
                std::thread::sleep(Duration::from_millis(5));
            }
            wait(is_over);
            all
        })
        .await;
    let list = scene.server.http().await.get("/api/v1/messages/?group_id=1&limit=1000").await.ok();
    assert_eq!(list.as_array().unwrap().len(), MESSAGES);
    drop(all);
    scene.end().await;
}

/// Fills a group.
async fn say_much(scene: &Scene) {
    let mut writer = JsonSocket::join(&scene.server, 1, "eve").await;
    for _ in 0..MESSAGES {
        writer.say(1, &"x".repeat(CONTENT_BYTES)).await;
        writer.until("message").await;
    }
}

/// So many connections that have asked for all of that.
fn ask_for_much(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let request = b"GET /api/v1/messages/?group_id=1&limit=1000 HTTP/1.1\r\nHost: a.test\r\n\r\n";
    let mut all = connect(address, count);
    for stream in &mut all {
        _ = SockRef::from(&*stream).set_recv_buffer_size(2_048);
        assert!(pour(stream, request));
    }
    all
}

#[tokio::test]
async fn requests_whose_answers_nobody_takes_are_not_read() {
    let mut scene = Scene::open(&[]).await;
    let attack = scene.under("requests without end", |address, is_over| {
        let bytes = b"GET /openapi.json HTTP/1.1\r\nHost: a.test\r\n\r\n".repeat(1_000);
        let (open, taken) = flood(connect(address, 100), &bytes, is_over);
        (open.len(), taken)
    });
    let (_, taken) = attack.await;
    // What the system keeps of both directions.
    assert!(taken < 100 * (16 << 20), "{} MiB of requests were taken", taken >> 20);
    assert!(scene.growth() < 64 * MIB, "{} MiB", scene.growth() / MIB);
    scene.end().await;
}

/// With a window so small that next to nothing is under way, in a group where much is said.
#[tokio::test]
async fn a_busy_group_does_not_wait_for_those_who_do_not_read() {
    const COUNT: usize = 100;
    let mut scene = Scene::open(&["--outbox-bytes-max", "1MiB", "--stall-timeout", "2s"]).await;
    let mut writer = JsonSocket::join(&scene.server, 1, "bob").await;
    let path = "/ws/group/busy/eve";
    let open = move |address: SocketAddr| {
        let ask = |_, socket: &mut BlockingSocket| socket.ask_upgrade(path, None);
        let hear = |_, _: &mut BlockingSocket| Ok(());
        let all = BlockingSocket::open_many(address, 0..COUNT, ask, hear).expect("the server accepts");
        let all = super::streams(all);
        all.iter().for_each(|stream| _ = SockRef::from(stream).set_recv_buffer_size(2_048));
        all
    };
    let address = scene.server.address();
    let all = crate::support::off_thread(move || open(address)).await;
    let speaking = tokio::spawn(async move {
        for number in 0..100 {
            let message =
                json!({ "type": "send", "group_id": 1, "id": number, "content": "x".repeat(20_000) });
            writer.ask(message).await;
        }
    });
    scene.under("members who do not read", |_, is_over| wait(is_over)).await;
    speaking.await.unwrap();
    drop(all);
    // What each may have, and as much again.
    assert!(scene.growth() < 2 * COUNT as u64 * MIB, "{} MiB", scene.growth() / MIB);
    scene.end().await;
}

#[tokio::test]
async fn pings_are_not_answered_to_who_does_not_read() {
    let mut scene = Scene::open(&["--stall-timeout", "2s"]).await;
    let left = scene.under("pings whose pongs nobody reads", |address, is_over| {
        let mut ping = Vec::new();
        frame::push(&mut ping, frame::PING, &[7; 125]);
        let (open, _) = flood(sockets(address, 50, "/ws/group/busy/eve", ""), &ping.repeat(500), is_over);
        open
    });
    drop(left.await);
    assert!(scene.growth() < 128 * MIB, "{} MiB", scene.growth() / MIB);
    scene.end().await;
}
