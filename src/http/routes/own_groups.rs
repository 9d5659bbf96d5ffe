//! The groups that a user belongs to.

use hyper::Method;

use super::me::oneself;
use crate::chat::{Caller, Chat, OwnGroup};
use crate::http::body;
use crate::http::context::Context;
use crate::http::list::write_rows;
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Schemas, Table, Tag, list as list_schema};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::{GroupView, MESSAGE, ROLES};
use crate::model::UserId;
use crate::protocol::message::write_message;

pub(super) static MY_GROUPS: Resource = Resource {
    paths: &["/api/v1/users/me/groups/"],
    serves: Serves::Methods(&[(Method::GET, Need::User, &list_mine, &LIST_MINE)]),
};

pub(super) static USER_GROUPS: Resource = Resource {
    paths: &["/api/v1/users/{user_id}/groups/"],
    serves: Serves::Methods(&[(Method::GET, Need::Caller, &list, &LIST)]),
};

const LIST_MINE: Operation =
    Operation::new("listMyGroups", Tag::Groups, "Lists the groups that one belongs to.")
        .about("By their newest message, newest first.")
        .answers(|schemas| list_schema(OWN_GROUP.schema(schemas)));

async fn list_mine(context: Context<'_>) -> Answer {
    let principal = oneself(&context).await?;
    let id = principal.user().id;
    respond(&context, &Caller::User(principal), id).await
}

const LIST: Operation =
    Operation::new("listGroupsOfUser", Tag::Groups, "Lists the groups that a user belongs to.")
        .about("By their newest message, newest first. Only the user and admins of the server may know.")
        .answers(|schemas| list_schema(OWN_GROUP.schema(schemas)));

async fn list(context: Context<'_>) -> Answer {
    let id = context.user_id()?;
    respond(&context, &context.acting().await?, id).await
}

async fn respond(context: &Context<'_>, caller: &Caller, user: UserId) -> Answer {
    let chat = context.chat;
    let _turn = chat.untaken().turn().await?;
    let groups = chat.own_groups(caller, user).await?;
    let mut json = b"[".to_vec();
    write_rows(&mut json, &groups, |out, group| write(out, chat, group));
    json.push(b']');
    Ok(response::ok(body::full(json)))
}

const OWN_GROUP: Table = Table::given(
    "OwnGroup",
    "A group that a user belongs to, and how far they have read it.",
    &[
        Field::other("group", Schemas::of::<GroupView<'_>>),
        Field::word("role", ROLES, ""),
        Field::number("read_seq", "The last entry that they have read."),
        Field::number("head_seq", "The last entry of the log."),
        Field::number("unread", "Messages of others behind that, as far as they are counted."),
        Field::number("mentions", "Those of them that mention the user."),
        Field::boolean("capped", "True where there may be more than are counted.").optional(),
        Field::other("last_message", |schemas| MESSAGE.schema(schemas)).or_null(),
    ],
);

/// Writes a group. The message in it is written as everywhere, by a writer of its own.
fn write(out: &mut Vec<u8>, chat: &Chat, own: &OwnGroup) {
    let OwnGroup { group, role, head, read, unread, last_message } = own;
    out.extend_from_slice(b"{\"group\":");
    response::write(out, &GroupView::new(chat, group));
    out.extend_from_slice(b",\"role\":");
    response::write(out, &role.name());
    let counts = [
        ("read_seq", read.0.unsigned_abs()),
        ("head_seq", head.0.unsigned_abs()),
        ("unread", unread.messages),
        ("mentions", unread.mentions),
    ];
    for (name, count) in counts {
        out.extend_from_slice(format!(",\"{name}\":{count}").as_bytes());
    }
    if unread.is_capped() {
        out.extend_from_slice(b",\"capped\":true");
    }
    out.extend_from_slice(b",\"last_message\":");
    match last_message {
        Some(message) => write_message(out, message),
        None => out.extend_from_slice(b"null"),
    }
    out.push(b'}');
}
