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
