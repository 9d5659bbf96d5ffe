//! Noticing what operators change beside the server.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::grant::{Grant, GrantKind};
use super::{Chat, ChatResult};
use crate::hub::SocketId;
use crate::model::SessionId;

/// How often it is looked whether something has changed: a revoked key counts no longer than this.
const PERIOD: Duration = Duration::from_millis(500);
/// Sessions asked for at once.
const SESSIONS_A_QUESTION: usize = 500;

impl Chat {
    /// Looks twice a second whether something was changed beside the server, and forgets what may be true no more. Runs
    /// until it is dropped.
    pub async fn watch_changes(self: Arc<Self>) {
        let mut seen = None;
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // While the database is away nothing can be looked up anew either.
            let Ok(changes) = self.store.accounts.changes().await else { continue };
            if seen.is_some_and(|seen| seen != changes) {
                match self.forget_changed().await {
                    Ok(sockets) => self.close_sessions(sockets).await,
                    // At the next tick, then.
                    Err(_) => continue,
                }
            }
            seen = Some(changes);
        }
    }

    /// Forgets users, groups and all that has ended; gives the sockets that spoke by it.
    pub(super) async fn forget_changed(&self) -> ChatResult<Vec<SocketId>> {
        let grants = self.grants.change().await;
        self.directory.change().await.invalidate_all();
        let (mut sessions, mut over) = (Vec::new(), Vec::new());
        for grant in grants.all() {
            match grant.kind() {
                GrantKind::Session(id) => sessions.push(id),
                GrantKind::Key(digest) => {
                    if self.store.accounts.key(digest).await?.is_none() {
                        over.push(grant.kind());
                    }
                }
                GrantKind::Outside(token) => {
                    if self.store.accounts.is_token_ended(token).await? || !self.is_there(&grant).await? {
                        over.push(grant.kind());
                    }
                }
            }
        }
        for some in sessions.chunks(SESSIONS_A_QUESTION) {
            let are_live = self.store.accounts.live_sessions(some.to_vec()).await?;
            let ended = some.iter().zip(are_live).filter(|(_, is_live)| !is_live);
            over.extend(ended.map(|(id, _): (&SessionId, _)| GrantKind::Session(*id)));
        }
        Ok(grants.end(over))
    }

    /// Whether the user of this grant still has an account.
    async fn is_there(&self, grant: &Grant) -> ChatResult<bool> {
        let Some(user) = grant.user() else { return Ok(true) };
        Ok(self.store.accounts.credentials(crate::store::Login::Id(user)).await?.is_some())
    }
}
