//! Connections that come and go, and more of them than there may be.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::SockRef;

use super::{Scene, connect, wait};

const HANDSHAKE: &str = "GET /ws/group/busy/eve HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// What is said before the end.
const BEGINNINGS: [&str; 6] = [
    "",
    "GET /healthz HT",
    "GET /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "POST /api/v1/users/ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\n{",
    "GET /ws/group/busy/eve HTTP/1.1\r\nHost: a.test\r\nConnection: Upgr",
    HANDSHAKE,
];

/// The system keeps the port of each that is closed in order for a minute.
const COUNT_MAX: usize = 2_000;

/// What the store opens when it is asked much.
const STORE_FILES: usize = 16;

/// How the end comes.
#[derive(Clone, Copy)]
enum End {
    /// In order.
    Close,
    /// By a reset.
    Reset,
    /// In one direction alone, until the server ends the other.
    Half,
}

/// Connects, says something and goes, until it is over; how often.
fn come_and_go(address: SocketAddr, is_over: &AtomicBool) -> usize {
    let mut count = 0;
    while !is_over.load(Ordering::Relaxed) && count < COUNT_MAX {
        for (beginning, end) in
            BEGINNINGS.iter().flat_map(|&said| [End::Close, End::Reset, End::Half].map(|end| (said, end)))
        {
            let mut stream = TcpStream::connect(address).expect("the server accepts");
            _ = stream.write_all(beginning.as_bytes());
            match end {
                End::Close => {}
                End::Reset => SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("a socket"),
                End::Half => {
                    _ = stream.shutdown(Shutdown::Write);
                    _ = stream.set_read_timeout(Some(Duration::from_millis(1)));
                    _ = stream.read(&mut [0; 256]);
                }
            }
            count += 1;
        }
    }
    wait(is_over);
    count
}

#[tokio::test]
async fn who_comes_and_goes_leaves_nothing() {
    let mut scene = Scene::open(&[]).await;
    let count = scene.under("coming and going", come_and_go).await;
    println!("{count} connections");
    assert!(scene.growth() < 64 << 20, "{} MiB", scene.growth() >> 20);
    scene.end().await;
}

#[tokio::test]
async fn those_above_the_bound_take_nothing_from_those_within() {
    const CONNECTIONS_MAX: usize = 300;
    let max = CONNECTIONS_MAX.to_string();
    let mut scene = Scene::open(&["--connections-max", &max, "--head-timeout", "3s"]).await;
    let files = scene.files;
    let attack = scene.under("more than may be", move |address, is_over| {
        let mut refused = 0;
        // Who is refused may be reset before the answer is read.
        let mut all = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            if all.len() > 3 * CONNECTIONS_MAX {
                all.drain(CONNECTIONS_MAX..);
            }
            all.extend(connect(address, 50));
            for stream in all.iter_mut().rev().take(50) {
                let mut answer = [0; 12];
                refused += usize::from(stream.read(&mut answer).is_ok_and(|_| answer == *b"HTTP/1.1 503"));
            }
        }
        refused
    });
    assert!(attack.await > 0, "nobody was refused");
    // Those who may be, and those who may read why they may not.
    let most = scene.bystander.files;
    assert!(most <= files + CONNECTIONS_MAX + 64 + STORE_FILES, "{most} files");
    scene.end().await;
}

/// A server that may have fewer files than connections does not lose its database, nor those who are there.
#[tokio::test]
async fn without_descriptors_those_within_are_served() {
    let mut scene = Scene::open(&["--head-timeout", "2s"]).await;
    // As an operator would who set the limit too low.
    scene.server.limit_files((scene.files + 100) as u64);
    let attack = scene.under("no descriptors", |address, is_over| {
        let all = connect(address, 500);
        wait(is_over);
        all
    });
    drop(attack.await);
    scene.end().await;
}

#[tokio::test]
async fn an_address_that_comes_too_often_is_refused_alone() {
    let mut scene = Scene::open(&["--connect-rate", "100", "--connect-burst", "100"]).await;
    let attack = scene.under("one address too often", |address, is_over| {
        let (mut taken, mut refused) = (0, 0);
        while !is_over.load(Ordering::Relaxed) {
            let socket =
                socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
            let source: SocketAddr = "127.0.0.9:0".parse().expect("an address");
            socket.bind(&source.into()).expect("an address of this machine");
            socket.connect(&address.into()).expect("the server accepts");
            let mut stream = TcpStream::from(socket);
            _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
            let mut words = Vec::new();
            _ = stream.read_to_end(&mut words);
            match words.get(9..12) {
                Some(b"200") => taken += 1,
                Some(b"429") | None => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        (taken, refused)
    });
    let (taken, refused) = attack.await;
    println!("{taken} taken, {refused} refused");
    assert!(taken >= 100 && refused > 0, "{taken} taken, {refused} refused");
    scene.end().await;
}
