//! What can be learned from an object that is not quite JSON.

use crate::compat::fastapi::json::{SyntaxError, UNHELD, Value, fault, parse};

/// What is left of a JSON object that the parser refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salvage<'t> {
    text: &'t str,
    /// Why it was refused.
    pub error: SyntaxError,
    /// The field that holds what is JSON and still can not be held: half of a surrogate pair, a number out of
    /// range. `None` if the text is not JSON, and if the field's name itself is at fault.
    pub field: Option<&'t str>,
}

impl<'t> Salvage<'t> {
    /// Finds out why `text` was refused.
    pub fn of(text: &'t str) -> Self {
        let (at, reason) = fault(text);
        let is_unheld = UNHELD.contains(&reason);
        let field =
            Fields::of(text).find(|field| is_unheld && field.value.contains(&at)).map(|field| field.name);
        Self { text, error: SyntaxError::at(text, at, reason), field }
    }

    /// Hands the value of a field to `take`, if the field can be made out, and its value is JSON and has at most
    /// `bytes_max` bytes as it is written. Of several with one name the last counts.
    pub fn read<R>(
        &self,
        name: &str,
        bytes_max: usize,
        take: impl FnOnce(&Value<'_>) -> Option<R>,
    ) -> Option<R> {
        let field = Fields::of(self.text).filter(|field| field.name == name).last()?;
        let value = self.text.get(field.value).filter(|value| value.len() <= bytes_max)?;
        let mut scratch = Vec::new();
        take(&parse(value, &mut scratch).ok()?)
    }
}

/// One field of the outermost object.
struct Field<'t> {
    /// As it is written.
    name: &'t str,
    /// Where its value stands.
    value: std::ops::Range<usize>,
}

/// Walks over the fields of the outermost object up to the first place that can not be made out. Inside of
/// strings and nested values it looks for nothing but their end.
struct Fields<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Fields<'t> {
    fn of(text: &'t str) -> Self {
        let mut fields = Self { text, at: 0 };
        if fields.step_over(b'{').is_none() {
            fields.at = text.len();
        }
        fields
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Steps over blanks and this byte.
    fn step_over(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Steps over a string.
    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(())
    }

    /// Steps over a value of any type.
    fn value(&mut self) -> Option<()> {
        let mut depth = 0;
        loop {
            match self.peek()? {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                _ if depth > 0 => self.at += 1,
                _ => {
                    let rest = &self.text.as_bytes()[self.at..];
                    let ends = |byte: &u8| b",}] \t\n\r".contains(byte);
                    self.at += rest.iter().position(ends).unwrap_or(rest.len());
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn field(&mut self) -> Option<Field<'t>> {
        self.blanks();
        let start = self.at;
        if self.peek()? != b'"' {
            return None;
        }
        self.string()?;
        let name = self.text.get(start + 1..self.at - 1)?;
        self.step_over(b':')?;
        self.blanks();
        let start = self.at;
        self.value()?;
        let value = start..self.at;
        if self.step_over(b',').is_none() {
            self.at = self.text.len();
        }
        Some(Field { name, value })
    }
}

impl<'t> Iterator for Fields<'t> {
    type Item = Field<'t>;

    fn next(&mut self) -> Option<Field<'t>> {
        let field = self.field();
        if field.is_none() {
            self.at = self.text.len();
        }
        field
    }
}

#[cfg(test)]
mod tests {
    use super::{Salvage, Value};

    fn id(text: &str) -> Option<String> {
        Salvage::of(text).read("id", 20, |value| {
            let mut out = Vec::new();
            serde_json::to_writer(&mut out, value).unwrap();
            String::from_utf8(out).ok()
        })
    }

    #[test]
    fn a_field_is_found_before_and_behind_the_fault() {
        for (text, expected) in [
            (r#"{"id":7,"content":"\ud800"}"#, Some("7")),
            (r#"{"content":"\ud800","id":7}"#, Some("7")),
            (r#" { "id" : -7 , "content" : "\x" } "#, Some("-7")),
            (r#"{"content":"a"#, None),
            (r#"{"id":7"#, Some("7")),
            (r#"{"id":"7"#, None),
            (r#"{"id":"7""#, Some("\"7\"")),
            (r#"{"id":"7","#, Some("\"7\"")),
            (r#"{"id":"\u0037\"","#, Some(r#""7\"""#)),
            (r#"{"id":7}}"#, Some("7")),
            (r#"{"id":7}{"id":8}"#, Some("7")),
            (r#"{"id":7,"id":8,}"#, Some("8")),
            (r#"{"x":{"id":8,"y":["}",{}]},"id":7,}"#, Some("7")),
            (r#"{"x":"\"id\":8","id":7,}"#, Some("7")),
            (r#"{"x":NaN,"id":7}"#, Some("7")),
            (r#"{"x":01,"id":7}"#, Some("7")),
            ("{\"x\":\"\t\",\"id\":7}", Some("7")),
            // What is not where it belongs is not found.
            (r#"{'x':1,"id":7}"#, None),
            (r#"{"x" 1,"id":7}"#, None),
            (r#"{"x":1 "id":7}"#, None),
            (r#"[{"id":7},]"#, None),
            (r#""id":7"#, None),
            ("", None),
            ("{", None),
            (r#"{"id"#, None),
            (r#"{"id":"#, None),
            (r#"{"id\"#, None),
            // Nor what can not be used.
            (r#"{"id":"\ud800"}"#, None),
            (r#"{"id":nope}"#, None),
            (r#"{"id":123456789012345678901,}"#, None),
        ] {
            assert_eq!(id(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn any_text_ends() {
        for text in
            ["[".repeat(1_000_000), r#"{"x":"#.repeat(200_000), "{\"\\".repeat(9), "{\"é\\é".to_owned()]
        {
            assert_eq!(id(&text), None);
        }
    }

    #[test]
    fn the_field_with_what_can_not_be_held_is_named() {
        for (text, field) in [
            (r#"{"id":7,"content":"x\ud800"}"#, Some("content")),
            (r#"{"é":"é","resume":{"1":["\udc00"]}}"#, Some("resume")),
            (r#"{"limit":1e400}"#, Some("limit")),
            (r#"{"\ud800":1}"#, None),
            (r#"["\ud800"]"#, None),
            // This is not JSON, which comes first.
            (r#"{"content":"\ud800"}}"#, None),
            (r#"{"content":"\x"}"#, None),
        ] {
            assert_eq!(Salvage::of(text).field, field, "{text}");
        }
    }

    #[test]
    fn values_keep_their_type() {
        let is_string = |value: &Value<'_>| Some(matches!(value, Value::String("7")));
        assert_eq!(Salvage::of(r#"{"id":"7",}"#).read("id", 3, is_string), Some(true));
        assert_eq!(Salvage::of(r#"{"id":7,}"#).read("id", 3, is_string), Some(false));
    }
}
