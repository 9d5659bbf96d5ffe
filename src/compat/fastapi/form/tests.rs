use super::{Form, Length};
use crate::compat::fastapi::json;

/// What the client is told, without the envelope; empty if nothing is wrong.
fn problems(body: &str, take: impl FnOnce(&mut Form<'_>)) -> String {
    let mut scratch = Vec::new();
    let value = json::parse(body, &mut scratch).unwrap();
    let mut form = Form::new(&value);
    take(&mut form);
    let Err(problems) = form.finish() else { return String::new() };
    let body = String::from_utf8(problems.into_json()).unwrap();
    body.strip_prefix("{\"detail\":[").unwrap().strip_suffix("]}").unwrap().to_owned()
}

#[test]
fn texts() {
    for (value, expected) in [
        ("\"x\"", ""),
        ("\"\"", ""),
        ("\"ééé\"", ""),
        (
            "1",
            r#"{"type":"string_type","loc":["body","f"],"msg":"Input should be a valid string","input":1}"#,
        ),
        (
            "null",
            r#"{"type":"string_type","loc":["body","f"],"msg":"Input should be a valid string","input":null}"#,
        ),
        (
            "[1,\"a\",null,true,1.0,1e100,{\"z\":1}]",
            r#"{"type":"string_type","loc":["body","f"],"msg":"Input should be a valid string","input":[1,"a",null,true,1.0,1e+100,{"z":1}]}"#,
        ),
        (
            "\"éééé\"",
            r#"{"type":"string_too_long","loc":["body","f"],"msg":"String should have at most 3 characters","input":"éééé","ctx":{"max_length":3}}"#,
        ),
        (
            "\"\\u0000\"",
            r#"{"type":"value_error","loc":["body","f"],"msg":"Value error, must not contain NUL characters","input":"\u0000"}"#,
        ),
    ] {
        let body = format!("{{\"f\":{value}}}");
        assert_eq!(
            problems(&body, |form| {
                form.text("f", Length::Characters(3));
            }),
            expected
        );
    }
}

#[test]
fn optional_texts() {
    for (body, expected) in [
        ("{}", ""),
        ("{\"f\":null}", ""),
        ("{\"f\":\"abc\"}", ""),
        (
            "{\"f\":\"\"}",
            r#"{"type":"string_too_short","loc":["body","f"],"msg":"String should have at least 1 character","input":"","ctx":{"min_length":1}}"#,
        ),
        (
            "{\"f\":\"éé\"}",
            r#"{"type":"string_too_long","loc":["body","f"],"msg":"String should have at most 3 bytes","input":"éé","ctx":{"max_length":3}}"#,
        ),
    ] {
        assert_eq!(
            problems(body, |form| {
                form.optional_text("f", Length::Bytes(3));
            }),
            expected
        );
    }
}

#[test]
fn booleans() {
    for (values, expected) in [
        (
            "true 1 1.0 1e0 \"1\" \"t\" \"T\" \"y\" \"Y\" \"yes\" \"Yes\" \"YES\" \"on\" \"On\" \"true\" \"tRue\"",
            true,
        ),
        ("false 0 0.0 -0.0 -0 \"0\" \"f\" \"n\" \"no\" \"NO\" \"off\" \"oFF\" \"false\"", false),
    ] {
        for value in values.split(' ') {
            let body = format!("{{\"f\":{value}}}");
            let told = problems(&body, |form| assert_eq!(form.boolean("f"), expected, "{value}"));
            assert_eq!(told, "", "{value}");
        }
    }
    for value in ["2", "-1", "\"maybe\"", "\"\"", "\" true\"", "\"true \"", "\"2\""] {
        let told = problems(&format!("{{\"f\":{value}}}"), |form| {
            form.boolean("f");
        });
        let expected = format!(
            r#"{{"type":"bool_parsing","loc":["body","f"],"msg":"Input should be a valid boolean, unable to interpret input","input":{value}}}"#
        );
        assert_eq!(told, expected);
    }
    for value in ["1.5", "null", "[]", "{}"] {
        let told = problems(&format!("{{\"f\":{value}}}"), |form| {
            form.boolean("f");
        });
        let expected = format!(
            r#"{{"type":"bool_type","loc":["body","f"],"msg":"Input should be a valid boolean","input":{value}}}"#
        );
        assert_eq!(told, expected);
    }
}

#[test]
fn integers() {
    for (value, expected) in
        [("5", 5), ("-5", -5), ("5.0", 5), ("\" 5\"", 5), ("18446744073709551615", 1 << 64)]
    {
        let expected = if expected == 1 << 64 { expected - 1 } else { expected };
        let told = problems(&format!("{{\"f\":{value}}}"), |form| assert_eq!(form.integer("f"), expected));
        assert_eq!(told, "");
    }
    for (value, kind) in [
        ("1.5", "int_from_float"),
        ("\"x\"", "int_parsing"),
        ("true", "int_type"),
        ("null", "int_type"),
        ("[]", "int_type"),
    ] {
        let told = problems(&format!("{{\"f\":{value}}}"), |form| {
            form.integer("f");
        });
        assert!(told.starts_with(&format!("{{\"type\":\"{kind}\"")), "{told}");
    }
}

#[test]
fn all_problems_are_told_in_the_order_of_the_fields() {
    let told = problems(r#"{"x":1,"email":"bad"}"#, |form| {
        form.text("username", Length::Any);
        form.email("email", Length::Any);
    });
    assert_eq!(
        told,
        concat!(
            r#"{"type":"missing","loc":["body","username"],"msg":"Field required","input":{"x":1,"email":"bad"}},"#,
            r#"{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: An email "#,
            r#"address must have an @-sign.","input":"bad","ctx":{"reason":"An email address must have an @-sign."}}"#,
        )
    );
}

