//! `refresh`: prolongs the socket by another token of its user.

use tokio::time::Instant;

use crate::chat::{Chat, ChatError, ChatResult, Claim, Principal};
use crate::protocol::command::{Fields, RequestId};
use crate::protocol::event;
use crate::ws::context::SocketContext;
use crate::ws::identified::Identified;
use crate::ws::json::Pending;
use crate::ws::lease::{Lease, Shown};
use crate::ws::stream::Stream;

pub(super) struct Refresh {
    token: Box<str>,
}

impl Refresh {
    pub(super) fn parse(fields: &Fields<'_, '_>) -> Result<Self, String> {
        Ok(Self { token: fields.required::<&str>("token")?.into() })
    }

    pub(super) fn run<S: Stream>(
        self,
        session: &mut Identified<S>,
        context: &SocketContext<S>,
        request: Option<RequestId>,
    ) -> Option<Pending<S>> {
        let (chat, principal) = (context.chat(), session.principal().clone());
        let work = async move { prove(&chat, &principal, &self.token).await };
        Some(Pending::of_user(work, move |identified, context, proven| {
            let renewed = proven.and_then(|(principal, until)| {
                let lease = Lease::of(&principal, context.socket.id(), until);
                Ok((principal, lease.map_err(|_| ChatError::BadCredentials)?, until))
            });
            match renewed {
                Ok((principal, lease, until)) => {
                    identified.renew(principal, lease);
                    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
                    context.reply(&event::refreshed(request.as_ref(), left));
                }
                // It goes on by what it has, until that ends.
                Err(error) => context.refuse(request.as_ref(), None, &error),
            }
        }))
    }
}

/// The same user as the token shows them, and when it runs out.
async fn prove(chat: &Chat, known: &Principal, token: &str) -> ChatResult<(Principal, Option<Instant>)> {
    let Shown { caller, until } = Shown::by_token(chat, token).await?;
    let principal = chat.act_as(&caller, Some(Claim::UserId(known.user().id))).await?;
    match principal.grant() {
        Some(_) => Ok((principal, until)),
        // Where names are believed anybody may act as another, but this token is no proof of it.
        None => Err(ChatError::Forbidden("the token is another user's")),
    }
}
