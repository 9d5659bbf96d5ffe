//! Rows for Postgres, in the binary format of COPY.

use bytes::{Buf, BytesMut};
use groupcast::model::Message;
use groupcast::store::copy::{encode, encoded_bytes};

use crate::input::Input;
use crate::message::message;

/// Microseconds from 1970 to 2000, where Postgres counts from.
const EPOCH: i64 = 946_684_800_000_000;

/// The number of `bigint` among the types.
const BIGINT: i32 = 20;

/// A decoder written after the manual (<https://www.postgresql.org/docs/current/sql-copy.html>) gives the rows back, in the
/// space foreseen.
pub fn copy(data: &[u8]) {
    let mut input = Input(data);
    let rows = input.list(4, message);
    let mut encoded = BytesMut::new();
    encode(&rows, &mut encoded);
    assert_eq!(encoded.len(), encoded_bytes(&rows));
    let decoded = decode(&encoded);
    assert_eq!(decoded.len(), rows.len());
    for (fields, row) in decoded.iter().zip(&rows) {
        compare(fields, row);
    }
}

type Fields<'d> = Vec<Option<&'d [u8]>>;

/// The fields of all rows; `None` for NULL.
fn decode(mut data: &[u8]) -> Vec<Fields<'_>> {
    data = data.strip_prefix(b"PGCOPY\n\xff\r\n\0").expect("the signature");
    assert_eq!(data.get_i32(), 0, "flags");
    let extension = data.get_i32();
    data.advance(extension.try_into().unwrap());
    let mut rows = Vec::new();
    loop {
        let columns = data.get_i16();
        if columns == -1 {
            assert!(data.is_empty(), "something is behind the end");
            return rows;
        }
        rows.push((0..columns).map(|_| field(&mut data)).collect());
    }
}

fn field<'d>(data: &mut &'d [u8]) -> Option<&'d [u8]> {
    let length = data.get_i32();
    if length == -1 {
        return None;
    }
    let (field, rest) = data.split_at(length.try_into().unwrap());
    *data = rest;
    Some(field)
}

fn compare(fields: &Fields<'_>, row: &Message) {
    let number = |index: usize| fields[index].map(|bytes| i64::from_be_bytes(bytes.try_into().unwrap()));
    let text = |index: usize| fields[index].map(|bytes| str::from_utf8(bytes).unwrap());
    let details = row.details.as_deref();
    assert_eq!(fields.len(), 10);
    assert_eq!(number(0), Some(row.id.0));
    assert_eq!(number(1), Some(row.seq.0));
    assert_eq!(number(2), Some(row.group.id.0));
    assert_eq!(number(3), Some(row.user.id.0));
    assert_eq!(number(4), Some(row.created_at.0 - EPOCH));
    assert_eq!(text(5), Some(&*row.content));
    assert_eq!(text(6), row.client_id.as_deref());
    assert_eq!(number(7), details.and_then(|details| details.reply_to).map(|id| id.0));
    assert_eq!(number(8), details.and_then(|details| details.thread_id).map(|id| id.0));
    let mentions: Vec<i64> =
        details.iter().flat_map(|details| &details.mentions).map(|user| user.0).collect();
    assert_eq!(fields[9].map(array), Some(mentions).filter(|mentions| !mentions.is_empty()));
}

/// An array of one dimension of `bigint`, counted from 1.
fn array(mut data: &[u8]) -> Vec<i64> {
    assert_eq!((data.get_i32(), data.get_i32(), data.get_i32()), (1, 0, BIGINT));
    let (length, first) = (data.get_i32(), data.get_i32());
    assert_eq!(first, 1);
    let elements = (0..length).map(|_| field(&mut data).expect("a number").get_i64()).collect();
    assert!(data.is_empty());
    elements
}
