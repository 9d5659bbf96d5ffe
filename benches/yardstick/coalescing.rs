//! The limit of a server that sends together what came in together.

use std::io;
use std::mem;

use super::{FanOut, Member, Members};

/// Reads all that is pending, lays the frames of a group end to end once, then does one `send` for each socket.
#[derive(Default)]
pub(super) struct Coalescing {
    /// Frames that wait for the flush, by group.
    pending: Vec<Vec<u8>>,
    /// Groups with something pending.
    groups: Vec<usize>,
}

impl FanOut for Coalescing {
    fn publish(&mut self, from: &Member, _: &[u8], frame: &[u8], _: &Members) -> io::Result<()> {
        let group = from.group;
        if self.pending.len() <= group {
            self.pending.resize_with(group + 1, Vec::new);
        }
        let pending = &mut self.pending[group];
        if pending.is_empty() {
            self.groups.push(group);
        }
        pending.extend_from_slice(frame);
        Ok(())
    }

    fn flush(&mut self, members: &Members) -> io::Result<()> {
        for group in mem::take(&mut self.groups) {
            members.send(group, &self.pending[group])?;
            self.pending[group].clear();
        }
        Ok(())
    }
}
