//! A group's log, for who polls.

use hyper::Method;

use crate::chat::{Caller, Chat, ChatResult};
use crate::compat::fastapi::Problems;
use crate::http::context::Context;
use crate::http::list::{self, Rows, write_rows};
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::views::entries;
use crate::model::limits::PAGE_ROWS_MAX;
use crate::model::{Entry, GroupId, Seq};
use crate::protocol::event;

pub(super) static LOG: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}/log/"],
    serves: Serves::Methods(&[(Method::GET, Need::Caller, &list, &LIST)]),
};

/// Entries in one answer unless `limit` says otherwise, and at most.
const LIMIT_DEFAULT: u64 = 100;
const LIMIT_MAX: u64 = 1_000;

const LIST: Operation = Operation::new("listLog", Tag::Messages, "Lists the entries of a group's log.")
    .about("As the events of a socket, in the order of `seq`.")
    .query(&[
        Field::count("after_seq", "Entries behind this one.").or(0),
        Field::count("limit", "At most so many are given.").or(LIMIT_DEFAULT).capped(LIMIT_MAX),
    ])
    .answers(entries);

async fn list(context: Context<'_>) -> Answer {
    let group = context.group_id()?;
    let mut problems = Problems::default();
    let after = context.query.count("after_seq", 0, &mut problems);
    let limit = context.query.count("limit", LIMIT_DEFAULT, &mut problems).min(LIMIT_MAX);
    problems.check()?;
    let caller = context.acting().await?;
    let after = Seq(i64::try_from(after).unwrap_or(i64::MAX));
    list::respond(context.chat, Entries { caller, group, after, limit }).await
}

/// Entries behind a `seq`.
struct Entries {
    caller: Caller,
    group: GroupId,
    after: Seq,
    limit: u64,
}

impl Rows for Entries {
    async fn write_page(self, chat: &Chat, out: &mut Vec<u8>) -> ChatResult<Option<Self>> {
        let page =
            chat.log(&self.caller, self.group, self.after, self.limit.min(PAGE_ROWS_MAX as u64)).await?;
        write_rows(out, &page, |out, entry| match entry {
            Entry::Message(message) => event::write_message_event(out, message),
            Entry::Change(change) => event::write_change(out, change),
        });
        let limit = self.limit.saturating_sub(page.len() as u64);
        // A page of long contents ends early, so only an empty one is the last.
        let last = page.last().filter(|_| limit > 0);
        Ok(last.map(|last| Self { after: last.seq(), limit, ..self }))
    }
}
