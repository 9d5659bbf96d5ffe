//! The way to sockets of other nodes.

use bytes::Bytes;

use super::Broadcast;
use crate::model::UserId;

/// Carries to other nodes what is not stored and what their sockets are to get as it is. It waits for nothing and may
/// lose what it is given.
pub trait Outlet: Send + Sync + 'static {
    /// For the readers of a group. It holds for whoever reads there when it comes, so its `as_of` is 0.
    fn share(&self, frames: Broadcast);

    /// A finished frame for all of a user's sockets in JSON mode.
    fn notify(&self, user: UserId, frame: Bytes);
}
