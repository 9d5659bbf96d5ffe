//! Peers that mean harm, by the thousand and at full speed, over raw sockets. What they do costs them, and nobody else.
//!
//! Each test is a scene: a server, a bystander who goes on speaking, an attack. The attack lasts until the bystander has
//! spoken so many times. How long each of their answers takes depends on the machine and is only printed; what the
//! server works before it gives one does not, and is bounded. When the attack is over nothing of it may be left.
//!
//! Messages that have not arrived whole are in `unfinished`, members who do not read in `slow_reader`.

mod answers;
mod bodies;
mod bystander;
mod churn;
mod floods;
mod heads;
mod silence;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use groupcast_kit::crowd::BlockingSocket;

use self::bystander::Bystander;
use crate::support::blocking::raise_open_files_max;
use crate::support::database::Store;
use crate::support::server::Server;
use crate::support::{off_thread, until};

/// Times that the bystander speaks while it is calm, and while there is an attack.
const CALM_ROUNDS: usize = 5;
const ROUNDS: usize = 5;

/// What the server may work for all its clients while the bystander waits for one answer. Its build is one for tests,
/// some ten times as slow as others.
const WORK_MAX: Duration = Duration::from_secs(3);

/// A server, and somebody who uses it.
struct Scene {
    server: Server,
    bystander: Bystander,
    /// Its open files, the sockets among them and its memory when all is calm.
    files: usize,
    sockets: usize,
    resident: u64,
}

impl Scene {
    async fn open(options: &[&str]) -> Self {
        raise_open_files_max();
        let server = Server::start_with(Store::Sqlite, options).await;
        server.users(&["alice", "bob", "eve"]).await;
        server.public_group("busy").await;
        let mut bystander = Bystander::come(&server).await;
        bystander.speak(&server, CALM_ROUNDS).await;
        bystander.tell("calm");
        let (files, sockets, resident) = (server.open_files(), server.open_sockets(), server.memory("VmRSS"));
        Self { server, bystander, files, sockets, resident }
    }

    /// Has `attack` go on until the bystander has spoken often enough, and gives what it made.
    async fn under<T: Send + 'static>(
        &mut self,
        name: &str,
        attack: impl FnOnce(SocketAddr, &AtomicBool) -> T + Send + 'static,
    ) -> T {
        let (address, is_over) = (self.server.address(), Arc::new(AtomicBool::new(false)));
        let (told, _guard) = (Arc::clone(&is_over), Over(Arc::clone(&is_over)));
        let attack = tokio::spawn(off_thread(move || attack(address, &told)));
        let worked = self.bystander.speak(&self.server, ROUNDS).await;
        is_over.store(true, Ordering::Relaxed);
        let made = attack.await.unwrap();
        self.bystander.tell(name);
        assert!(worked < WORK_MAX, "{name}: the bystander waited while the server worked for {worked:?}");
        made
    }

    /// How much memory the server has taken at most since the scene began, in bytes.
    fn growth(&self) -> u64 {
        self.server.memory("VmHWM").saturating_sub(self.resident)
    }

    /// Asserts that nothing is left of those who have gone, and that the bystander is well.
    async fn end(mut self) {
        let Self { server, bystander, sockets, .. } = &mut self;
        let is_alone = async |mode: &str| {
            let metrics = server.http().await.get("/metrics").await;
            let text = String::from_utf8_lossy(&metrics.body).into_owned();
            text.contains(&format!("groupcast_connections{{mode=\"{mode}\"}} 1\n"))
        };
        until("the sockets of the others to be gone", async || {
            (server.open_sockets() <= *sockets && is_alone("text").await && is_alone("json").await)
                .then_some(())
        })
        .await;
        bystander.speak(server, CALM_ROUNDS).await;
    }
}

/// Ends the attack if the bystander fails: the runtime waits for its thread.
struct Over(Arc<AtomicBool>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// So many connections that are nobody's yet.
fn connect(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let open = |_: usize, _: &mut BlockingSocket| Ok(());
    streams(BlockingSocket::open_many(address, 0..count, open, open).expect("the server accepts"))
}

/// So many sockets at this path. Each begins with what `hello` says, if that is not empty.
fn sockets(address: SocketAddr, count: usize, path: &'static str, hello: &str) -> Vec<TcpStream> {
    let ask = |_, socket: &mut BlockingSocket| socket.ask_upgrade(path, None);
    let hear = |_, socket: &mut BlockingSocket| {
        socket.await_upgrade(None)?;
        if hello.is_empty() { Ok(()) } else { socket.send(hello) }
    };
    streams(BlockingSocket::open_many(address, 0..count, ask, hear).expect("all are let in"))
}

fn streams(sockets: Vec<BlockingSocket>) -> Vec<TcpStream> {
    let streams = sockets.into_iter().map(|socket| socket.into_parts().0);
    streams.inspect(|stream| stream.set_nonblocking(true).expect("a socket")).collect()
}

/// Sends these bytes over and over on each, as fast as the server takes them, until the attack is over or all are
/// closed. Gives those that are still open and how many bytes were taken.
fn flood(streams: Vec<TcpStream>, bytes: &[u8], is_over: &AtomicBool) -> (Vec<TcpStream>, usize) {
    let mut open: Vec<(TcpStream, usize)> = streams.into_iter().map(|stream| (stream, 0)).collect();
    let mut taken = 0;
    while !is_over.load(Ordering::Relaxed) && !open.is_empty() {
        let before = taken;
        open.retain_mut(|(stream, sent)| match stream.write(&bytes[*sent % bytes.len()..]) {
            Ok(length) => {
                *sent += length;
                taken += length;
                true
            }
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        });
        if taken == before {
            thread::sleep(Duration::from_millis(1));
        }
    }
    (open.into_iter().map(|(stream, _)| stream).collect(), taken)
}

/// Sends what a socket takes of these bytes; whether it is still open.
fn pour(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    match stream.write(bytes) {
        Ok(taken) => taken > 0,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}

/// Waits until the attack is over.
fn wait(is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(1));
    }
}

/// What the server has said, as far as it is there, and whether it has closed.
fn heard(stream: &mut TcpStream) -> (Vec<u8>, bool) {
    let (mut said, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return (said, true),
            Ok(length) => said.extend_from_slice(&piece[..length]),
            Err(error) => return (said, error.kind() != ErrorKind::WouldBlock),
        }
    }
}

/// Waits until the server has closed all of these, and gives what it said to each.
fn last_words(streams: Vec<TcpStream>) -> Vec<Vec<u8>> {
    let words = streams.into_iter().map(|mut stream| {
        stream.set_nonblocking(false).expect("a socket");
        let mut said = Vec::new();
        // A reset is an end too; a time-out is not.
        match stream.read_to_end(&mut said) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("the server keeps a connection"),
            _ => said,
        }
    });
    words.collect()
}
