//! What one core is to do.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::delivery_clock::DeliveryClock;
use super::{Broadcast, SocketId};
use crate::metrics::CoreCount;
use crate::model::{GroupId, Removal, UserId};
use crate::protocol::CloseCode;

/// What a sender is told of one message.
#[derive(Clone, Debug)]
pub struct Ack {
    /// The sender.
    pub socket: SocketId,
    /// The credit to give back, in bytes of content; `None` while the writer keeps the message, whose answer is
    /// still to come.
    pub credit: Option<usize>,
    /// A finished frame for the sender alone; may be empty.
    pub frame: Bytes,
}

/// Something for one core to do.
#[derive(Debug)]
pub enum Event {
    /// Hand frames to the members of groups, in this order, then acks to senders.
    Deliver {
        /// May name groups without members on this core.
        frames: Arc<[Broadcast]>,
        /// For senders of this core.
        acks: Vec<Ack>,
        /// Let go of when the frames are handed out.
        clock: Option<Arc<DeliveryClock>>,
    },
    /// Hand a frame to all sockets of a user that are in JSON mode and whose it is known that they are.
    Notify {
        /// Whose.
        user: UserId,
        /// A finished frame, of what is not stored.
        frame: Bytes,
    },
    /// Say how it stands.
    Count(oneshot::Sender<CoreCount>),
    /// Take users out of a group's readers.
    Remove {
        /// The group.
        group: GroupId,
        /// The user; all of them without one.
        user: Option<UserId>,
        /// Why.
        removal: Removal,
    },
    /// Close some sockets.
    Close {
        /// Those of this core; others are passed over.
        sockets: Arc<[SocketId]>,
        /// With which code.
        code: CloseCode,
        /// For what reason, at most 123 bytes.
        reason: &'static str,
    },
    /// Close all sockets: the server stops.
    Stop,
}

/// The receiving end of a core's events.
pub type Inbox = mpsc::Receiver<Event>;
