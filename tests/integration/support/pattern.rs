//! JSON with placeholders: `{"id": <id>, "content": "hello", "created_at": <any>}`.

use std::collections::HashMap;

use serde_json::Value;

/// What placeholders stand for.
pub type Bindings = HashMap<String, Value>;

/// Marks a text that was a placeholder; no example contains it.
const MARK: char = '\u{f8ff}';

/// The placeholder that stands for anything, each time anew. Any other stands for one value.
const ANY: &str = "any";

/// Some JSON that leaves something open.
#[derive(Debug)]
pub struct Pattern(Value);

impl Pattern {
    /// Reads one.
    pub fn parse(text: &str) -> Self {
        let mut json = String::new();
        let (mut in_text, mut escaped) = (false, false);
        for c in text.chars() {
            match c {
                '<' if !in_text => json.extend(['"', MARK]),
                '>' if !in_text => json.push('"'),
                _ => json.push(c),
            }
            in_text ^= c == '"' && !escaped;
            escaped = in_text && c == '\\' && !escaped;
        }
        Self(serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {text}")))
    }

    /// Whether `value` is such JSON, neither more nor less. Only then are new placeholders bound.
    pub fn matches(&self, value: &Value, bindings: &mut Bindings) -> bool {
        let mut tried = bindings.clone();
        let matches = matches(&self.0, value, &mut tried);
        if matches {
            *bindings = tried;
        }
        matches
    }

    /// The JSON, all placeholders being bound.
    pub fn fill(&self, bindings: &Bindings) -> Value {
        fill(&self.0, bindings)
    }
}

fn placeholder(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix(MARK)
}

fn matches(pattern: &Value, value: &Value, bindings: &mut Bindings) -> bool {
    match (pattern, value) {
        _ if placeholder(pattern) == Some(ANY) => true,
        (Value::String(_), _) if placeholder(pattern).is_some() => {
            let name = placeholder(pattern).unwrap_or_default().to_owned();
            bindings.entry(name).or_insert_with(|| value.clone()) == value
        }
        (Value::Array(patterns), Value::Array(values)) => {
            patterns.len() == values.len()
                && patterns.iter().zip(values).all(|(pattern, value)| matches(pattern, value, bindings))
        }
        (Value::Object(patterns), Value::Object(values)) => {
            patterns.len() == values.len()
                && patterns.iter().all(|(name, pattern)| {
                    values.get(name).is_some_and(|value| matches(pattern, value, bindings))
                })
        }
        _ => pattern == value,
    }
}

fn fill(pattern: &Value, bindings: &Bindings) -> Value {
    match pattern {
        Value::Array(patterns) => patterns.iter().map(|pattern| fill(pattern, bindings)).collect(),
        Value::Object(patterns) => {
            patterns.iter().map(|(name, pattern)| (name.clone(), fill(pattern, bindings))).collect()
        }
        _ => match placeholder(pattern) {
            Some(name) => bindings.get(name).unwrap_or_else(|| panic!("<{name}> is unknown")).clone(),
            None => pattern.clone(),
        },
    }
}
