//! Bodies of requests.

use std::borrow::Cow;

use super::json::{self, Value};
use super::problem::Problems;

/// Why a body is not taken.
#[derive(Clone, Debug)]
pub enum BodyError {
    /// 422
    Invalid(Problems),
    /// 400: the body is not UTF-8.
    Unreadable,
}

impl From<Problems> for BodyError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

/// Parses a body that should be a JSON object, sent with this `Content-Type`. `scratch` is overwritten; the strings of the object lie in it.
///
/// # Errors
/// [`BodyError`] if it is anything else.
pub fn parse_object<'s>(
    content_type: Option<&[u8]>,
    body: &[u8],
    scratch: &'s mut Vec<u8>,
) -> Result<Value<'s>, BodyError> {
    if body.is_empty() {
        return Err(Problems::of_missing_body().into());
    }
    if !is_json(content_type) {
        let text = String::from_utf8_lossy(body);
        return Err(Problems::of_body_type(&Value::String(&text)).into());
    }
    let text = str::from_utf8(body).map_err(|_| BodyError::Unreadable)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match json::parse(text, scratch).map_err(Problems::of_syntax)? {
        Value::Null => Err(Problems::of_missing_body().into()),
        object @ Value::Object(_) => Ok(object),
        other => Err(Problems::of_body_type(&other).into()),
    }
}

/// As [`parse_object`], of a body that may be absent or null, which is an object without fields.
///
/// # Errors
/// As of [`parse_object`].
pub fn parse_optional_object<'s>(
    content_type: Option<&[u8]>,
    body: &[u8],
    scratch: &'s mut Vec<u8>,
) -> Result<Value<'s>, BodyError> {
    if body.is_empty() || (is_json(content_type) && body.trim_ascii() == b"null") {
        return Ok(Value::Object(Vec::new()));
    }
    parse_object(content_type, body, scratch)
}

/// The fields of a body as HTML forms send it, decoded; `None` if it is of another type.
pub fn parse_fields<'b>(
    content_type: Option<&[u8]>,
    body: &'b [u8],
) -> Option<Vec<(Cow<'b, str>, Cow<'b, str>)>> {
    let media_type = content_type?.split(|&byte| byte == b';').next()?.trim_ascii();
    let is_form = media_type.eq_ignore_ascii_case(b"application/x-www-form-urlencoded");
    is_form.then(|| form_urlencoded::parse(body).collect())
}

/// Whether a body of this type is JSON: `application/json`, `application/*+json`, or not said.
fn is_json(content_type: Option<&[u8]>) -> bool {
    let Some(value) = content_type.filter(|value| !value.is_empty()) else { return true };
    let Some(value) = str::from_utf8(value).ok().filter(|value| value.is_ascii()) else { return false };
    let media_type = value.split(';').next().unwrap_or_default().trim();
    let Some((kind, subtype)) = media_type.split_once('/') else { return false };
    let suffix = subtype.len().checked_sub("+json".len()).and_then(|at| subtype.get(at..));
    kind.eq_ignore_ascii_case("application")
        && !subtype.contains('/')
        && (subtype.eq_ignore_ascii_case("json")
            || suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("+json")))
}

#[cfg(test)]
mod tests {
    use super::{is_json, parse_fields, parse_optional_object};
    use crate::compat::fastapi::json::Value;

    #[test]
    fn a_body_may_be_absent() {
        for (content_type, body, is_there) in [
            (None, "", true),
            (Some("text/plain"), "", true),
            (None, " null\n", true),
            (Some("text/plain"), "null", false),
            (None, "{}", true),
            (None, "1", false),
        ] {
            let mut scratch = Vec::new();
            let parsed =
                parse_optional_object(content_type.map(str::as_bytes), body.as_bytes(), &mut scratch);
            assert_eq!(parsed.is_ok_and(|value| value == Value::Object(Vec::new())), is_there, "{body}");
        }
    }

    #[test]
    fn forms_are_known_by_their_type() {
        let fields = |content_type: Option<&str>| {
            parse_fields(content_type.map(str::as_bytes), b"a=1+2&b=%C3%BC").map(|fields| fields.len())
        };
        assert_eq!(fields(None), None);
        assert_eq!(fields(Some("application/json")), None);
        assert_eq!(fields(Some("multipart/form-data; boundary=x")), None);
        assert_eq!(fields(Some("application/x-www-form-urlencoded")), Some(2));
        assert_eq!(fields(Some("Application/X-WWW-Form-Urlencoded ; charset=UTF-8")), Some(2));
    }

    #[test]
    fn media_types_that_are_json() {
        assert!(is_json(None));
        for (value, expected) in [
            ("", true),
            ("application/json", true),
            ("APPLICATION/JSON", true),
            ("application/json;", true),
            ("application/json; charset=utf-8", true),
            ("application/x+json", true),
            ("application/+json", true),
            ("application/vnd.api+json;a=b", true),
            ("application/JSON+xml", false),
            ("application/json, text/plain", false),
            ("application/jsonx", false),
            ("application/", false),
            ("application/x-www-form-urlencoded", false),
            ("text/json", false),
            ("json", false),
            ("application/ü+json", false),
        ] {
            assert_eq!(is_json(Some(value.as_bytes())), expected, "{value}");
        }
    }
}
