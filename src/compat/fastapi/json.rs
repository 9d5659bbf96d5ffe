//! JSON as Python's `json` module reads and writes it.
//!
//! Reading is done by a SIMD parser. Only when that refuses a text is it read a second time, slowly, to find out where
//! and why.

mod syntax;
mod value;
mod write;

pub use syntax::{SyntaxError, diagnose};
pub use value::Value;
pub(super) use write::write;

use simd_json::{Node, StaticNode, Tape};

/// Arrays and objects that may stand in each other; a text that nests deeper is refused.
pub const DEPTH_MAX: usize = 128;

/// Parses a JSON text of any type. `scratch` is overwritten; the value's strings lie in it.
///
/// # Errors
/// [`SyntaxError`] if this is not JSON, nests deeper than [`DEPTH_MAX`], or contains what cannot be held: a
/// number beyond a 64-bit float, half a surrogate pair. `NaN` and `Infinity` are not JSON.
pub fn parse<'s>(text: &str, scratch: &'s mut Vec<u8>) -> Result<Value<'s>, SyntaxError> {
    scratch.clear();
    scratch.extend_from_slice(text.as_bytes());
    let Ok(Tape(nodes)) = simd_json::to_tape(scratch) else {
        return Err(syntax::diagnose(text));
    };
    build(&mut nodes.into_iter(), DEPTH_MAX).ok_or_else(|| syntax::diagnose(text))
}

