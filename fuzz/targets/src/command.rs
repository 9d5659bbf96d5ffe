//! Commands of JSON mode.

use std::fmt::Debug;
use std::num::NonZero;

use groupcast::model::limits::REQUEST_ID_BYTES_MAX;
use groupcast::model::{GroupId, MessageId, Seq};
use groupcast::protocol::command::{CommandParser, Fields, FromField, RequestId};
use serde_json::{Map, Value};

use crate::http::is_shallow;

/// Fields that commands have, of each type.
const NAMES: &[&str] = &[
    "after",
    "client_id",
    "content",
    "emoji",
    "ephemeral",
    "group_id",
    "id",
    "limit",
    "on",
    "resume",
    "seq",
    "type",
];

const GOOD: &str = r#"{"type":"send","id":7,"group_id":4711,"content":"a\u00e9"}"#;

/// A frame is refused where serde_json refuses it, and has the fields that this finds; whatever it was, the next one is
/// read as it should be.
pub fn command(data: &[u8]) {
    let frame = String::from_utf8_lossy(data);
    let mut parser = CommandParser::default();
    for _ in 0..2 {
        check(&mut parser, &frame);
        check(&mut parser, GOOD);
    }
}

fn check(parser: &mut CommandParser, frame: &str) {
    let twin = is_shallow(frame.as_bytes()).then(|| serde_json::from_str::<Value>(frame).ok());
    parser.parse(frame, |result| {
        let is_json = !result.as_ref().is_err_and(|bad| bad.reason.contains("not valid JSON"));
        let Some(twin) = twin else { return };
        assert_eq!(is_json, twin.is_some(), "{frame:?}: {result:?} {twin:?}");
        // What `-0` is, an integer or not, serde_json decides otherwise.
        let Some(twin) = twin.filter(|_| !frame.contains("-0")) else { return };
        let object = twin.as_object();
        let id = object.and_then(|object| as_request_id(object.get("id")?));
        match result {
            Ok(request) => {
                let object = object.expect("an object");
                assert_eq!(Some(request.command), object.get("type").and_then(Value::as_str));
                assert_eq!(request.id, id);
                for name in NAMES {
                    check_field(&request.fields, object, name);
                }
            }
            Err(bad) => {
                let has_id = object
                    .is_none_or(|object| object.get("id").is_none_or(|id| id.is_null()) || id.is_some());
                let has_type = object.is_some_and(|object| object.get("type").is_some_and(Value::is_string));
                assert!(!has_id || !has_type, "{frame:?}: {bad:?}");
                assert_eq!(bad.id, id, "{frame:?}");
            }
        }
    });
}

fn check_field(fields: &Fields<'_, '_>, object: &Map<String, Value>, name: &str) {
    let value = object.get(name).filter(|value| !value.is_null());
    same(fields, name, value, |value| value.as_str());
    same(fields, name, value, Value::as_bool);
    same(fields, name, value, Value::as_i64);
    same(fields, name, value, |value| value.as_i64().map(GroupId));
    same(fields, name, value, |value| value.as_i64().map(MessageId));
    same(fields, name, value, as_seq);
    same(fields, name, value, |value| NonZero::new(u64::try_from(value.as_i64()?).ok()?));
    same(fields, name, value, as_request_id);
    // Several of one name are one for serde_json, and as many as there are here.
    if let Some(object) = value.and_then(Value::as_object) {
        let places = fields.required::<Vec<(GroupId, Seq)>>(name);
        let expected = object.iter().map(|(group, seq)| Some((GroupId(group.parse().ok()?), as_seq(seq)?)));
        if let (Ok(places), Some(expected)) = (places, expected.collect::<Option<Vec<_>>>()) {
            assert!(expected.iter().all(|place| places.contains(place)), "{places:?} {expected:?}");
        }
    } else {
        same(fields, name, value, |_| None::<Vec<(GroupId, Seq)>>);
    }
}

/// Asserts that a field is read as the twin reads it: the value, nothing for `null`, an error that names it for what is of
/// another type.
fn same<'a, 'v, T>(
    fields: &Fields<'_, 'a>,
    name: &str,
    value: Option<&'v Value>,
    twin: impl Fn(&'v Value) -> Option<T>,
) where
    T: FromField<'a> + PartialEq + Debug + 'v,
{
    let found = fields.optional::<T>(name);
    match value.map(twin) {
        None => assert_eq!(found, Ok(None)),
        Some(Some(expected)) => assert_eq!(found, Ok(Some(expected))),
        Some(None) => assert!(
            found.as_ref().is_err_and(|reason| reason.starts_with(name)),
            "{name}: {value:?} {found:?}"
        ),
    }
}

fn as_seq(value: &Value) -> Option<Seq> {
    value.as_i64().filter(|&seq| seq >= 0).map(Seq)
}

fn as_request_id(value: &Value) -> Option<RequestId> {
    match value {
        Value::String(text) => {
            (text.len() <= REQUEST_ID_BYTES_MAX).then(|| RequestId::Text(text.as_str().into()))
        }
        value => value.as_i64().map(RequestId::Integer),
    }
}
