//! Bodies of requests.

use groupcast::compat::fastapi::email::normalize_email;
use groupcast::compat::fastapi::json::{self, DEPTH_MAX, Value};
use groupcast::compat::fastapi::{
    BodyError, Form, Length, parse_fields, parse_object, parse_optional_object,
};
use serde_json::Value as Twin;

use crate::http::{is_shallow, told};

const TYPES: &[Option<&[u8]>] = &[
    None,
    Some(b"application/json"),
    Some(b"application/vnd.api+json; charset=utf-8"),
    Some(b"application/x-www-form-urlencoded"),
    Some(b"text/plain"),
];

/// A text is JSON where it is to serde_json, with the same values; whatever fields a form asks for, it gets them or tells in
/// JSON what is wrong; and the normal form of an address is that of itself.
pub fn body(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        parse(text);
        for line in text.split('\n') {
            if let Ok(address) = normalize_email(line) {
                assert_eq!(normalize_email(&address).as_ref(), Ok(&address), "{line:?}");
            }
        }
    }
    let mut scratch = Vec::new();
    for content_type in TYPES {
        match parse_object(*content_type, data, &mut scratch) {
            Ok(object) => form(&object),
            Err(BodyError::Invalid(problems)) => told(problems),
            Err(BodyError::Unreadable) => assert!(str::from_utf8(data).is_err()),
        }
        let _ = parse_optional_object(*content_type, data, &mut scratch);
        if let Some(fields) = parse_fields(*content_type, data) {
            let fields = fields.iter().map(|(name, value)| (&**name, Value::String(value)));
            form(&Value::Object(fields.collect()));
        }
    }
}

fn parse(text: &str) {
    let mut scratch = Vec::new();
    let value = json::parse(text, &mut scratch);
    if is_shallow(text.as_bytes()) {
        let twin = serde_json::from_str::<Twin>(text).ok();
        assert_eq!(value.is_ok(), twin.is_some(), "{text:?}: {value:?} {twin:?}");
        if let (Ok(value), Some(twin)) = (&value, &twin) {
            same(value, twin);
        }
    }
    match value {
        Ok(value) => assert!(depth(&value) <= DEPTH_MAX),
        Err(error) => {
            assert!(error.position <= text.chars().count(), "{error}");
            assert_eq!(json::diagnose(text), error);
        }
    }
}

fn depth(value: &Value<'_>) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.iter().map(|(_, value)| depth(value)).max().unwrap_or_default(),
        _ => 0,
    }
}

fn same(value: &Value<'_>, twin: &Twin) {
    match (value, twin) {
        (Value::Null, Twin::Null) => {}
        (Value::Bool(value), Twin::Bool(twin)) => assert_eq!(value, twin),
        // What `-0` is, an integer or not, serde_json decides otherwise.
        (Value::Integer(0), Twin::Number(twin)) => assert_eq!(twin.as_f64(), Some(0.0)),
        (Value::Integer(value), Twin::Number(twin)) => assert_eq!(Some(*value), twin.as_i128()),
        // Neither rounds to the last digit, or to the smallest numbers.
        (Value::Float(value), Twin::Number(twin)) => {
            let twin = twin.as_f64().unwrap_or(f64::NAN);
            let near = value.abs().max(1e-300) * 1e-14;
            assert!((value - twin).abs() <= near, "{value:?} {twin:?}");
        }
        (Value::String(value), Twin::String(twin)) => assert_eq!(value, twin),
        (Value::Array(values), Twin::Array(twins)) => {
            assert_eq!(values.len(), twins.len());
            values.iter().zip(twins).for_each(|(value, twin)| same(value, twin));
        }
        (Value::Object(fields), Twin::Object(twins)) => {
            assert!(fields.iter().all(|(name, _)| twins.contains_key(*name)));
            twins.iter().for_each(|(name, twin)| same(value.get(name).expect("the field"), twin));
        }
        other => panic!("{other:?}"),
    }
}

/// Asks for fields in all ways.
fn form(object: &Value<'_>) {
    let mut form = Form::new(object);
    let choices = &[("open", 1), ("invite", 2)];
    let text = form.text("content", Length::Bytes(20)).to_owned();
    let name = form.text("name", Length::Characters(5)).to_owned();
    let _ = form.secret("password", Length::Any);
    let email = form.email("email", Length::Characters(100));
    let _ = form.boolean("is_private");
    let _ = form.choice("join", choices);
    let _ = form.integer("user_id");
    let count = form.count("seq");
    let _ = form.optional_text("topic", Length::Any);
    let _ = form.optional_note("reason", Length::Any);
    let _ = form.optional_secret("token", Length::Bytes(9));
    let _ = form.optional_email("mail", Length::Any);
    let _ = form.optional_integer("group_id");
    let within = form.optional_integer_within("limit", 1, 100);
    let _ = form.optional_choice("role", choices);
    let _ = form.optional_instant("until");
    match form.finish() {
        Ok(()) => {
            assert!(text.len() <= 20 && name.chars().count() <= 5 && count >= 0);
            assert!(!text.contains('\0') && !name.contains('\0') && email.contains('@'));
            assert!(within.is_none_or(|number| (1..=100).contains(&number)));
        }
        Err(problems) => told(problems),
    }
}
