//! Messages made of an input.

use groupcast::model::{Message, MessageDetails, MessageId, Seq, UserId};

use crate::input::Input;

pub(crate) fn message(input: &mut Input<'_>) -> Message {
    Message {
        id: MessageId(input.number()),
        seq: Seq(input.number()),
        group: input.group(),
        user: input.user(),
        content: input.text().into(),
        client_id: input.maybe(|input| input.text().into()),
        created_at: input.time(),
        details: input.maybe(|input| {
            Box::new(MessageDetails {
                reply_to: input.maybe(|input| MessageId(input.number())),
                thread_id: input.maybe(|input| MessageId(input.number())),
                mentions: input.list(20, |input| UserId(input.number())).into(),
                edited_at: input.maybe(Input::time),
                is_deleted: input.flag(),
            })
        }),
    }
}
