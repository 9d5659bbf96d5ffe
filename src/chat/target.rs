//! What a socket was opened for.

use crate::model::UserId;

/// What the path of a WebSocket handshake asks for, names already percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketTarget {
    /// `/ws/group/{group_name}/{username}`
    Group {
        /// The group to join.
        group: String,
        /// Who joins.
        username: String,
    },
    /// `/ws/chat/{user_id}/{receiver_username}`: the private group of the two.
    Private {
        /// Who joins.
        user: UserId,
        /// The other one.
        receiver: String,
    },
    /// `/ws`: any number of groups, named later.
    Any,
}
