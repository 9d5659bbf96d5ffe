//! Which members of a group may not write.

use hyper::Method;

use super::sanction::{SanctionView, UNTIL, take_until};
use crate::chat::{Caller, Chat, ChatResult};
use crate::http::context::Context;
use crate::http::list::{self, Rows, write_rows};
use crate::http::need::Need;
use crate::http::openapi::{Operation, Schemas, Table, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::model::limits::PAGE_ROWS_MAX;
use crate::model::{GroupId, UserId};

pub(super) static MUTES: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}/mutes/"],
    serves: Serves::Methods(&[(Method::GET, Need::Caller, &list, &LIST)]),
};

pub(super) static MUTE: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}/mutes/{user_id}"],
    serves: Serves::Methods(&[
        (Method::PUT, Need::Caller, &put, &PUT),
        (Method::DELETE, Need::Caller, &lift, &LIFT),
    ]),
};

const LIST: Operation = Operation::new("listMutes", Tag::Moderation, "Lists which members may not write.")
    .answers(Schemas::list_of::<SanctionView<'_>>);

async fn list(context: Context<'_>) -> Answer {
    let group = context.group_id()?;
    let caller = context.acting().await?;
    list::respond(context.chat, Mutes { caller, group, after: UserId(0) }).await
}

const NEW_MUTE: Table = Table::taken("NewMute", "How long somebody may not write.", &[UNTIL]);

const PUT: Operation = Operation::new("muteMember", Tag::Moderation, "Lets a member not write.")
    .by_somebody()
    .may_take(&NEW_MUTE)
    .answers(Schemas::of::<SanctionView<'_>>);

async fn put(mut context: Context<'_>) -> Answer {
    let (group, user) = (context.group_id()?, context.user_id()?);
    let until = context.optional_form(take_until).await?;
    let mute = context.chat.mute(&context.changing().await?, group, user, until).await?;
    Ok(response::json(&SanctionView::from(&mute)))
}

const LIFT: Operation =
    Operation::new("unmuteMember", Tag::Moderation, "Lets a member write again.").by_somebody();

async fn lift(context: Context<'_>) -> Answer {
    let (group, user) = (context.group_id()?, context.user_id()?);
    context.chat.unmute(&context.changing().await?, group, user).await?;
    Ok(response::done())
}

/// Mutes of users with a higher `id`, in its order.
struct Mutes {
    caller: Caller,
    group: GroupId,
    after: UserId,
}

impl Rows for Mutes {
    async fn write_page(self, chat: &Chat, out: &mut Vec<u8>) -> ChatResult<Option<Self>> {
        let page = chat.mutes(&self.caller, self.group, self.after, PAGE_ROWS_MAX as u64).await?;
        write_rows(out, &page, |out, mute| response::write(out, &SanctionView::from(mute)));
        let last = page.last().filter(|_| page.len() >= PAGE_ROWS_MAX);
        Ok(last.map(|last| Self { after: last.user.id, ..self }))
    }
}
