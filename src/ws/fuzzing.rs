//! A door for the fuzz targets: frames as they are read.

use std::cell::RefCell;
use std::sync::Arc;

use super::inflating::Inflating;
use super::reader::{Bounds, FrameReader, Incoming};
use super::turn::Turn;
use super::unfinished::UnfinishedBytes;

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<(u16, String)>),
}

/// What reads the frames of one socket.
pub struct Reader {
    reader: FrameReader,
    unfinished: Arc<UnfinishedBytes>,
    message_max: usize,
    inflating: Option<RefCell<Inflating>>,
}

impl Reader {
    /// One that takes messages of so many bytes, compressed too if it `inflates`.
    pub fn new(message_max: usize, inflates: bool) -> Self {
        let inflating = inflates.then(RefCell::default);
        let unfinished = UnfinishedBytes::new(usize::MAX);
        Self { reader: FrameReader::default(), unfinished, message_max, inflating }
    }

    /// Takes in what was read. An error is the code and the reason that the client is told.
    pub fn read(
        &mut self,
        bytes: &mut [u8],
        mut take: impl FnMut(Message),
    ) -> Result<(), (u16, &'static str)> {
        let mut bytes = bytes;
        loop {
            let bounds = Bounds {
                message_max: self.message_max,
                unfinished: &self.unfinished,
                inflating: self.inflating.as_ref(),
                takes_binary: false,
                turn: &Turn::among(0),
            };
            let read = self.reader.read(bytes, bounds, |incoming| {
                take(match incoming {
                    Incoming::Text(text) => Message::Text(text.to_owned()),
                    Incoming::Binary(content) => Message::Binary(content.to_vec()),
                    Incoming::Ping(payload) => Message::Ping(payload.to_vec()),
                    Incoming::Pong => Message::Pong,
                    Incoming::Close(reason) => {
                        Message::Close(reason.map(|(code, reason)| (code.0, reason.to_owned())))
                    }
                });
            });
            // What a turn had no room for is read in the next.
            match read {
                Ok(true) => bytes = &mut [],
                Ok(false) => return Ok(()),
                Err(violation) => return Err((violation.code.0, violation.reason)),
            }
        }
    }

    /// Bytes that are kept of what has not arrived whole.
    pub fn kept(&self) -> usize {
        self.reader.unfinished().unwrap_or_default()
    }
}
