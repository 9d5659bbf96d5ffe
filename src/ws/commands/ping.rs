//! `ping`: asks for a sign of life.

use crate::protocol::command::{Fields, RequestId};
use crate::protocol::event;
use crate::ws::context::SocketContext;
use crate::ws::json::{JsonSession, Pending};
use crate::ws::stream::Stream;

pub(super) struct Ping;

impl Ping {
    pub(super) fn parse(_: &Fields<'_, '_>) -> Result<Self, String> {
        Ok(Self)
    }

    pub(super) fn run<S: Stream>(
        self,
        _: &mut JsonSession<S>,
        context: &SocketContext<S>,
        request: Option<RequestId>,
    ) -> Option<Pending<S>> {
        context.reply(&event::pong(request.as_ref()));
        None
    }
}
