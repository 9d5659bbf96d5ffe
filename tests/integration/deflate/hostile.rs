//! Few bytes that would become many.

use super::client::{OFFER, Peer, RSV1, deflated, prose};
use crate::support::database::Store;
use crate::support::server::Server;
use crate::support::socket::Socket;

const FINAL_TEXT: u8 = 0x81;
const MIB: u64 = 1 << 20;

/// So many zeros, compressed.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut state = flate2::Compress::new(flate2::Compression::best(), false);
    let (zeros, mut out) = (vec![0; 1 << 20], Vec::new());
    for _ in 0..bytes >> 20 {
        out.reserve(64 * 1024);
        state.compress_vec(&zeros, &mut out, flate2::FlushCompress::None).unwrap();
    }
    out.reserve(64 * 1024);
    state.compress_vec(&[], &mut out, flate2::FlushCompress::Sync).unwrap();
    out.truncate(out.len() - 4);
    out
}

#[tokio::test]
async fn bombs_are_closed_with_1009_and_take_no_memory() {
    let server = Server::start_with(Store::Sqlite, &["--deflate", "--enable-echo"]).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let mut bob = Socket::join(&server, "g", "bob").await;
    let bombs = [bomb(2 << 20), bomb(1 << 30)];
    assert!(bombs[1].len() < 1_200_000, "{}", bombs[1].len());
    let before = server.memory("VmHWM");
    for round in 0..20 {
        for bomb in &bombs {
            for path in ["/ws/group/g/alice", "/ws", "/ws/echo"] {
                let mut alice = Peer::open(&server, path, OFFER).await;
                alice.frame(FINAL_TEXT | RSV1, bomb).await;
                alice.until_close(1009).await;
            }
        }
        let content = format!("undisturbed {round}");
        bob.send(&content).await;
        bob.until(&format!("bob: {content}")).await;
    }
    let grown = server.memory("VmHWM").saturating_sub(before);
    // Each thread may have had the longest message of the echo, while it grew.
    assert!(grown < 128 * MIB, "{} MiB", grown / MIB);
    assert_eq!(server.messages(group).await.len(), 20);
}

/// A kibibyte is enough for the message limit, and that many are sent at once. Each may be what it says, but what comes out
/// of one read is bounded.
#[tokio::test]
async fn many_small_bombs_are_no_better_than_a_large_one() {
    let server = Server::start_with(Store::Sqlite, &["--deflate"]).await;
    server.users(&["alice", "bob"]).await;
    server.public_group("g").await;
    let mut alice = Peer::open(&server, "/ws/group/g/alice", OFFER).await;
    let spaces = deflated(&vec![b' '; 1 << 20]);
    assert!(spaces.len() < 1_100);
    let mut bytes = Vec::new();
    for _ in 0..40 {
        groupcast_kit::frame::push(&mut bytes, 1, &spaces);
        let start = bytes.len() - spaces.len() - 8;
        bytes[start] |= RSV1;
    }
    alice.bytes(&bytes).await;
    alice.until_close(1009).await;
}

#[tokio::test]
async fn a_message_of_the_longest_content_passes_however_well_it_compresses() {
    let server = Server::start_with(Store::Sqlite, &["--deflate"]).await;
    server.users(&["alice"]).await;
    server.public_group("g").await;
    let mut alice = Peer::open(&server, "/ws/group/g/alice", OFFER).await;
    alice.until("alice joined g.").await;
    let spaces = " ".repeat(1 << 20);
    alice.say_deflated(&spaces).await;
    assert!(alice.text().await == format!("alice: {spaces}"));
    alice.say_deflated(&(spaces + "x")).await;
    alice.until_close(1009).await;
}

#[tokio::test]
async fn the_message_limit_holds_for_what_comes_out() {
    let server = Server::start_with(Store::Sqlite, &["--deflate", "--content-bytes-max", "1000"]).await;
    server.users(&["alice"]).await;
    server.public_group("g").await;
    for (length, passes) in [(1_000, true), (1_001, false)] {
        let mut alice = Peer::open(&server, "/ws/group/g/alice", OFFER).await;
        alice.until("alice joined g.").await;
        let content = prose(length);
        alice.say_deflated(&content).await;
        match passes {
            true => assert_eq!(alice.text().await, format!("alice: {content}")),
            false => alice.until_close(1009).await,
        }
    }
}
