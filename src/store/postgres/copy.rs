//! The binary format of COPY, as bytes: <https://www.postgresql.org/docs/current/sql-copy.html>.

use bytes::{BufMut, BytesMut};

use crate::model::{Message, MessageDetails, Timestamp};

/// The statement that takes what [`encode`] makes.
pub(super) const STATEMENT: &str =
    "COPY messages (id, seq, group_id, user_id, created_at, content, client_id, reply_to, thread_id, mentions)
     FROM STDIN (FORMAT binary)";

/// Signature, flags and the length of a header extension that is not there.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: i16 = -1;
const COLUMNS: i16 = 10;
const NULL: i32 = -1;

/// Bytes of a row aside from its texts: the number of columns, a length for each, five numbers.
const ROW_BYTES: usize = 2 + 10 * 4 + 5 * 8;

/// Bytes of an array aside from its elements, each of which has [`ELEMENT_BYTES`]: the number of dimensions, whether
/// there is a NULL, the type of the elements, their number and the index of the first.
const ARRAY_BYTES: usize = 5 * 4;
const ELEMENT_BYTES: usize = 4 + 8;

/// The type `bigint` in `pg_type`.
const BIGINT: i32 = 20;

/// Microseconds from 1970-01-01 to 2000-01-01, where Postgres counts from.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// How many bytes [`encode`] makes of these rows.
pub fn encoded_bytes(rows: &[Message]) -> usize {
    let texts = |row: &Message| row.content.len() + row.client_id.as_ref().map_or(0, |id| id.len());
    let named = |row: &Message| row.details.as_deref().map_or(0, details_bytes);
    let rows = rows.iter().map(|row| ROW_BYTES + texts(row) + named(row));
    HEADER.len() + rows.sum::<usize>() + size_of_val(&TRAILER)
}

/// Appends the rows to `to` as the whole data of one COPY.
pub fn encode(rows: &[Message], to: &mut BytesMut) {
    to.put_slice(HEADER);
    for row in rows {
        to.put_i16(COLUMNS);
        put_number(row.id.0, to);
        put_number(row.seq.0, to);
        put_number(row.group.id.0, to);
        put_number(row.user.id.0, to);
        put_number(micros(row.created_at), to);
        put_text(&row.content, to);
        match &row.client_id {
            Some(client_id) => put_text(client_id, to),
            None => to.put_i32(NULL),
        }
        match &row.details {
            Some(details) => put_details(details, to),
            None => (0..3).for_each(|_| to.put_i32(NULL)),
        }
    }
    to.put_i16(TRAILER);
}

/// Bytes that [`put_details`] makes beside the length of each column.
fn details_bytes(details: &MessageDetails) -> usize {
    let numbers = [details.reply_to, details.thread_id].into_iter().flatten().count();
    let mentions = details.mentions.len();
    numbers * 8 + if mentions == 0 { 0 } else { ARRAY_BYTES + mentions * ELEMENT_BYTES }
}

fn put_details(details: &MessageDetails, to: &mut BytesMut) {
    for id in [details.reply_to, details.thread_id] {
        match id {
            Some(id) => put_number(id.0, to),
            None => to.put_i32(NULL),
        }
    }
    if details.mentions.is_empty() {
        return to.put_i32(NULL);
    }
    // Contents are bounded, and so are those that they mention.
    let count = details.mentions.len();
    to.put_i32((ARRAY_BYTES + count * ELEMENT_BYTES) as i32);
    for number in [1, 0, BIGINT, count as i32, 1] {
        to.put_i32(number);
    }
    details.mentions.iter().for_each(|user| put_number(user.0, to));
}

/// A point in time as Postgres stores it. What is beyond its range is refused by the database.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.0.saturating_sub(EPOCH_MICROS)
}

/// A point in time as read from Postgres.
pub(super) fn timestamp(micros: i64) -> Timestamp {
    Timestamp(micros.saturating_add(EPOCH_MICROS))
}

fn put_number(value: i64, to: &mut BytesMut) {
    to.put_i32(8);
    to.put_i64(value);
}

/// Contents are bounded far below 2 GiB.
fn put_text(text: &str, to: &mut BytesMut) {
    to.put_i32(text.len() as i32);
    to.put_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::BytesMut;

    use super::{encode, encoded_bytes};
    use crate::model::{
        Group, GroupId, JoinPolicy, Message, MessageDetails, MessageId, Seq, Timestamp, User, UserId,
    };

    #[test]
    fn rows_are_laid_out_as_the_manual_says_in_the_space_foreseen() {
        let message = Message {
            id: MessageId(1),
            seq: Seq(2),
            group: Arc::new(Group {
                id: GroupId(3),
                name: "g".into(),
                is_private: false,
                topic: "".into(),
                join: JoinPolicy::Open,
            }),
            user: Arc::new(User { id: UserId(4), username: "u".into(), email: "e".into(), is_admin: false }),
            content: "\\N".into(),
            client_id: Some("c".into()),
            created_at: Timestamp(946_684_800_000_005),
            details: None,
        };
        let details = MessageDetails {
            reply_to: Some(MessageId(6)),
            thread_id: None,
            mentions: [UserId(7), UserId(8)].into(),
            ..MessageDetails::default()
        };
        let named = Message { details: Some(Box::new(details)), ..message.clone() };
        let rows = [Message { client_id: None, ..message.clone() }, message, named];
        let mut data = BytesMut::new();
        encode(&rows, &mut data);
        assert_eq!(data.len(), encoded_bytes(&rows));

        let mut expected = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
        let numbers = (1..=5_i64).flat_map(|n| [&8_i32.to_be_bytes()[..], &n.to_be_bytes()].concat());
        let row = [vec![0, 10], numbers.collect(), b"\0\0\0\x02\\N".to_vec()].concat();
        let null = &[0xff; 4][..];
        expected.extend([&row[..], &null.repeat(4), &row, b"\0\0\0\x01c", &null.repeat(3), &row].concat());
        expected.extend(b"\0\0\0\x01c\0\0\0\x08\0\0\0\0\0\0\0\x06\xff\xff\xff\xff\0\0\0\x2c");
        expected.extend([1_i32, 0, 20, 2, 1].map(i32::to_be_bytes).concat());
        expected.extend(b"\0\0\0\x08\0\0\0\0\0\0\0\x07\0\0\0\x08\0\0\0\0\0\0\0\x08\xff\xff");
        assert_eq!(data, expected);
    }
}
