//! `unsubscribe`: reads a group no more.

use crate::model::GroupId;
use crate::protocol::command::{Fields, RequestId};
use crate::protocol::event::{self, ErrorCode};
use crate::ws::context::SocketContext;
use crate::ws::identified::Identified;
use crate::ws::json::Pending;
use crate::ws::stream::Stream;

pub(super) struct Unsubscribe {
    group_id: GroupId,
}

impl Unsubscribe {
    pub(super) fn parse(fields: &Fields<'_, '_>) -> Result<Self, String> {
        Ok(Self { group_id: fields.required("group_id")? })
    }

    pub(super) fn run<S: Stream>(
        self,
        session: &mut Identified<S>,
        context: &SocketContext<S>,
        request: Option<RequestId>,
    ) -> Option<Pending<S>> {
        let (request, group) = (request.as_ref(), self.group_id);
        if session.unsubscribe(context, group) {
            context.reply(&event::unsubscribed(request, group));
        } else {
            context.fail(request, Some(group), ErrorCode::NotSubscribed, "not subscribed to this group");
        }
        None
    }
}
