//! The sessions of one's own.

use super::grant::GrantKind;
use super::log_in::SESSION_ENDED;
use super::{Chat, ChatError, ChatResult, Entity, Principal, clock};
use crate::hub::SocketId;
use crate::model::{Session, SessionId};
use crate::protocol::CloseCode;

/// One's sessions, as they are listed.
pub struct OwnSessions {
    /// The one renewed last first.
    pub sessions: Vec<Session>,
    /// Which of them one speaks in.
    pub current: Option<SessionId>,
}

impl Chat {
    /// The sessions of the one who asks, at most [`SESSIONS_MAX`](crate::model::limits::SESSIONS_MAX).
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] for a key, [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn sessions(&self, principal: &Principal) -> ChatResult<OwnSessions> {
        principal.check_in_person()?;
        let now = clock::now();
        let mut sessions = self.store.accounts.sessions(principal.user().id).await?;
        sessions.retain(|session| session.expires_at > now);
        Ok(OwnSessions { sessions, current: principal.session() })
    }

    /// Ends a session of the one who asks: its tokens count no more, and its sockets are closed with 4001.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if they have none of this number; [`ChatError::Forbidden`] for a key,
    /// [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn end_session(&self, principal: &Principal, id: SessionId) -> ChatResult<()> {
        principal.check_in_person()?;
        let sockets = {
            let grants = self.grants.change().await;
            if !self.store.accounts.end_session(id, Some(principal.user().id)).await? {
                return Err(ChatError::NotFound(Entity::Session));
            }
            grants.end([GrantKind::Session(id)])
        };
        self.turn_out(sockets).await;
        Ok(())
    }

    /// Ends what the one who asks speaks by: the session, or the token of an outside issuer.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] for a key, [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn log_out(&self, principal: &Principal) -> ChatResult<()> {
        principal.check_in_person()?;
        let Some(grant) = principal.grant() else { return Err(ChatError::NotAuthenticated) };
        let sockets = {
            let (grants, accounts) = (self.grants.change().await, &self.store.accounts);
            match grant.kind() {
                GrantKind::Session(id) => drop(accounts.end_session(id, None).await?),
                GrantKind::Outside(token) => {
                    accounts.end_token(token, grant.expires_at(), clock::now()).await?
                }
                GrantKind::Key(_) => {}
            }
            grants.end([grant.kind()])
        };
        self.turn_out(sockets).await;
        Ok(())
    }

    /// Closes sockets that spoke by what was ended here. When this answers, nothing is stored any more that was handed in
    /// by it, on any node; unless the database keeps it waiting, as then nothing is stored either.
    pub(super) async fn turn_out(&self, sockets: Vec<SocketId>) {
        self.close_sessions(sockets).await;
        let others = async {
            if let Some(node) = &self.node
                && let Err(error) = node.shared().outlast_batches().await
            {
                tracing::debug!(%error, "what other nodes were storing was not waited for");
            }
        };
        _ = tokio::join!(self.settle(), others);
    }

    /// Closes sockets that spoke by what has ended.
    pub(super) async fn close_sessions(&self, sockets: Vec<SocketId>) {
        self.hub.close_sockets(sockets, CloseCode::UNAUTHENTICATED, SESSION_ENDED).await;
    }
}
