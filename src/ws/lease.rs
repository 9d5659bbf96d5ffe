//! What a socket speaks by, for as long as it counts.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::chat::{Caller, Chat, ChatResult, Grant, Principal};
use crate::hub::SocketId;
use crate::model::Validity;

/// How long before the end of its token a socket is told.
const NOTICE: Duration = Duration::from_secs(60);

/// What somebody has shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    /// Who it is of.
    pub(super) caller: Caller,
    /// When it runs out; keys do not.
    pub(super) until: Option<Instant>,
}

impl Shown {
    /// Who shows this token.
    ///
    /// # Errors
    /// As of [`Chat::authenticate`].
    pub(super) async fn by_token(chat: &Chat, token: &str) -> ChatResult<Self> {
        let authenticated = chat.authenticate(token).await?;
        let until = authenticated.expires_in().and_then(|left| Instant::now().checked_add(left));
        Ok(Self { caller: authenticated.caller, until })
    }
}

/// A socket's use of a session, key or token of an outside issuer: whoever ends that reaches the socket, until this is
/// dropped. Sockets whose name was believed have none.
pub(super) struct Lease {
    grant: Arc<Grant>,
    socket: SocketId,
    /// Absent for what does not run out.
    term: Option<Term>,
    /// Whether `hello` was answered over it.
    pub(super) is_greeted: bool,
}

struct Term {
    until: Instant,
    is_noticed: bool,
    sleep: Pin<Box<Sleep>>,
}

/// What has become of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// It runs out after this time.
    Expiring(Duration),
    /// It has run out.
    Expired,
}

/// What a socket wants to speak by has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended;

impl Lease {
    /// The lease of a socket that speaks as this one until then; `None` for a name that was believed.
    pub(super) fn of(
        principal: &Principal,
        socket: SocketId,
        until: Option<Instant>,
    ) -> Result<Option<Box<Self>>, Ended> {
        let Some(grant) = principal.grant() else { return Ok(None) };
        let term = until.map(|until| Term {
            until,
            is_noticed: false,
            sleep: Box::pin(sleep_until(until.checked_sub(NOTICE).unwrap_or_else(Instant::now))),
        });
        let lease = Box::new(Self { grant: Arc::clone(grant), socket, term, is_greeted: false });
        if lease.grant.attach(socket) { Ok(Some(lease)) } else { Err(Ended) }
    }

    /// Whether what the socket speaks by still counts, for what it hands in.
    pub(super) fn validity(&self) -> &Arc<Validity> {
        self.grant.validity()
    }

    /// Whether somebody has ended what the socket speaks by.
    pub(super) fn is_ended(&self) -> bool {
        self.grant.is_ended()
    }

    /// Ready with the next notice. To be polled until it is not.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Notice> {
        let Some(term) = &mut self.term else { return Poll::Pending };
        loop {
            ready!(term.sleep.as_mut().poll(cx));
            let left = term.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.term = None;
                return Poll::Ready(Notice::Expired);
            }
            term.sleep.as_mut().reset(term.until);
            if !std::mem::replace(&mut term.is_noticed, true) {
                return Poll::Ready(Notice::Expiring(left));
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.grant.detach(self.socket);
    }
}
