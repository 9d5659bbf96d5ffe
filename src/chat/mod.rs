//! The use cases of the chat, free of any transport: one file each.
//!
//! A use case is a method of [`Chat`] in the file that bears its name. All its checks stand there, once. It
//! knows no frames, no paths and no status codes; who asks is a [`Principal`], or a [`Membership`] where it
//! takes one to ask.

mod clock;
mod create_group;
mod create_user;
mod directory_cache;
mod enter;
mod error;
mod find_group;
mod find_user;
mod history;
mod list;
mod membership;
mod presence;
mod presence_notifier;
mod principal;
mod readiness;
mod replay;
mod send;
mod subscribe;
mod typing;
mod validate;

use std::sync::Arc;

pub use enter::{Refusal, SocketTarget};
pub use error::{Cause, ChatError, Entity};
pub use history::History;
pub use membership::Membership;
pub use presence::Presence;
pub use presence_notifier::PresenceNotifier;
pub use principal::{Claim, Principal};
pub use replay::Replayed;
pub use send::{Draft, WhileAway};

pub use crate::store::{MessageFilter, MessagePage, Unique};

use self::directory_cache::DirectoryCache;
use crate::auth::{PasswordHasher, RateLimit};
use crate::hub::Hub;
use crate::store::Store;
use crate::writer::MessageWriter;

/// The result of a use case.
pub type ChatResult<T> = Result<T, ChatError>;

/// What can be set.
#[derive(Clone, Copy, Debug)]
pub struct ChatOptions {
    /// Longest content, in bytes of UTF-8.
    pub content_bytes_max: usize,
    /// Sockets in a group up to which comings and goings are announced.
    pub announce_members_max: usize,
}

/// The chat: what REST handlers and sockets ask. Shared by all threads.
pub struct Chat {
    store: Store,
    directory: DirectoryCache,
    passwords: PasswordHasher,
    writer: MessageWriter,
    hub: Hub,
    options: ChatOptions,
    send_limit: Option<Arc<RateLimit>>,
    /// Changes only when stored history was lost.
    epoch: Box<str>,
    /// Taken in turn by those who ask for a group's head.
    head_turns: [tokio::sync::Mutex<()>; 64],
}

impl Chat {
    /// A chat over its parts; without a `send_limit` users may send as fast as they like.
    pub fn new(
        store: Store,
        passwords: PasswordHasher,
        writer: MessageWriter,
        hub: Hub,
        options: ChatOptions,
        send_limit: Option<Arc<RateLimit>>,
        epoch: String,
    ) -> Self {
        let directory = DirectoryCache::new(Arc::clone(&store.directory), Arc::clone(&store.moderation));
        let head_turns = std::array::from_fn(|_| tokio::sync::Mutex::default());
        let epoch = epoch.into();
        Self { store, directory, passwords, writer, hub, options, send_limit, epoch, head_turns }
    }

    /// An opaque name of the stored history; another one means that some of it was lost.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// What was set.
    pub fn options(&self) -> ChatOptions {
        self.options
    }
}
