//! The sessions of all users.

use std::sync::Arc;

use super::super::grant::GrantKind;
use super::super::rights::Action;
use super::super::{Caller, Chat, ChatError, ChatResult, Entity, clock};
use crate::model::{Session, SessionId, User, UserId};

/// A session, as admins see it.
#[derive(Clone, Debug)]
pub struct SessionEntry {
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub user: Arc<User>,
    /// How many sockets speak in it.
    pub sockets: usize,
    /// Whether the one who asks speaks in it.
    pub is_current: bool,
}

impl Chat {
    /// A page of all sessions, see [`Overview::newest_sessions`](crate::store::Overview::newest_sessions); at most
    /// [`OVERVIEW_ROWS_MAX`](crate::model::limits::OVERVIEW_ROWS_MAX).
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if `after` has ended: then the list is to be begun anew. [`ChatError::Forbidden`] for who
    /// does not govern, [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn list_sessions(
        &self,
        caller: &Caller,
        after: Option<SessionId>,
        limit: u64,
    ) -> ChatResult<Vec<SessionEntry>> {
        self.check_governs(caller, Action::Oversee)?;
        let page = self.store.overview.newest_sessions(after, super::rows(limit), clock::now()).await?;
        let page = page.ok_or(ChatError::NotFound(Entity::Session))?;
        Ok(page
            .into_iter()
            .map(|(session, user)| self.session_entry(caller, session, Arc::new(user)))
            .collect())
    }

    /// The sessions of a user, the one renewed last first; at most
    /// [`SESSIONS_MAX`](crate::model::limits::SESSIONS_MAX).
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::Forbidden`] for who does not govern, [`ChatError::NotAuthenticated`],
    /// [`ChatError::Unavailable`].
    pub async fn sessions_of(&self, caller: &Caller, user: UserId) -> ChatResult<Vec<SessionEntry>> {
        self.check_governs(caller, Action::Oversee)?;
        let user = self.user(user).await?;
        let now = clock::now();
        let mut sessions = self.store.accounts.sessions(user.id).await?;
        sessions.retain(|session| session.expires_at > now);
        let entry = |session| self.session_entry(caller, session, Arc::clone(&user));
        Ok(sessions.into_iter().map(entry).collect())
    }

    /// Ends anybody's session, as they would by logging out: its tokens count no more, and its sockets are closed with
    /// 4001.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is none of this number; [`ChatError::Forbidden`] for who does not govern,
    /// [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn end_anybodys_session(&self, caller: &Caller, id: SessionId) -> ChatResult<()> {
        self.check_governs(caller, Action::Govern)?;
        let sockets = {
            let grants = self.grants.change().await;
            if !self.store.accounts.end_session(id, None).await? {
                return Err(ChatError::NotFound(Entity::Session));
            }
            grants.end([GrantKind::Session(id)])
        };
        self.turn_out(sockets).await;
        Ok(())
    }

    fn session_entry(&self, caller: &Caller, session: Session, user: Arc<User>) -> SessionEntry {
        let kind = GrantKind::Session(session.id);
        SessionEntry {
            sockets: self.grants.sockets(kind),
            is_current: caller.grant().is_some_and(|grant| grant.kind() == kind),
            session,
            user,
        }
    }
}
