//! The resources, one file each: where a resource is, which methods it has, what they read, do and answer.
//!
//! All that has to know the resources goes over [`RESOURCES`].

mod admin;
mod bans;
mod contracts;
mod docs;
mod groups;
mod health;
mod log;
mod me;
mod members;
mod message;
mod messages;
mod metrics;
mod mutes;
mod own_groups;
mod page;
mod presence;
mod reactions;
mod read;
mod sanction;
mod search;
mod sessions;
mod setup;
mod sockets;
mod user_search;
mod users;

use super::resource::Resource;

/// Every resource there is.
pub(super) static RESOURCES: &[&Resource] = &[
    &users::USERS,
    &users::USER,
    &me::ME,
    &own_groups::MY_GROUPS,
    &own_groups::USER_GROUPS,
    &search::SEARCH,
    &user_search::USER_SEARCH,
    &sessions::SESSIONS,
    &sessions::REFRESH,
    &sessions::CURRENT_SESSION,
    &sessions::SESSION,
    &setup::SETUP,
    &groups::GROUPS,
    &groups::GROUP,
    &members::MEMBERS,
    &members::MEMBER,
    &bans::BANS,
    &bans::BAN,
    &mutes::MUTES,
    &mutes::MUTE,
    &presence::PRESENCE,
    &log::LOG,
    &read::READ,
    &messages::MESSAGES,
    &message::MESSAGE,
    &reactions::REACTION,
    &admin::STATUS,
    &admin::USERS,
    &admin::USER,
    &admin::USER_SESSIONS,
    &admin::GROUPS,
    &admin::SESSIONS,
    &admin::SESSION,
    &admin::KEYS,
    &admin::KEY,
    &admin::SETTINGS,
    &page::PAGE,
    &page::ADMIN_PAGE,
    &page::ASSET,
    &contracts::OPENAPI,
    &contracts::ASYNCAPI,
    &docs::SWAGGER,
    &docs::REDOC,
    &docs::FILE,
    &health::LIVENESS,
    &health::READINESS,
    &metrics::METRICS,
    &sockets::GROUP_SOCKET,
    &sockets::PRIVATE_SOCKET,
    &sockets::SOCKET,
    &sockets::ECHO_SOCKET,
];

#[cfg(test)]
mod tests;
