//! WebSockets at full speed with what costs nothing to send.

use std::sync::atomic::Ordering;

use groupcast_kit::frame;
use serde_json::json;

use super::{Scene, flood, pour, sockets, wait};
use crate::support::json::JsonSocket;

const MIB: u64 = 1 << 20;
const IN_A_GROUP: &str = "/ws/group/busy/eve";
/// In JSON mode.
const ANYWHERE: &str = "/ws";
const COUNT: usize = 10;

/// As many of a client's frame as make a lot of bytes.
fn frames(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < 64 << 10 {
        frame::push(&mut bytes, opcode, payload);
    }
    bytes
}

/// Fragments, none of which is the last.
fn fragments(payload: &[u8]) -> Vec<u8> {
    let one = [&[0, 0x80 | payload.len() as u8, 0, 0, 0, 0][..], payload].concat();
    one.repeat((64 << 10) / one.len())
}

/// Nobody who floods reads anything.
async fn assert_harmless(
    path: &'static str,
    hello: &'static str,
    floods: Vec<(&'static str, Vec<u8>, Vec<u8>)>,
) {
    let mut scene = Scene::open(&[]).await;
    for (name, begun, bytes) in floods {
        scene
            .under(name, move |address, is_over| {
                let mut all = sockets(address, COUNT, path, hello);
                if !begun.is_empty() {
                    all.iter_mut().for_each(|stream| assert!(pour(stream, &begun)));
                }
                flood(all, &bytes, is_over);
            })
            .await;
    }
    assert!(scene.growth() < 96 * MIB, "{} MiB", scene.growth() / MIB);
    scene.end().await;
}

#[tokio::test]
async fn of_frames_that_are_no_messages() {
    let first = vec![1, 0x80, 0, 0, 0, 0];
    assert_harmless(
        IN_A_GROUP,
        "",
        vec![
            ("empty fragments", first.clone(), fragments(b"")),
            ("fragments of one byte", first, fragments(b"x")),
            ("pings", vec![], frames(frame::PING, &[7; 125])),
            ("empty pings", vec![], frames(frame::PING, b"")),
            ("pongs", vec![], frames(frame::PONG, b"")),
        ],
    )
    .await;
}

#[tokio::test]
async fn of_frames_that_are_no_commands() {
    let nested = format!("{{\"type\":\"x\",\"y\":{}", "[".repeat(60_000));
    let text = |text: &str| frames(frame::TEXT, text.as_bytes());
    assert_harmless(
        ANYWHERE,
        r#"{"type":"hello","username":"eve"}"#,
        vec![
            ("empty texts", vec![], text("")),
            ("objects without a type", vec![], text("{}")),
            ("unknown commands", vec![], text(r#"{"type":"x","id":1}"#)),
            ("no JSON", vec![], text("x")),
            ("JSON as deep as it may be", vec![], text(&nested)),
        ],
    )
    .await;
}

#[tokio::test]
async fn of_commands() {
    let command = |command: serde_json::Value| frames(frame::TEXT, command.to_string().as_bytes());
    assert_harmless(
        ANYWHERE,
        r#"{"type":"hello","username":"eve"}"#,
        vec![
            ("pings of JSON mode", vec![], command(json!({ "type": "ping" }))),
            ("subscriptions", vec![], command(json!({ "type": "subscribe", "group_id": 1 }))),
            ("subscriptions to nothing", vec![], command(json!({ "type": "subscribe", "group": "nowhere" }))),
            ("typing", vec![], command(json!({ "type": "typing", "group_id": 1 }))),
        ],
    )
    .await;
}

#[tokio::test]
async fn of_closes() {
    let mut scene = Scene::open(&[]).await;
    let left = scene.under("closes without end", |address, is_over| {
        let mut closed = 0;
        while !is_over.load(Ordering::Relaxed) {
            let all = sockets(address, COUNT, IN_A_GROUP, "");
            let (open, taken) = flood(all, &frames(frame::CLOSE, &[3, 232]), is_over);
            // Four MiB each are dropped, and the system has some.
            assert!(taken < COUNT * (24 << 20), "{taken} bytes were taken");
            closed += COUNT - open.len();
        }
        closed
    });
    assert!(left.await > 0, "nobody was closed");
    scene.end().await;
}

/// What JSON can be nested in, the server does not walk into by calls.
#[tokio::test]
async fn json_as_deep_as_it_may_be_is_refused() {
    let mut scene = Scene::open(&[]).await;
    for open in ["[", r#"{"a":"#] {
        let deep = open.repeat(900_000 / open.len());
        let mut socket = JsonSocket::hello(&scene.server, "eve").await;
        for frame in [deep.clone(), format!(r#"{{"type":"ping","a":{deep}"#)] {
            socket.raw().send(&frame).await;
            assert_eq!(socket.next().await["code"], "bad_frame");
        }
        for body in [deep.clone(), format!(r#"{{"username":{deep}"#)] {
            let answer = scene.server.http().await.post_bytes("/api/v1/users/", body.as_bytes()).await;
            assert_eq!(answer.status, 422);
        }
    }
    let whole = format!(r#"{{"type":"ping","id":1,"a":{}{}}}"#, "[".repeat(400_000), "]".repeat(400_000));
    let mut socket = JsonSocket::hello(&scene.server, "eve").await;
    socket.raw().send(&whole).await;
    let answer = socket.next().await;
    assert!(answer["type"] == "pong" || answer["code"] == "bad_frame", "{answer}");
    drop(socket);
    let body = format!(r#"{{"username":{}{}}}"#, "[".repeat(400_000), "]".repeat(400_000));
    let answer = scene.server.http().await.post_bytes("/api/v1/users/", body.as_bytes()).await;
    assert_eq!(answer.status, 422);
    scene.under("deep JSON", |_, is_over| wait(is_over)).await;
    scene.end().await;
}
