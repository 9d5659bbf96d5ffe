//! How far members have read.

use bytes::Bytes;

use super::{EventType, Object};
use crate::model::{GroupId, ReadMark, Seq, UserId};
use crate::protocol::command::RequestId;

/// `read` as the answer to a request.
pub fn marked(request: Option<&RequestId>, group: GroupId, mark: &ReadMark) -> Bytes {
    let object = Object::new(EventType::Read, request)
        .integer("group_id", group.0)
        .integer("seq", mark.seq.0)
        .integer("unread", mark.unread.messages as i64)
        .integer("mentions", mark.unread.mentions as i64);
    if mark.unread.is_capped() { object.boolean("capped", true) } else { object }.frame()
}

/// `read` that was not asked for: a member has read up to this `seq`.
pub fn read(group: GroupId, user: UserId, seq: Seq) -> Bytes {
    Object::new(EventType::Read, None)
        .integer("group_id", group.0)
        .integer("user_id", user.0)
        .integer("seq", seq.0)
        .frame()
}
