//! One socket: reads what comes.

use std::sync::Arc;

use groupcast_kit::frame::{self, CLOSE, Frame, PING, PONG, TEXT};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex, Semaphore};

use crate::error::BenchError;
use crate::tally::Tally;

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 16 << 10;

/// The way to one socket's peer, for messages and for pongs.
pub(crate) type Writer = Arc<Mutex<OwnedWriteHalf>>;

/// What reads one socket.
pub(crate) struct Listener {
    pub(crate) reader: OwnedReadHalf,
    /// What was read and is not yet a whole frame.
    pub(crate) unread: Vec<u8>,
    pub(crate) writer: Writer,
    /// Of a socket that sends: each message that is heard is leave for another.
    pub(crate) leave: Option<Arc<Semaphore>>,
}

impl Listener {
    /// Reads until the socket ends, which it should not.
    pub(crate) async fn run(mut self, tally: Arc<Tally>) {
        if let Err(error) = self.read(&tally).await {
            tally.fail(&error);
        }
    }

    async fn read(&mut self, tally: &Tally) -> Result<(), BenchError> {
        loop {
            self.take(tally).await?;
            // Between messages a socket holds no buffer.
            if self.unread.is_empty() {
                self.unread = Vec::new();
                self.reader.readable().await?;
            }
            self.unread.reserve(READ_BYTES);
            if self.reader.read_buf(&mut self.unread).await? == 0 {
                return Err(closed());
            }
        }
    }

    /// Takes in all whole frames that were read.
    async fn take(&mut self, tally: &Tally) -> Result<(), BenchError> {
        let (mut start, mut messages, mut pongs) = (0, 0, Vec::new());
        {
            let mut reading = tally.reading();
            while let Some(frame) = Frame::first(&self.unread[start..]) {
                match frame.opcode {
                    TEXT => messages += usize::from(reading.hear(frame.payload)),
                    PING => frame::push(&mut pongs, PONG, frame.payload),
                    CLOSE => return Err(closed()),
                    _ => {}
                }
                start += frame.length;
            }
        }
        self.unread.drain(..start);
        if let Some(leave) = &self.leave {
            leave.add_permits(messages);
        }
        if !pongs.is_empty() {
            self.writer.lock().await.write_all(&pongs).await?;
        }
        Ok(())
    }
}

fn closed() -> BenchError {
    BenchError::Answer("the server has closed a socket".to_owned())
}
