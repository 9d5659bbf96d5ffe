//! Frames, good and bad.

use std::num::NonZero;

use super::*;
use crate::model::Seq;

/// The reason why a frame is refused.
fn reason(frame: &str) -> Option<String> {
    CommandParser::default().parse(frame, |result| result.err().map(|bad| bad.reason))
}

/// What `read` makes of the fields of a ping that has this one beside.
fn read<T>(field: &str, read: impl FnOnce(&Fields<'_, '_>) -> T) -> T {
    let frame = format!(r#"{{"type":"ping",{field},"after":[{{"x":1}},2]}}"#);
    CommandParser::default().parse(&frame, |result| read(&result.unwrap().fields))
}

#[test]
fn fields_have_types() {
    assert_eq!(read(r#""x":"a\"\u00e9""#, |f| f.required::<&str>("x").map(str::to_owned)), Ok("a\"é".into()));
    assert_eq!(read(r#""x":true"#, |f| f.required("x")), Ok(true));
    assert_eq!(read(r#""x":-7"#, |f| f.required("x")), Ok(GroupId(-7)));
    assert_eq!(read(r#""x":7"#, |f| f.required("x")), Ok(Seq(7)));
    assert_eq!(read(r#""x":7"#, |f| f.required("x")), Ok(NonZero::<u64>::new(7).unwrap()));
    let resume = vec![(GroupId(7), Seq(3)), (GroupId(8), Seq(0))];
    assert_eq!(read(r#""x":{"7":3,"8":0}"#, |f| f.required("x")), Ok(resume));
}

#[test]
fn an_absent_field_is_as_null_and_the_last_of_a_name_counts() {
    assert_eq!(read(r#""x":null"#, |f| f.optional::<bool>("x")), Ok(None));
    assert_eq!(read(r#""y":1"#, |f| f.optional::<bool>("x")), Ok(None));
    assert_eq!(read(r#""x":null"#, |f| f.required::<bool>("x")), Err("x: missing".into()));
    assert_eq!(read(r#""x":1,"y":{"x":2,"z":[3]},"x":true"#, |f| f.required("x")), Ok(true));
}

#[test]
fn what_is_wrong_with_a_field_is_named() {
    let wrong = |field: &str, expected: &str| {
        let reasons = read(field, |f| {
            [
                f.required::<&str>("text").err(),
                f.required::<bool>("flag").err(),
                f.required::<GroupId>("group").err(),
                f.required::<Seq>("seq").err(),
                f.required::<NonZero<u64>>("count").err(),
                f.required::<Vec<(GroupId, Seq)>>("resume").err(),
            ]
        });
        let reasons: Vec<String> =
            reasons.into_iter().flatten().filter(|r| !r.ends_with("missing")).collect();
        assert_eq!(reasons, [expected], "{field}");
    };
    wrong(r#""text":1"#, "text: should be a string");
    wrong(r#""flag":1"#, "flag: should be true or false");
    wrong(r#""group":1.5"#, "group: should be an integer");
    wrong(r#""group":9223372036854775808"#, "group: too large");
    wrong(r#""seq":-1"#, "seq: should not be negative");
    wrong(r#""count":0"#, "count: should be at least 1");
    for resume in [r#"{"x":1}"#, r#"{"1":null}"#, r#"{"1":{"2":3}}"#, "[1,2]", "7"] {
        wrong(&format!(r#""resume":{resume}"#), "resume: should be an object of places by group_id");
    }
    wrong(r#""resume":{"1":-1}"#, "resume: should not be negative");
}

#[test]
fn what_is_wrong_with_a_frame_is_told() {
    for (frame, expected) in [
        ("[]", "the frame is not a JSON object"),
        (r#"{"type":"ping"}}"#, "the frame is not valid JSON: Extra data: character 15"),
        (r#"{"x":"\ud800"}"#, "the frame is not valid JSON: Unpaired surrogate escape: character 6"),
        (r#"{"x":1e400}"#, "the frame is not valid JSON: Number out of range: character 5"),
        ("{}", "type: missing"),
        (r#"{"type":5}"#, "type: should be a string"),
        (r#"{"id":true,"type":"ping"}"#, "id: should be a string or an integer"),
        (&format!(r#"{{"id":"{}","type":"ping"}}"#, "x".repeat(65)), "id: longer than 64 bytes"),
        (&"[".repeat(100_000), "the frame is not valid JSON: Nested too deeply: character 128"),
    ] {
        assert_eq!(reason(frame).as_deref(), Some(expected), "{frame}");
    }
}

#[test]
fn the_id_comes_back_from_whatever_is_json() {
    let id = |frame: &str| {
        CommandParser::default().parse(frame, |result| result.map_or_else(|bad| bad.id, |ok| ok.id))
    };
    assert_eq!(id(r#"{"id":"x"}"#), Some(RequestId::Text("x".into())));
    assert_eq!(id(r#"{"id":-3,"type":"ping"}"#), Some(RequestId::Integer(-3)));
    assert_eq!(id(r#"{"id":null,"type":"ping"}"#), None);
    assert_eq!(id(r#"{"id":7,"type":"ping""#), None);
}
