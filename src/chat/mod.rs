//! The use cases of the chat, free of any transport: one file each.
//!
//! A use case is a method of [`Chat`] in the file that bears its name. All its checks stand there, once. It
//! knows no frames, no paths and no status codes; who asks is a [`Caller`], a [`Principal`] where it takes a
//! user, a [`Membership`] where it takes a member. What they may do in a group stands in the table of `rights`.

mod access;
mod authenticate;
mod ban;
mod caller;
mod change_account;
mod change_group;
mod clock;
mod create_group;
mod create_user;
mod delete_group;
mod delete_message;
mod directory_cache;
mod directory_change;
mod edit;
mod enter;
mod erase_user;
mod error;
mod expiry;
mod find_group;
mod find_message;
mod find_user;
mod govern;
mod grant;
mod grants;
mod heed;
mod history;
mod identity;
mod in_use;
mod late_notices;
mod list;
mod log;
mod log_in;
mod membership;
mod metrics;
mod mute;
mod outside_token;
mod own_groups;
mod presence;
mod presence_notifier;
#[cfg(test)]
mod presence_simulation;
mod principal;
mod put_member;
mod react;
mod read;
mod read_notifier;
mod readiness;
mod removal;
mod renew;
mod replay;
mod retain;
mod rights;
mod search;
mod search_users;
mod send;
mod sessions;
mod setup;
mod subscribe;
mod sweep_marks;
mod typing;
mod untaken;
mod validate;
mod walk_in;
mod watch_changes;

use std::sync::Arc;

use tokio::time::Instant;

pub(crate) use clock::now;
pub(crate) use validate::check_name;

pub use authenticate::Authenticated;
pub use caller::{Caller, Claim};
pub use change_account::AccountChange;
pub use clock::unix_seconds;
pub use create_user::Registration;
pub use enter::{Refusal, SocketTarget};
pub use error::{Cause, ChatError, Entity};
pub use govern::{Facts, GroupEntry, KeyEntry, SessionEntry, Status, UserEntry};
pub use grant::Grant;
pub use history::History;
pub use identity::{AuthMode, Identity};
pub use log_in::{LogIn, LoggedIn};
pub use membership::Membership;
pub use presence::Presence;
pub use presence_notifier::PresenceNotifier;
pub use principal::Principal;
pub use put_member::Member;
pub use read_notifier::ReadNotifier;
pub use replay::Replayed;
pub use retain::RetainOptions;
pub use rights::Action;
pub use search::{Found, SearchFilter};
pub use send::{Draft, WhileAway};
pub use sessions::OwnSessions;
pub use setup::SETUP_LIFETIME;
pub use subscribe::Span;
pub use untaken::{Turn, Untaken};

pub use crate::store::{GroupChange, Login, MessageFilter, MessagePage, OwnGroup, Sanction, Unique};

use self::directory_cache::DirectoryCache;
use self::grants::Grants;
use self::late_notices::LateNotices;
use self::setup::Setup;
use crate::auth::RateLimit;
use crate::cluster::Node;
use crate::hub::Hub;
use crate::model::UserId;
use crate::store::Store;
use crate::writer::MessageWriter;

/// The result of a use case.
pub type ChatResult<T> = Result<T, ChatError>;

/// What can be set.
#[derive(Clone, Copy, Debug)]
pub struct ChatOptions {
    /// Longest content, in bytes of UTF-8.
    pub content_bytes_max: usize,
    /// Bytes of large answers that clients have not taken, over all connections.
    pub answer_bytes_max: usize,
    /// Sockets in a group up to which comings and goings are announced.
    pub announce_members_max: usize,
    /// Whether a name is enough to be somebody.
    pub auth: AuthMode,
    /// Whether only who governs the server creates users.
    pub is_registration_closed: bool,
}

/// The chat: what REST handlers and sockets ask. Shared by all threads.
pub struct Chat {
    store: Store,
    directory: DirectoryCache,
    identity: Identity,
    grants: Grants,
    setup: Setup,
    writer: MessageWriter,
    hub: Hub,
    /// This one of several nodes, if there are several.
    node: Option<Arc<Node>>,
    /// What other nodes have changed and is heeded once more.
    late: LateNotices,
    read_notifier: ReadNotifier,
    untaken: Arc<Untaken>,
    options: ChatOptions,
    send_limit: Option<Arc<RateLimit<UserId>>>,
    /// Changes only when stored history was lost.
    epoch: Box<str>,
    /// What admins are told of how the server was started.
    facts: Facts,
    started: Instant,
    /// Taken in turn by those who ask for a group's head.
    head_turns: [tokio::sync::Mutex<()>; 64],
}

impl Chat {
    /// A chat over its parts; without a `send_limit` users may send as fast as they like.
    pub fn new(
        store: Store,
        identity: Identity,
        writer: MessageWriter,
        hub: Hub,
        options: ChatOptions,
        send_limit: Option<Arc<RateLimit<UserId>>>,
        epoch: String,
    ) -> Self {
        let directory = DirectoryCache::new(Arc::clone(&store.directory), Arc::clone(&store.moderation));
        let (grants, setup) = (Grants::new(), Setup::default());
        let read_notifier = ReadNotifier::new(hub.clone(), options.announce_members_max);
        let head_turns = std::array::from_fn(|_| tokio::sync::Mutex::default());
        let epoch = epoch.into();
        Self {
            store,
            directory,
            identity,
            grants,
            setup,
            writer,
            hub,
            node: None,
            late: LateNotices::default(),
            read_notifier,
            untaken: Untaken::new(options.answer_bytes_max),
            options,
            send_limit,
            epoch,
            facts: Facts::default(),
            started: Instant::now(),
            head_turns,
        }
    }

    /// The same, which tells admins this of how the server was started.
    pub fn with_facts(self, facts: Facts) -> Self {
        Self { facts, ..self }
    }

    /// An opaque name of the stored history; another one means that some of it was lost.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Where large answers count.
    pub fn untaken(&self) -> &Arc<Untaken> {
        &self.untaken
    }

    /// What was set.
    pub fn options(&self) -> ChatOptions {
        self.options
    }
}
