//! Parameters in queries and paths.

use std::borrow::Cow;

use super::choice::choose;
use super::integer::parse_integer;
use super::json::Value;
use super::problem::{Location, Problem, Problems};

/// A query string, in the form that HTML forms send. What is not asked for is ignored.
#[derive(Clone, Copy, Debug)]
pub struct Query<'q>(&'q str);

impl<'q> Query<'q> {
    /// The query of a URI, without the question mark.
    pub fn new(query: Option<&'q str>) -> Self {
        Self(query.unwrap_or_default())
    }

    /// The value of a parameter, decoded; the last one if there are several. What is not UTF-8 becomes U+FFFD.
    pub fn get(self, name: &str) -> Option<Cow<'q, str>> {
        form_urlencoded::parse(self.0.as_bytes())
            .filter(|(key, _)| key == name)
            .last()
            .map(|(_, value)| value)
    }

    /// An integer of at least 0 that fits 63 bits; `default` if it is absent, and if it is wrong, which is added to
    /// `problems`.
    pub fn count(self, name: &'static str, default: u64, problems: &mut Problems) -> u64 {
        let Some(text) = self.get(name) else { return default };
        let Some(value) = integer(name, Location::Query, &text, problems) else { return default };
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
            location: Location::Query,
            field: Some(name),
            message,
            input: &Value::String(&text),
            context: Some(bound),
        });
        default
    }

    /// The value of a parameter that there has to be; empty if it is absent, which is added to `problems`.
    pub fn required(self, name: &'static str, problems: &mut Problems) -> Cow<'q, str> {
        self.get(name).unwrap_or_else(|| {
            problems.add(Problem::missing(Location::Query, name));
            Cow::default()
        })
    }

    /// What one of these words stands for; `None` if it is absent, and if it is none of them, which is added to
    /// `problems`.
    pub fn choice<T: Copy>(
        self,
        name: &'static str,
        choices: &[(&str, T)],
        problems: &mut Problems,
    ) -> Option<T> {
        choose(choices, &Value::String(&self.get(name)?), Location::Query, name, problems)
    }

    /// An integer of any size; `None` if it is absent, and if it is wrong, which is added to `problems`.
    pub fn integer(self, name: &'static str, problems: &mut Problems) -> Option<i128> {
        integer(name, Location::Query, &self.get(name)?, problems)
    }
}

/// An integer in a path.
///
/// # Errors
/// What is wrong with it.
pub fn path_integer(name: &'static str, text: &str) -> Result<i128, Problems> {
    let mut problems = Problems::default();
    integer(name, Location::Path, text, &mut problems).ok_or(problems)
}

fn integer(name: &'static str, location: Location, text: &str, problems: &mut Problems) -> Option<i128> {
    parse_integer(text)
        .map_err(|error| {
            let (kind, message) = error.describe();
            let input = &Value::String(text);
            problems.add(Problem { kind, location, field: Some(name), message, input, context: None });
        })
        .ok()
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
