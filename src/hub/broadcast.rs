//! What goes to everyone in a group.

use bytes::Bytes;

use crate::model::{GroupId, Seq, UserId};

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
    /// The user whose sockets in JSON mode do not get them.
    pub except: Option<UserId>,
    /// The last arrival in the group that they are for: who came later has not missed them. 0 for everyone.
    pub as_of: u64,
    /// For those in text mode; empty if there are none.
    pub text: Bytes,
    /// For those in JSON mode; empty if there are none.
    pub json: Bytes,
}

impl Broadcast {
    /// Frames of what is not stored: a line in text mode, an event in JSON mode.
    pub fn ephemeral(group: GroupId, text: Bytes, json: Bytes, except: Option<UserId>) -> Self {
        Self { group, first: Seq(0), last: Seq(0), except, as_of: 0, text, json }
    }

    /// Whether these are stored messages.
    pub fn is_stored(&self) -> bool {
        self.first > Seq(0)
    }
}
