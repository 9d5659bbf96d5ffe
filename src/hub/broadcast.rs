//! What goes to everyone in a group.

use bytes::Bytes;

use super::twins::Part;
use super::{SocketId, Twins};
use crate::model::{GroupId, Seq, UserId};
use crate::protocol::{Mode, Window};

/// Some of a group's readers in JSON mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// All of them.
    All,
    /// All sockets but those of this user.
    But(UserId),
    /// The sockets of this user, but for this one.
    Of(UserId, Option<SocketId>),
}

impl Readers {
    /// Whether this user's socket is one of them.
    pub(super) fn contain(self, user: UserId, socket: SocketId) -> bool {
        match self {
            Self::All => true,
            Self::But(other) => other != user,
            Self::Of(one, but) => one == user && but != Some(socket),
        }
    }
}

/// Finished frames for one group, in every mode that someone there reads. The buffers are shared by all who
/// get them.
#[derive(Clone, Debug)]
pub struct Broadcast {
    /// For whom they are.
    pub group: GroupId,
    /// The `seq` of the first message among them; 0 if they are not stored messages.
    pub first: Seq,
    /// The `seq` of the last.
    pub last: Seq,
    /// Which sockets in JSON mode get them, if they are not stored messages.
    pub readers: Readers,
    /// The last arrival in the group that they are for: who came later has not missed them. 0 for everyone. Of stored
    /// messages it holds for text mode alone; in JSON mode a reader's position tells.
    pub as_of: u64,
    /// How many of the frames, in each mode, are messages that somebody has sent.
    pub messages: u32,
    /// For those in text mode; empty if there are none.
    pub text: Bytes,
    /// For those in JSON mode; empty if there are none.
    pub json: Bytes,
    /// The same for those who have agreed on compression. Whoever makes frames leaves it empty; [`Hub`](super::Hub) fills
    /// it in.
    pub twins: Twins,
}

impl Broadcast {
    /// Frames of what is not stored: a line in text mode, an event in JSON mode. No message.
    pub fn ephemeral(group: GroupId, text: Bytes, json: Bytes, readers: Readers) -> Self {
        let twins = Twins::default();
        Self { group, first: Seq(0), last: Seq(0), readers, as_of: 0, messages: 0, text, json, twins }
    }

    /// Whether these are stored messages.
    pub fn is_stored(&self) -> bool {
        self.first > Seq(0)
    }

    /// The frames in this mode.
    pub(super) fn plain(&self, mode: Mode) -> &Bytes {
        match mode {
            Mode::Text => &self.text,
            Mode::Json => &self.json,
        }
    }

    /// The frames as a part of others; none where they are not compressed.
    pub(super) fn as_part(&self) -> Option<Part> {
        let twins = Some(&self.twins).filter(|twins| !twins.is_empty())?.clone();
        Some(Part { text: self.text.clone(), json: self.json.clone(), twins })
    }

    /// The frames for a socket in this mode, compressed if it has agreed on that, with this window.
    #[inline]
    pub(super) fn frames_for(&self, mode: Mode, window: Option<Window>) -> &Bytes {
        let plain = self.plain(mode);
        // Where the server compresses nothing this is one look at what lies beside the frames.
        if self.twins.is_empty() { plain } else { self.twins.choose(mode, plain, window) }
    }
}

/// Finished frames of entries of one group's log, in a row and without a gap.
#[derive(Clone, Debug)]
pub struct Page {
    /// For their readers.
    pub frames: Broadcast,
    /// Whether entries before these say something else from now on.
    pub rewrites: bool,
}
