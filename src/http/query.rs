//! The query of a request.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::protocol::json::Value;

use super::integer::parse_integer;
use super::problem::{Place, Problem, Problems};

/// A query string, in the form that HTML forms send. What is not asked for is ignored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query<'q>(&'q str);

impl<'q> Query<'q> {
    /// The query of a URI, without the question mark.
    pub(super) fn new(query: Option<&'q str>) -> Self {
        Self(query.unwrap_or_default())
    }

    /// The value of a parameter, decoded; the last one if there are several.
    pub(super) fn get(self, name: &str) -> Option<Cow<'q, str>> {
        self.0.rsplit('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            // A bare `&` is no parameter.
            (!pair.is_empty() && decode(key) == name).then(|| decode(value))
        })
    }

    /// An integer of at least 0 that fits 63 bits.
    pub(super) fn count(self, name: &'static str, default: u64, problems: &mut Problems) -> u64 {
        let Some(text) = self.get(name) else { return default };
        let Some(value) = integer(name, Place::Query, &text, problems) else { return default };
        let (kind, message, bound) = if value < 0 {
            ("greater_than_equal", "Input should be greater than or equal to 0", ("ge", Value::Integer(0)))
        } else if value > i64::MAX.into() {
            (
                "less_than_equal",
                "Input should be less than or equal to 9223372036854775807",
                ("le", Value::Integer(i64::MAX.into())),
            )
        } else {
            return value as u64;
        };
        problems.add(Problem {
            kind,
            place: Place::Query,
            field: Some(name),
            message,
            input: &Value::String(&text),
            context: Some(bound),
        });
        default
    }

    /// An integer of any size, if the parameter is there.
    pub(super) fn integer(self, name: &'static str, problems: &mut Problems) -> Option<i128> {
        integer(name, Place::Query, &self.get(name)?, problems)
    }
}

/// An integer in a path.
pub(super) fn path_integer(name: &'static str, text: &str) -> Result<i128, Problems> {
    let mut problems = Problems::default();
    integer(name, Place::Path, text, &mut problems).ok_or(problems)
}

fn integer(name: &'static str, place: Place, text: &str, problems: &mut Problems) -> Option<i128> {
    parse_integer(text)
        .map_err(|error| {
            let (kind, message) = error.describe();
            let input = &Value::String(text);
            problems.add(Problem { kind, place, field: Some(name), message, input, context: None });
        })
        .ok()
}

/// Decodes `+` and `%XX`; what is not UTF-8 becomes U+FFFD.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Cow::Borrowed(text);
    }
    let text = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&text).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn parameters_are_decoded_and_the_last_counts() {
        for (query, expected) in [
            ("", None),
            ("b=1", None),
            ("A=1", None),
            ("a", Some("")),
            ("a=", Some("")),
            ("a=1", Some("1")),
            ("a=1&a=b", Some("b")),
            ("&&a=1&", Some("1")),
            ("a=1=2", Some("1=2")),
            ("a=1;b=2", Some("1;b=2")),
            ("%61=%31", Some("1")),
            ("a=x+y%2Bz", Some("x y+z")),
            ("a=%", Some("%")),
            ("a=%zz", Some("%zz")),
            ("a=%ff", Some("\u{fffd}")),
            ("a=%C3%BC", Some("ü")),
        ] {
            assert_eq!(Query::new(Some(query)).get("a").as_deref(), expected, "{query}");
        }
    }
}
