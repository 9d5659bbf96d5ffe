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
    // What is known of the batch under way: whether its data has begun, and the end of what was asked.
    let (mut has_data, mut tail) = (false, Vec::new());
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
                    length = client.read(&mut asked) => {
                        let piece = &asked[..length?];
                        if piece.is_empty() {
                            return Ok(());
                        }
                        let place = *next.borrow();
                        let known = tail.len();
                        tail.extend_from_slice(piece);
                        let data = find(&tail, DATA);
                        if let (Some(data), Some(Place::InData)) = (data, place) {
                            server.write_all(&tail[known.min(data)..data + DATA.len()]).await?;
                            broken(&next);
        return Ok(());
                        }
                        has_data |= data.is_some();
                        let from = data.unwrap_or_default();
                        if let (true, Some(commit)) = (has_data, find(&tail[from..], COMMIT).map(|at| from + at)) {
                            has_data = false;
                            let passes = match place {
                                Some(Place::BeforeCommit) => Some(commit),
                                Some(Place::InCommit) => Some(commit + COMMIT.len() / 2),
                                Some(Place::AfterCommit | Place::BeforeAnswer | Place::InAnswer) => Some(commit + COMMIT.len()),
                                Some(Place::InData) | None => None,
                            };
                            if let (Some(passes), Some(place)) = (passes, place) {
                                server.write_all(&tail[known.min(passes)..passes]).await?;
                                if matches!(place, Place::BeforeAnswer | Place::InAnswer) {
                                    let answer = read_until(&mut server, COMMITTED).await?;
                                    if place == Place::InAnswer {
                                        client.write_all(&answer[..answer.len() - COMMITTED.len() / 2]).await?;
                                    }
                                }
                                broken(&next);
        return Ok(());
                            }
                        }
                        server.write_all(piece).await?;
                        let kept = tail.len().saturating_sub(COMMIT.len() - 1);
                        tail.drain(..kept);
                    }
                    length = server.read(&mut answered) => {
                        let piece = &answered[..length?];
                        if piece.is_empty() {
                            return Ok(());
                        }
                        client.write_all(piece).await?;
                    }
                }
    }
}

/// The connection is about to break, as was asked for.
fn broken(next: &watch::Sender<Option<Place>>) {
    next.send_replace(None);
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
