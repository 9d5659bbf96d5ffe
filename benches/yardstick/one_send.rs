//! The limit of a server that sends each message by itself.

use std::io;

use super::{FanOut, Member, Members};

/// One `send` of one finished frame for each socket and message.
pub(super) struct OneSend;

impl FanOut for OneSend {
    fn publish(&mut self, from: &Member, _: &[u8], frame: &[u8], members: &Members) -> io::Result<()> {
        members.send(from.group, frame)
    }

    fn flush(&mut self, _: &Members) -> io::Result<()> {
        Ok(())
    }
}
