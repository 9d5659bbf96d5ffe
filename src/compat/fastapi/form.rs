//! The fields of a JSON body.

mod optional;

use super::choice::choose;
use super::email::normalize_email;
use super::integer::parse_integer;
use super::json::Value;
use super::problem::{Location, Problem, Problems};

/// A JSON object whose fields are taken one by one. What is wrong is collected, so that the client learns
/// all of it at once; a getter that finds something wrong gives a placeholder, and
/// [`finish`](Self::finish) keeps that from being used.
pub struct Form<'v> {
    object: &'v Value<'v>,
    problems: Problems,
}

/// How long a text may be.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    /// So many characters (Unicode scalar values).
    Characters(usize),
    /// So many bytes of UTF-8.
    Bytes(usize),
    /// Not checked here.
    Any,
}

impl<'v> Form<'v> {
    /// A form over a JSON object; any other value has no fields.
    pub fn new(object: &'v Value<'v>) -> Self {
        Self { object, problems: Problems::default() }
    }

    /// Ends the form.
    ///
    /// # Errors
    /// All that was wrong.
    pub fn finish(self) -> Result<(), Problems> {
        self.problems.check()
    }

    /// A text without NUL, which not every database can store.
    pub fn text(&mut self, name: &'static str, length: Length) -> &'v str {
        let Some(value) = self.required(name) else { return "" };
        self.storable(name, value, length)
    }

    /// A text that is not stored as it is, so that nothing but its length matters.
    pub fn secret(&mut self, name: &'static str, length: Length) -> &'v str {
        let Some(value) = self.required(name) else { return "" };
        self.string(name, value, length)
    }

    fn storable(&mut self, name: &'static str, value: &'v Value<'v>, length: Length) -> &'v str {
        let text = self.string(name, value, length);
        if text.contains('\0') {
            self.add(name, "value_error", "Value error, must not contain NUL characters", value, None);
        }
        text
    }

    fn string(&mut self, name: &'static str, value: &'v Value<'v>, length: Length) -> &'v str {
        let Value::String(text) = value else {
            self.add(name, "string_type", "Input should be a valid string", value, None);
            return "";
        };
        self.check_length(name, value, text, length);
        text
    }

    fn check_length(&mut self, name: &'static str, value: &Value<'_>, text: &str, length: Length) {
        let (found, max, unit) = match length {
            // No text has more characters than bytes, and counting bytes is free.
            Length::Characters(max) if text.len() <= max => return,
            Length::Characters(max) => (text.chars().count(), max, "characters"),
            Length::Bytes(max) => (text.len(), max, "bytes"),
            Length::Any => return,
        };
        if found > max {
            let message = format!("String should have at most {max} {unit}");
            let context = ("max_length", Value::Integer(max as i128));
            self.add(name, "string_too_long", &message, value, Some(context));
        }
    }

    /// An e-mail address, in its normal form.
    pub fn email(&mut self, name: &'static str, length: Length) -> String {
        let Some(value) = self.required(name) else { return String::new() };
        let Value::String(text) = value else {
            self.string(name, value, Length::Any);
            return String::new();
        };
        match normalize_email(text) {
            Ok(address) => {
                self.check_length(name, value, &address, length);
                address
            }
            Err(error) => {
                let reason = error.to_string();
                let message = format!("value is not a valid email address: {reason}");
                self.add(name, "value_error", &message, value, Some(("reason", Value::String(&reason))));
                String::new()
            }
        }
    }

    /// A boolean, or one of the words and numbers for it.
    pub fn boolean(&mut self, name: &'static str) -> bool {
        let Some(value) = self.required(name) else { return false };
        let is_any = |words: &[&str], text: &str| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        match value {
            Value::Bool(value) => return *value,
            Value::Integer(number @ (0 | 1)) => return *number == 1,
            Value::Float(number) if *number == 0.0 || *number == 1.0 => return *number == 1.0,
            Value::String(text) if is_any(&["1", "on", "t", "true", "y", "yes"], text) => return true,
            Value::String(text) if is_any(&["0", "f", "false", "n", "no", "off"], text) => return false,
            Value::String(_) | Value::Integer(_) => {
                let message = "Input should be a valid boolean, unable to interpret input";
                self.add(name, "bool_parsing", message, value, None);
            }
            _ => self.add(name, "bool_type", "Input should be a valid boolean", value, None),
        }
        false
    }

    /// What one of these words stands for; `None` if it is none of them.
    pub fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.required(name)?;
        choose(choices, value, Location::Body, name, &mut self.problems)
    }

    /// An integer of any size; also a whole number or a string of one.
    pub fn integer(&mut self, name: &'static str) -> i128 {
        let Some(value) = self.required(name) else { return 0 };
        let (kind, message) = match value {
            Value::Integer(number) => return *number,
            Value::Float(number) if number.fract() == 0.0 => return *number as i128,
            Value::Float(_) => {
                ("int_from_float", "Input should be a valid integer, got a number with a fractional part")
            }
            Value::String(text) => match parse_integer(text) {
                Ok(number) => return number,
                Err(error) => error.describe(),
            },
            _ => ("int_type", "Input should be a valid integer"),
        };
        self.add(name, kind, message, value, None);
        0
    }

    /// The same from 0 on. What does not fit is the highest that does.
    pub fn count(&mut self, name: &'static str) -> i64 {
        let number = self.integer(name);
        if let Some(value) = self.object.get(name).filter(|_| number < 0) {
            let context = ("ge", Value::Integer(0));
            self.add(
                name,
                "greater_than_equal",
                "Input should be greater than or equal to 0",
                value,
                Some(context),
            );
        }
        i64::try_from(number).unwrap_or(i64::MAX)
    }

    fn required(&mut self, name: &'static str) -> Option<&'v Value<'v>> {
        let value = self.object.get(name);
        if value.is_none() {
            self.add(name, "missing", "Field required", self.object, None);
        }
        value
    }

    fn add(
        &mut self,
        field: &'static str,
        kind: &'static str,
        message: &str,
        input: &Value<'_>,
        context: Option<(&'static str, Value<'_>)>,
    ) {
        let location = Location::Body;
        self.problems.add(Problem { kind, location, field: Some(field), message, input, context });
    }
}

#[cfg(test)]
mod tests;
