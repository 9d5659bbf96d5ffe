//! How the server is.

use std::time::Duration;

use super::super::identity::AuthMode;
use super::super::rights::Action;
use super::super::{Caller, Chat, ChatResult};
use crate::metrics::Snapshot;

/// How the server is at one moment.
pub struct Status {
    /// All that is counted.
    pub counts: Snapshot,
    /// What the messages are kept in: `sqlite` or `postgres`.
    pub store: &'static str,
    /// Whether a name is enough.
    pub auth: AuthMode,
    /// How long it runs.
    pub uptime: Duration,
}

impl Chat {
    /// How the server is. Takes up to a second if a core is too busy to say how it stands.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`](crate::chat::ChatError::Forbidden) for who does not govern,
    /// [`ChatError::NotAuthenticated`](crate::chat::ChatError::NotAuthenticated).
    pub async fn status(&self, caller: &Caller) -> ChatResult<Status> {
        self.check_governs(caller, Action::Oversee)?;
        let cores = self.hub.counts().await;
        Ok(Status {
            counts: self.metrics().snapshot(cores),
            store: self.facts.store,
            auth: self.options.auth,
            uptime: self.started.elapsed(),
        })
    }
}
