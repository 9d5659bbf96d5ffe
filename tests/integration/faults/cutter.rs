//! What stands between the server and Postgres and breaks the connection that stores messages, at a chosen place.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::patiently;

/// What a batch's data begins with.
const DATA: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// What is asked when all of it is there: a query, its length, its text.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
/// How the answer begins if it is done: completed, its length, what was.
const COMMITTED: &[u8] = b"C\0\0\0\x0bCOMMIT\0";

/// Where the connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the data of a batch.
    InData,
    /// Right before the commit is asked for.
    BeforeCommit,
    /// In the middle of that.
    InCommit,
    /// Right behind it: nobody looks what comes of it.
    AfterCommit,
    /// When it is done, and the server has not been told.
    BeforeAnswer,
    /// In the middle of telling.
    InAnswer,
}

impl Place {
    /// All there are.
    pub(super) const ALL: [Self; 6] = [
        Self::InData,
        Self::BeforeCommit,
        Self::InCommit,
        Self::AfterCommit,
        Self::BeforeAnswer,
        Self::InAnswer,
    ];
}

/// The cutter. It ends when it is dropped.
pub(super) struct Cutter {
    port: u16,
    /// Where the next connection that stores a batch is to break.
    next: Arc<watch::Sender<Option<Place>>>,
    accepting: JoinHandle<()>,
}

impl Cutter {
    /// One before this port of 127.0.0.1.
    pub(super) async fn before(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let next = Arc::new(watch::Sender::new(None));
        let line = Arc::clone(&next);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, target, Arc::clone(&line)));
            }
        });
        Self { port, next, accepting }
    }

    /// Where it listens.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Has a connection break there, and waits until one has.
    pub(super) async fn cut(&self, place: Place) {
        self.next.send_replace(Some(place));
        let mut next = self.next.subscribe();
        patiently("a connection to break", next.wait_for(Option::is_none)).await.unwrap();
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Carries for one connection, until it ends or breaks.
async fn carry(
    mut client: TcpStream,
    target: u16,
    next: Arc<watch::Sender<Option<Place>>>,
) -> io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", target)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let mut asked = Asked::default();
    let (mut from_client, mut from_server) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        let piece = tokio::select! {
            length = client.read(&mut from_client) => &from_client[..length?],
            length = server.read(&mut from_server) => match length? {
                0 => return Ok(()),
                length => {
                    client.write_all(&from_server[..length]).await?;
                    continue;
                }
            },
        };
        if piece.is_empty() {
            return Ok(());
        }
        let place = *next.borrow();
        let Some((place, passes)) = place.and_then(|place| Some((place, asked.breaks(piece, place)?))) else {
            asked.take(piece);
            server.write_all(piece).await?;
            continue;
        };
        server.write_all(&passes).await?;
        if matches!(place, Place::BeforeAnswer | Place::InAnswer) {
            let answer = read_until(&mut server, COMMITTED).await?;
            if place == Place::InAnswer {
                client.write_all(&answer[..answer.len() - COMMITTED.len() / 2]).await?;
            }
        }
        // The connection is about to break, as was asked for.
        next.send_replace(None);
        return Ok(());
    }
}

/// What is known of what was asked for.
#[derive(Default)]
struct Asked {
    /// Whether the data of a batch has begun, whose commit is yet to come.
    has_data: bool,
    /// The end of it, in which a word may have begun.
    tail: Vec<u8>,
}

impl Asked {
    /// What passes of the next piece if the connection is to break there, and the place is in it.
    fn breaks(&self, piece: &[u8], place: Place) -> Option<Vec<u8>> {
        let all = [&self.tail, piece].concat();
        let data = find(&all, DATA);
        let end = match place {
            Place::InData => data? + DATA.len(),
            _ => {
                let commit = self.commit(&all, data)?;
                match place {
                    Place::BeforeCommit => commit,
                    Place::InCommit => commit + COMMIT.len() / 2,
                    _ => commit + COMMIT.len(),
                }
            }
        };
        Some(all[self.tail.len().min(end)..end].to_vec())
    }

    /// Remembers a piece that passes.
    fn take(&mut self, piece: &[u8]) {
        let all = [&self.tail, piece].concat();
        let data = find(&all, DATA);
        let is_over = self.commit(&all, data).is_some();
        self.has_data = (self.has_data || data.is_some()) && !is_over;
        self.tail = all[all.len().saturating_sub(COMMIT.len() - 1)..].to_vec();
    }

    /// Where the commit of a batch begins.
    fn commit(&self, all: &[u8], data: Option<usize>) -> Option<usize> {
        let from = if self.has_data { 0 } else { data? };
        find(&all[from..], COMMIT).map(|at| from + at)
    }
}

/// Reads up to the end of `word`.
async fn read_until(server: &mut TcpStream, word: &[u8]) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    loop {
        if let Some(at) = find(&read, word) {
            read.truncate(at + word.len());
            return Ok(read);
        }
        if server.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}
