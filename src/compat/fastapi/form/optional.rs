//! Fields that may be absent or null.

use super::{Form, Length};
use crate::compat::fastapi::choice::choose;
use crate::compat::fastapi::instant::parse_instant;
use crate::compat::fastapi::json::Value;
use crate::compat::fastapi::problem::{Location, Problem};

impl<'v> Form<'v> {
    /// As [`text`](Self::text), or `None` if it is absent or null; not empty.
    pub fn optional_text(&mut self, name: &'static str, length: Length) -> Option<&'v str> {
        let value = self.optional(name)?;
        let text = self.storable(name, value, length);
        self.check_filled(name, value);
        Some(text)
    }

    /// As [`text`](Self::text), or `None` if it is absent or null; it may be empty.
    pub fn optional_note(&mut self, name: &'static str, length: Length) -> Option<&'v str> {
        let value = self.optional(name)?;
        Some(self.storable(name, value, length))
    }

    /// As [`secret`](Self::secret), or `None` if it is absent or null; not empty.
    pub fn optional_secret(&mut self, name: &'static str, length: Length) -> Option<&'v str> {
        let value = self.optional(name)?;
        let secret = self.string(name, value, length);
        self.check_filled(name, value);
        Some(secret)
    }

    /// As [`email`](Self::email), or `None` if it is absent or null.
    pub fn optional_email(&mut self, name: &'static str, length: Length) -> Option<String> {
        self.optional(name)?;
        Some(self.email(name, length))
    }

    /// As [`integer`](Self::integer), or `None` if it is absent or null.
    pub fn optional_integer(&mut self, name: &'static str) -> Option<i128> {
        self.optional(name)?;
        Some(self.integer(name))
    }

    /// As [`optional_integer`](Self::optional_integer), from `low` to `high`.
    pub fn optional_integer_within(&mut self, name: &'static str, low: i64, high: i64) -> Option<i64> {
        let value = self.optional(name)?;
        let number = self.integer(name);
        let (kind, than, bound) = if number < low.into() {
            ("greater_than_equal", "greater", ("ge", low))
        } else if number > high.into() {
            ("less_than_equal", "less", ("le", high))
        } else {
            return Some(number as i64);
        };
        let message = format!("Input should be {than} than or equal to {}", bound.1);
        self.add(name, kind, &message, value, Some((bound.0, Value::Integer(bound.1.into()))));
        None
    }

    /// What `take` makes of the fields of an object; `None` if it is absent, `Some(None)` if it is null or no object.
    pub fn optional_object<T>(
        &mut self,
        name: &'static str,
        take: impl FnOnce(&mut Self) -> T,
    ) -> Option<Option<T>> {
        let value = self.object.get(name)?;
        match value {
            Value::Null => Some(None),
            Value::Object(_) => {
                let outer = std::mem::replace(&mut self.object, value);
                let within = self.problems.within.replace(name);
                let taken = take(self);
                (self.object, self.problems.within) = (outer, within);
                Some(Some(taken))
            }
            _ => {
                let message = "Input should be a valid dictionary or object to extract fields from";
                self.add(name, "model_attributes_type", message, value, None);
                Some(None)
            }
        }
    }

    /// What one of these words stands for, or `None` if it is absent or null.
    pub fn optional_choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.optional(name)?;
        choose(choices, value, Location::Body, name, &mut self.problems)
    }

    /// A point in time in RFC 3339, as microseconds since 1970; `None` if it is absent or null.
    pub fn optional_instant(&mut self, name: &'static str) -> Option<i64> {
        let value = self.optional(name)?;
        let (kind, message) = match value {
            Value::String(text) => match parse_instant(text) {
                Ok(instant) => return Some(instant),
                Err(error) => error.describe(),
            },
            _ => ("datetime_type", "Input should be a valid datetime"),
        };
        self.add(name, kind, message, value, None);
        None
    }

    /// Says that a field is missing, without telling what was sent in its place.
    pub fn missing(&mut self, name: &'static str) {
        self.problems.add(Problem::missing(Location::Body, name));
    }

    fn optional(&self, name: &str) -> Option<&'v Value<'v>> {
        self.object.get(name).filter(|value| **value != Value::Null)
    }

    fn check_filled(&mut self, name: &'static str, value: &Value<'_>) {
        if *value == Value::String("") {
            let context = ("min_length", Value::Integer(1));
            let message = "String should have at least 1 character";
            self.add(name, "string_too_short", message, value, Some(context));
        }
    }
}