/// Builds the next value of the tape; `None` if it nests deeper than `depth`.
fn build<'s>(nodes: &mut impl Iterator<Item = Node<'s>>, depth: usize) -> Option<Value<'s>> {
    Some(match nodes.next()? {
        Node::String(text) => Value::String(text),
        Node::Static(StaticNode::Null) => Value::Null,
        Node::Static(StaticNode::Bool(value)) => Value::Bool(value),
        Node::Static(StaticNode::I64(value)) => Value::Integer(value.into()),
        Node::Static(StaticNode::U64(value)) => Value::Integer(value.into()),
        Node::Static(StaticNode::F64(value)) if value.is_finite() => Value::Float(value),
        Node::Static(StaticNode::F64(_)) => return None,
        Node::Array { len, .. } => {
            let depth = depth.checked_sub(1)?;
            let mut items = Vec::with_capacity(len);
            for _ in 0..len {
                items.push(build(nodes, depth)?);
            }
            Value::Array(items)
        }
        Node::Object { len, .. } => {
            let depth = depth.checked_sub(1)?;
            let mut fields = Vec::with_capacity(len);
            for _ in 0..len {
                let Node::String(name) = nodes.next()? else { return None };
                fields.push((name, build(nodes, depth)?));
            }
            Value::Object(fields)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_MAX, Value, parse, write};

    fn round_trip(text: &str) -> String {
        let mut scratch = Vec::new();
        let mut out = Vec::new();
        write(&mut out, &parse(text, &mut scratch).unwrap());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn writes_what_it_read() {
        for (text, expected) in [
            ("null", "null"),
            (" [ true , false ] ", "[true,false]"),
            ("[0,-1,9223372036854775807,-9223372036854775808,18446744073709551615]", "="),
            ("[1.5,-0.25]", "="),
            ("[1.0,1e2]", "[1.0,100.0]"),
            (r#"{"a":{"b":[{}]},"":""}"#, "="),
            (r#""\u00e9\ud83d\ude00\n\u0000\u007f\/""#, "\"é😀\\n\\u0000\u{7f}/\""),
            ("\"\\\"\\\\\"", "="),
        ] {
            assert_eq!(round_trip(text), if expected == "=" { text } else { expected });
        }
    }

    #[test]
    fn the_last_of_equal_names_counts() {
        let mut scratch = Vec::new();
        let value = parse(r#"{"a":1,"b":2,"a":3}"#, &mut scratch).unwrap();
        assert_eq!(value.get("a"), Some(&Value::Integer(3)));
        assert_eq!(value.get("c"), None);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(&nested(DEPTH_MAX), &mut Vec::new()).is_ok());
        for depth in [DEPTH_MAX + 1, 1_000_000] {
            let error = parse(&nested(depth), &mut Vec::new()).unwrap_err();
            assert_eq!((error.position, error.reason), (DEPTH_MAX, "Nested too deeply"));
        }
        assert!(parse(&"[".repeat(1_000_000), &mut Vec::new()).is_err());
        assert!(parse(&"{\"a\":".repeat(100_000), &mut Vec::new()).is_err());
    }

    #[test]
    fn syntax_errors_name_position_and_reason() {
        const NAME: &str = "Expecting property name enclosed in double quotes";
        for (text, position, reason) in [
            ("   ", 3, "Expecting value"),
            ("{", 1, NAME),
            ("{\"a\"", 4, "Expecting ':' delimiter"),
            ("{\"a\":", 5, "Expecting value"),
            ("{\"a\":1", 6, "Expecting ',' delimiter"),
            ("{\"a\":1,", 7, NAME),
            ("{\"a\":1,}", 7, NAME),
            ("{\"a\":1, }", 8, NAME),
            ("{,}", 1, NAME),
            ("{ }x", 3, "Extra data"),
            ("{'a':1}", 1, NAME),
            ("[", 1, "Expecting value"),
            ("[1", 2, "Expecting ',' delimiter"),
            ("[1,]", 3, "Expecting value"),
            ("[1 2]", 3, "Expecting ',' delimiter"),
            ("{\"a\":1 \"b\":2}", 7, "Expecting ',' delimiter"),
            ("{\"a\":1,\"b\"}", 10, "Expecting ':' delimiter"),
            ("{\"a\":1,\n\"b\"\n}", 12, "Expecting ':' delimiter"),
            ("{\"a\"::1}", 5, "Expecting value"),
            ("[1,\n\n]", 5, "Expecting value"),
            ("nul", 0, "Expecting value"),
            ("NaN", 0, "Expecting value"),
            ("[-Infinity]", 1, "Expecting value"),
            ("-", 0, "Expecting value"),
            ("+1", 0, "Expecting value"),
            ("01", 1, "Extra data"),
            ("1.", 1, "Extra data"),
            ("1e", 1, "Extra data"),
            ("1E+", 1, "Extra data"),
            (".5", 0, "Expecting value"),
            ("-a", 0, "Expecting value"),
            ("{} {}", 3, "Extra data"),
            ("\"abc", 0, "Unterminated string starting at"),
            ("\"a\\q\"", 2, "Invalid \\escape"),
            ("\"a\\", 0, "Unterminated string starting at"),
            ("\"a\\u12", 3, "Invalid \\uXXXX escape"),
            ("\"a\\u12G4\"", 3, "Invalid \\uXXXX escape"),
            ("\"\\u\"", 2, "Invalid \\uXXXX escape"),
            ("\"a\nb\"", 2, "Invalid control character at"),
            ("{\"a\":\"b\tc\"}", 7, "Invalid control character at"),
            ("{\"é\":1,}", 7, NAME),
            ("{\"é\":\"日本\"x}", 9, "Expecting ',' delimiter"),
            ("\u{b}{}", 0, "Expecting value"),
            ("[1e400]", 1, "Number out of range"),
            ("[-1e400]", 1, "Number out of range"),
            ("\"\\ud800\"", 1, "Unpaired surrogate escape"),
            ("\"\\udc00\"", 1, "Unpaired surrogate escape"),
            ("\"x\\ud800y\"", 2, "Unpaired surrogate escape"),
            ("\"\\ud800\\u0041\"", 1, "Unpaired surrogate escape"),
            ("\"\\ud800\\ud800\"", 1, "Unpaired surrogate escape"),
            ("{\"\\udfff\":1}", 2, "Unpaired surrogate escape"),
            ("[1e400,\"\\ud800\"}", 15, "Expecting ',' delimiter"),
        ] {
            let error = parse(text, &mut Vec::new()).expect_err(text);
            assert_eq!((error.position, error.reason), (position, reason), "{text:?}");
        }
    }

    #[test]
    fn huge_numbers_become_floats() {
        assert_eq!(round_trip("12345678901234567890123"), "1.2345678901234568e+22");
    }
}
