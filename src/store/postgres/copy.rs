//! The binary format of COPY, as bytes: <https://www.postgresql.org/docs/current/sql-copy.html>.

use bytes::{BufMut, BytesMut};

use crate::model::{Message, Timestamp};

/// The statement that takes what [`encode`] makes.
pub(super) const STATEMENT: &str =
    "COPY messages (id, seq, group_id, user_id, created_at, content, client_id) FROM STDIN (FORMAT binary)";

/// Signature, flags and the length of a header extension that is not there.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: i16 = -1;
const COLUMNS: i16 = 7;
const NULL: i32 = -1;

/// Bytes of a row aside from its texts: the number of columns, a length for each, five numbers.
const ROW_BYTES: usize = 2 + 7 * 4 + 5 * 8;

/// Microseconds from 1970-01-01 to 2000-01-01, where Postgres counts from.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// How many bytes [`encode`] makes of these rows.
pub fn encoded_bytes(rows: &[Message]) -> usize {
    let texts = |row: &Message| row.content.len() + row.client_id.as_ref().map_or(0, |id| id.len());
    HEADER.len() + rows.iter().map(|row| ROW_BYTES + texts(row)).sum::<usize>() + size_of_val(&TRAILER)
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
    }
    to.put_i16(TRAILER);
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
    use crate::model::{Group, GroupId, JoinPolicy, Message, MessageId, Seq, Timestamp, User, UserId};

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
        };
        let rows = [Message { client_id: None, ..message.clone() }, message];
        let mut data = BytesMut::new();
        encode(&rows, &mut data);
        assert_eq!(data.len(), encoded_bytes(&rows));

        let mut expected = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
        let numbers = (1..=5_i64).flat_map(|n| [&8_i32.to_be_bytes()[..], &n.to_be_bytes()].concat());
        let row = [vec![0, 7], numbers.collect(), b"\0\0\0\x02\\N".to_vec()].concat();
        expected.extend([&row[..], b"\xff\xff\xff\xff", &row, b"\0\0\0\x01c\xff\xff"].concat());
        assert_eq!(data, expected);
    }
}
