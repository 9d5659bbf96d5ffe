//! The resources, one file each: where a resource is, which methods it has, what they read, do and answer.
//!
//! All that has to know the resources goes over [`RESOURCES`].

mod groups;
mod health;
mod members;
mod messages;
mod presence;
mod sockets;
mod users;

use super::resource::Resource;

/// Every resource there is.
pub(super) static RESOURCES: &[&Resource] = &[
    &users::USERS,
    &users::USER,
    &groups::GROUPS,
    &groups::GROUP,
    &members::MEMBERS,
    &presence::PRESENCE,
    &messages::MESSAGES,
    &health::LIVENESS,
    &health::READINESS,
    &sockets::GROUP_SOCKET,
    &sockets::PRIVATE_SOCKET,
    &sockets::SOCKET,
];
