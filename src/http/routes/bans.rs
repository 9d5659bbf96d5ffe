//! Who is kept out of a group.

use hyper::Method;

use super::sanction::{SanctionView, UNTIL, take_until};
use crate::chat::{Caller, Chat, ChatResult};
use crate::compat::fastapi::Length;
use crate::http::context::Context;
use crate::http::list::{self, Rows, write_rows};
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Schemas, Table, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::model::limits::{PAGE_ROWS_MAX, REASON_CHARS_MAX};
use crate::model::{GroupId, UserId};

pub(super) static BANS: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}/bans/"],
    serves: Serves::Methods(&[(Method::GET, Need::Caller, &list, &LIST)]),
};

pub(super) static BAN: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}/bans/{user_id}"],
    serves: Serves::Methods(&[
        (Method::PUT, Need::Caller, &put, &PUT),
        (Method::DELETE, Need::Caller, &lift, &LIFT),
    ]),
};

const LIST: Operation = Operation::new("listBans", Tag::Moderation, "Lists who is kept out of a group.")
    .answers(Schemas::list_of::<SanctionView<'_>>);

async fn list(context: Context<'_>) -> Answer {
    let group = context.group_id()?;
    let caller = context.acting().await?;
    list::respond(context.chat, Bans { caller, group, after: UserId(0) }).await
}

const NEW_BAN: Table = Table::taken(
    "NewBan",
    "How long somebody is kept out, and why.",
    &[Field::text("reason", Length::Characters(REASON_CHARS_MAX), "").storable().optional(), UNTIL],
);

const PUT: Operation =
    Operation::new("banUser", Tag::Moderation, "Takes somebody out of a group and keeps them out.")
        .by_somebody()
        .may_take(&NEW_BAN)
        .answers(Schemas::of::<SanctionView<'_>>);

async fn put(mut context: Context<'_>) -> Answer {
    let (group, user) = (context.group_id()?, context.user_id()?);
    let (reason, until) = context
        .optional_form(|form| {
            let reason = form.optional_note("reason", Length::Characters(REASON_CHARS_MAX));
            (reason.map(str::to_owned), take_until(form))
        })
        .await?;
    let ban = context.chat.ban(&context.changing().await?, group, user, reason, until).await?;
    Ok(response::json(&SanctionView::from(&ban)))
}

const LIFT: Operation = Operation::new("unbanUser", Tag::Moderation, "Lets somebody in again.").by_somebody();

async fn lift(context: Context<'_>) -> Answer {
    let (group, user) = (context.group_id()?, context.user_id()?);
    context.chat.unban(&context.changing().await?, group, user).await?;
    Ok(response::done())
}

/// Bans of users with a higher `id`, in its order.
struct Bans {
    caller: Caller,
    group: GroupId,
    after: UserId,
}

impl Rows for Bans {
    async fn write_page(self, chat: &Chat, out: &mut Vec<u8>) -> ChatResult<Option<Self>> {
        let page = chat.bans(&self.caller, self.group, self.after, PAGE_ROWS_MAX as u64).await?;
        write_rows(out, &page, |out, ban| response::write(out, &SanctionView::from(ban)));
        let last = page.last().filter(|_| page.len() >= PAGE_ROWS_MAX);
        Ok(last.map(|last| Self { after: last.user.id, ..self }))
    }
}