#[test]
fn what_may_be_left_out() {
    const CHOICES: &[(&str, u8)] = &[("a", 1), ("b", 2), ("c", 3)];
    let take = |form: &mut Form<'_>| {
        (
            form.optional_note("note", Length::Characters(3)).map(str::to_owned),
            form.optional_secret("secret", Length::Bytes(3)).map(str::to_owned),
            form.optional_email("email", Length::Characters(20)),
            form.optional_integer("integer"),
            form.optional_choice("choice", CHOICES),
            form.optional_instant("instant"),
        )
    };
    for body in
        ["{}", r#"{"note":null,"secret":null,"email":null,"integer":null,"choice":null,"instant":null}"#]
    {
        assert_eq!(
            problems(body, |form| assert_eq!(take(form), (None, None, None, None, None, None))),
            "",
            "{body}"
        );
    }
    let body = r#"{"note":"","secret":"\u0000","email":"A <a@B.com>","integer":"7","choice":"c","instant":"1970-01-01T00:00:01Z"}"#;
    let expected = Some((Some(""), Some("\0"), Some("a@b.com"), Some(7), Some(3), Some(1_000_000)));
    let mut taken = None;
    assert_eq!(problems(body, |form| taken = Some(take(form))), "");
    let taken = taken.as_ref().map(|(note, secret, email, integer, choice, instant)| {
        (note.as_deref(), secret.as_deref(), email.as_deref(), *integer, *choice, *instant)
    });
    assert_eq!(taken, expected);
    for (body, kind) in [
        (r#"{"note":"long"}"#, "string_too_long"),
        (r#"{"note":"\u0000"}"#, "value_error"),
        (r#"{"secret":""}"#, "string_too_short"),
        (r#"{"email":""}"#, "value_error"),
        (r#"{"integer":"x"}"#, "int_parsing"),
        (r#"{"choice":"d"}"#, "literal_error"),
        (r#"{"choice":1}"#, "literal_error"),
        (r#"{"instant":1}"#, "datetime_type"),
        (r#"{"instant":"1970-01-01T00:00:01"}"#, "timezone_aware"),
    ] {
        let found = problems(body, |form| drop(take(form)));
        assert!(found.starts_with(&format!(r#"{{"type":"{kind}""#)), "{body}: {found}");
    }
    assert_eq!(
        problems(r#"{"choice":"d"}"#, |form| drop(take(form))),
        r#"{"type":"literal_error","loc":["body","choice"],"msg":"Input should be 'a', 'b' or 'c'","input":"d","ctx":{"expected":"'a', 'b' or 'c'"}}"#
    );
}
