//! The commands of JSON mode, one file each: what it carries, how that is read, and what is done.
//!
//! A command is a type with two functions. `parse` reads its fields from a frame. `run` carries it out: at once, or by
//! giving back a [`Pending`] that says what to wait for and what to do then; frames behind it wait as long. Here
//! stands only which `type` is which command.

mod delete;
mod edit;
mod hello;
mod history;
mod ping;
mod presence;
mod react;
mod read;
mod refresh;
mod send;
mod subscribe;
mod typing;
mod unsubscribe;

use std::rc::Rc;

use bytes::Bytes;

use self::delete::Delete;
use self::edit::Edit;
use self::hello::Hello;
use self::history::History;
use self::ping::Ping;
use self::presence::Presence;
use self::react::React;
use self::read::Read;
use self::refresh::Refresh;
use self::send::Send;
use self::subscribe::Subscribe;
use self::typing::Typing;
use self::unsubscribe::Unsubscribe;
use super::context::{SocketContext, failure};
use super::json::{JsonSession, Pending};
use super::stream::Stream;
use crate::chat::ChatError;
use crate::protocol::command::{BadFrame, Fields, Request, RequestId};
use crate::protocol::event::{self, ErrorCode};

/// Says which `type` is which command, of those that anybody may give and those that only a user may.
macro_rules! commands {
    (anybody: { $($open:literal => $Open:ty,)* } user: { $($name:literal => $Command:ty,)* }) => {
        /// Reads and carries out the command of this `type`; gives back what it waits for, or why it is none.
        fn dispatch<S: Stream>(
            session: &mut JsonSession<S>,
            context: &SocketContext<S>,
            id: Option<RequestId>,
            command: &str,
            fields: &Fields<'_, '_>,
        ) -> Result<Option<Pending<S>>, BadFrame> {
            let bad = |reason| BadFrame { id: id.clone(), reason };
            match command {
                $($open => Ok(<$Open>::parse(fields).map_err(bad)?.run(session, context, id)),)*
                $($name => {
                    let command = <$Command>::parse(fields).map_err(bad)?;
                    Ok(match session.identified() {
                        Some(identified) => command.run(identified, context, id),
                        None => {
                            context.fail(id.as_ref(), None, ErrorCode::Unauthenticated, "say hello first");
                            None
                        }
                    })
                })*
                _ => Err(bad("type: unknown".into())),
            }
        }

        /// The `type` of every command.
        #[cfg(test)]
        pub(super) const NAMES: &[&str] = &[$($open,)* $($name),*];

        /// Reads a command and forgets it.
        #[cfg(test)]
        pub(super) fn check(command: &str, fields: &Fields<'_, '_>) -> Result<(), String> {
            match command {
                $($open => <$Open>::parse(fields).map(drop),)*
                $($name => <$Command>::parse(fields).map(drop),)*
                _ => Err("type: unknown".into()),
            }
        }
    };
}

commands! {
    anybody: {
        "hello" => Hello,
        "ping" => Ping,
    }
    user: {
        "refresh" => Refresh,
        "subscribe" => Subscribe,
        "unsubscribe" => Unsubscribe,
        "send" => Send,
        "edit" => Edit,
        "delete" => Delete,
        "react" => React,
        "read" => Read,
        "typing" => Typing,
        "history" => History,
        "presence" => Presence,
    }
}

/// Carries out the command that a frame is, and tells the client if it is none.
pub(super) fn run<S: Stream>(session: &mut JsonSession<S>, context: &SocketContext<S>, frame: &str) {
    if session.is_turned_out(context) {
        return;
    }
    let parser = Rc::clone(&context.endpoint.parser);
    let carried_out = parser.borrow_mut().parse(frame, |request| {
        let Request { id, command, fields } = request?;
        dispatch(session, context, id, command, &fields)
    });
    match carried_out {
        Ok(None) => {}
        Ok(Some(pending)) => session.start(pending.fresh(context.chat())),
        Err(BadFrame { id, reason }) => context.fail(id.as_ref(), None, ErrorCode::BadFrame, reason),
    }
}

/// The answer to a frame that is not carried out, whatever it is.
pub(super) fn refusal<S>(context: &SocketContext<S>, frame: &str, error: &ChatError) -> Bytes {
    let id = context.endpoint.parser.borrow_mut().parse(frame, |request| match request {
        Ok(request) => request.id,
        Err(bad) => bad.id,
    });
    event::error(id.as_ref(), None, &failure(error))
}
