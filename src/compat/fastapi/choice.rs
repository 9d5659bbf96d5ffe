//! Words of which one is to be chosen.

use super::json::Value;
use super::problem::{Location, Problem, Problems};

/// What the word at `field` stands for among `choices`; `None` if it is none of them, which is added to `problems`.
pub(super) fn choose<T: Copy>(
    choices: &[(&str, T)],
    value: &Value<'_>,
    location: Location,
    field: &'static str,
    problems: &mut Problems,
) -> Option<T> {
    let chosen = choices.iter().find(|(word, _)| *value == Value::String(word));
    if chosen.is_none() {
        let expected = alternatives(choices.iter().map(|(word, _)| *word));
        problems.add(Problem {
            kind: "literal_error",
            location,
            field: Some(field),
            message: &format!("Input should be {expected}"),
            input: value,
            context: Some(("expected", Value::String(&expected))),
        });
    }
    chosen.map(|(_, meaning)| *meaning)
}

/// `'a', 'b' or 'c'`
fn alternatives<'w>(words: impl DoubleEndedIterator<Item = &'w str>) -> String {
    let mut words = words.map(|word| format!("'{word}'"));
    let last = words.next_back().unwrap_or_default();
    let others: Vec<String> = words.collect();
    if others.is_empty() { last } else { format!("{} or {last}", others.join(", ")) }
}
