//! Commands, good and bad.

use super::*;

fn check(frame: &str, expected: Result<Command<'_>, &str>) {
    CommandParser::default().parse(frame, |result| {
        let result = result.map(|request| request.command).map_err(|bad| bad.reason);
        assert_eq!(result, expected.map_err(String::from), "{frame}");
    });
}

#[test]
fn commands_are_read() {
    let group = GroupId(7);
    check(r#"{"type":"ping","unknown":{"a":[1,{"type":"x"}]}}"#, Ok(Command::Ping));
    check(
        r#"{"type":"send","group_id":7,"content":"a\"\u00e9","client_id":"c"}"#,
        Ok(Command::Send { group, content: "a\"é", client_id: Some("c"), ephemeral: false }),
    );
    check(
        r#"{"type":"hello","username":"ann","resume":{"7":3,"8":0}}"#,
        Ok(Command::Hello { username: Some("ann"), resume: vec![(group, Seq(3)), (GroupId(8), Seq(0))] }),
    );
    check(
        r#"{"type":"subscribe","group":"g","after":5}"#,
        Ok(Command::Subscribe { group: GroupRef::Name("g"), after: Some(Seq(5)) }),
    );
    check(r#"{"on":1,"type":"typing","group_id":7,"on":true}"#, Ok(Command::Typing { group, on: true }));
    check(
        r#"{"type":"history","group_id":7,"before":9,"limit":5000}"#,
        Ok(Command::History { group, before: Some(Seq(9)), after: None, limit: Some(5000) }),
    );
}

#[test]
fn what_is_wrong_is_named() {
    check("[]", Err("the frame is not a JSON object"));
    check(r#"{"type":"ping"}}"#, Err("the frame is not valid JSON: Extra data: character 15"));
    check(r#"{"type":"send","group_id":7,"content":"\ud800"}"#, Err("content: unpaired surrogate escape"));
    check(r#"{"type":"history","group_id":7,"limit":1e400}"#, Err("limit: number out of range"));
    check(
        &format!(r#"{{"type":"ping","{}":"\udc00"}}"#, "x".repeat(65)),
        Err("the frame is not valid JSON: Unpaired surrogate escape: character 84"),
    );
    check("{}", Err("type: missing"));
    check(r#"{"type":5}"#, Err("type: should be a string"));
    check(r#"{"type":"dance"}"#, Err("type: unknown"));
    check(r#"{"type":"send","content":"x"}"#, Err("group_id: missing"));
    check(r#"{"type":"send","group_id":1.5,"content":"x"}"#, Err("group_id: should be an integer"));
    check(r#"{"type":"send","group_id":7}"#, Err("content: missing"));
    check(r#"{"type":"send","group_id":7,"content":"\u0000"}"#, Err("content: should not contain NUL"));
    check(r#"{"type":"history","group_id":7,"limit":0}"#, Err("limit: should be at least 1"));
    check(r#"{"type":"subscribe","group_id":7,"after":-1}"#, Err("after: should not be negative"));
    check(r#"{"type":"hello","resume":{"x":1}}"#, Err("resume: should be an object of places by group_id"));
    check(&"[".repeat(100_000), Err("the frame is not valid JSON: Nested too deeply: character 128"));
}

#[test]
fn the_id_is_returned_even_with_an_error() {
    CommandParser::default().parse(r#"{"id":"x","type":"nothing"}"#, |result| {
        assert_eq!(result.unwrap_err().id, Some(RequestId::Text("x".into())));
    });
    CommandParser::default().parse(r#"{"id":-3,"type":"ping"}"#, |result| {
        assert_eq!(result.unwrap().id, Some(RequestId::Integer(-3)));
    });
    let escaped = format!(r#"{{"id":"{}","type":}}"#, r"\u00e9".repeat(32));
    for (frame, id) in [
        (r#"{"id":7,"content":"\ud800"}"#, Some(RequestId::Integer(7))),
        (&escaped, Some(RequestId::Text("é".repeat(32).into()))),
        (&escaped.replace(r"\u00e9", r"\u20ac"), None),
        (r#"{"id":1.5,"#, None),
        (r#"{"id":9223372036854775808,"#, None),
        (r#"{"id":[7],"#, None),
    ] {
        CommandParser::default().parse(frame, |result| assert_eq!(result.unwrap_err().id, id, "{frame}"));
    }
    check(&format!(r#"{{"id":"{}","type":"ping"}}"#, "x".repeat(65)), Err("id: longer than 64 bytes"));
    check(r#"{"id":true,"type":"ping"}"#, Err("id: should be a string or an integer"));
}
