//! `typing`: tells the others that the user is typing, or has stopped. Has no answer.

use std::rc::Rc;

use tokio::task::spawn_local;
use tokio::time::Instant;

use crate::chat::Membership;
use crate::model::GroupId;
use crate::protocol::command::{Fields, RequestId};
use crate::ws::context::SocketContext;
use crate::ws::identified::Identified;
use crate::ws::json::Pending;
use crate::ws::stream::Stream;

pub(super) struct Typing {
    group_id: GroupId,
    on: bool,
}

impl Typing {
    pub(super) fn parse(fields: &Fields<'_, '_>) -> Result<Self, String> {
        Ok(Self { group_id: fields.required("group_id")?, on: fields.required("on")? })
    }

    pub(super) fn run<S: Stream>(
        self,
        session: &mut Identified<S>,
        context: &SocketContext<S>,
        request: Option<RequestId>,
    ) -> Option<Pending<S>> {
        if let Some(member) = session.membership(self.group_id) {
            self.pass_on(context, member);
            return None;
        }
        let membership = session.find_membership(context, self.group_id);
        Some(Pending::of_user(membership, move |identified, context, found| match found {
            Ok(member) => {
                self.pass_on(context, &member);
                identified.remember(member);
            }
            Err(error) => context.refuse(request.as_ref(), Some(self.group_id), &error),
        }))
    }

    fn pass_on<S: Stream>(&self, context: &SocketContext<S>, member: &Membership) {
        // That somebody has stopped is never held back.
        if !self.on || context.endpoint.chat.may_type(member, Instant::now().into_std()) {
            let (notifier, member, on) = (Rc::clone(&context.endpoint.notifier), member.clone(), self.on);
            spawn_local(async move { notifier.typing(member.group.id, &member.user, on).await });
        }
    }
}
