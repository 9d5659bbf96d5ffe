//! Bringing connections to the thread on which their group is.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::chat::Chat;
use crate::http;
use crate::transport::{Detached, Transport};

/// Sockets of a group up to which further ones join them on one thread. A message to a small group then wakes one
/// thread, not all; a large group is better spread over all of them.
const TOGETHER_MAX: usize = 64;

/// A connection that moves to another thread. No request has been read of it.
pub(super) struct Handoff {
    stream: Detached,
    /// Where it comes from.
    address: IpAddr,
    permit: OwnedSemaphorePermit,
}

/// Where a thread takes connections over. What waits here holds permits of open connections, which bounds it.
pub(super) type HandoffReceiver = mpsc::UnboundedReceiver<Handoff>;

/// The threads, and which groups are whose.
#[derive(Clone)]
pub(super) struct GroupHomes {
    /// By thread.
    senders: Arc<[mpsc::UnboundedSender<Handoff>]>,
    chat: Arc<Chat>,
    /// Keyed anew by each server, so that nobody can choose names that all meet on one thread.
    hasher: RandomState,
}

impl GroupHomes {
    /// The homes on so many threads, and what each takes over.
    #[expect(
        clippy::disallowed_methods,
        reason = "each connection in it holds a permit of `connections_max`"
    )]
    pub(super) fn new(threads: usize, chat: Arc<Chat>) -> (Self, Vec<HandoffReceiver>) {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| mpsc::unbounded_channel()).unzip();
        (Self { senders: senders.into(), chat, hasher: RandomState::new() }, receivers)
    }

    /// The thread to which a connection that begins with these bytes belongs; `None` if any will do.
    pub(super) fn of(&self, head: &[u8]) -> Option<usize> {
        if self.senders.len() < 2 {
            return None;
        }
        let group = http::group_asked_for(head)?;
        let is_small = self.chat.listeners(&group) < TOGETHER_MAX;
        is_small.then(|| (self.hasher.hash_one(group) % self.senders.len() as u64) as usize)
    }

    /// Hands a connection over.
    pub(super) fn send(
        &self,
        thread: usize,
        stream: Transport,
        address: IpAddr,
        permit: OwnedSemaphorePermit,
    ) {
        // If either fails the connection ends: it is broken, or the server stops.
        if let (Ok(stream), Some(sender)) = (stream.detach(), self.senders.get(thread)) {
            let _ = sender.send(Handoff { stream, address, permit });
        }
    }
}

impl Handoff {
    /// The connection, on the thread that calls.
    pub(super) fn enter(self) -> std::io::Result<(Transport, IpAddr, OwnedSemaphorePermit)> {
        Ok((self.stream.attach()?, self.address, self.permit))
    }
}
