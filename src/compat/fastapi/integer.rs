//! Integers in paths, queries and strings, as pydantic reads them.

/// Longest text that is read, in bytes.
const TEXT_BYTES_MAX: usize = 4300;

/// Why a text is no integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegerError {
    /// It is something else.
    Syntax,
    /// It is too long to be looked at.
    Size,
}

impl IntegerError {
    /// The word of pydantic's for it, and its message.
    pub(super) fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::Syntax => {
                ("int_parsing", "Input should be a valid integer, unable to parse string as an integer")
            }
            Self::Size => {
                ("int_parsing_size", "Unable to parse input string as an integer, exceeded maximum size")
            }
        }
    }
}

/// Reads an integer of a path, a query or a string: blanks around it, a sign, leading zeros, single underscores between digits and a
/// fraction of zeros are allowed. What does not fit is the next value that does.
///
/// # Errors
/// [`IntegerError::Syntax`], or [`IntegerError::Size`] above 4,300 bytes.
pub fn parse_integer(text: &str) -> Result<i128, IntegerError> {
    let text = text.trim();
    if text.len() > TEXT_BYTES_MAX {
        return Err(IntegerError::Size);
    }
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let digits = match digits.iter().position(|&byte| byte == b'.') {
        Some(point) if point + 1 < digits.len() && digits[point + 1..].iter().all(|&byte| byte == b'0') => {
            &digits[..point]
        }
        Some(_) => return Err(IntegerError::Syntax),
        None => digits,
    };
    let mut value: i128 = 0;
    let mut after_digit = false;
    for &byte in digits {
        match byte {
            b'0'..=b'9' => value = value.saturating_mul(10).saturating_add(i128::from(byte - b'0')),
            b'_' if after_digit => {}
            _ => return Err(IntegerError::Syntax),
        }
        after_digit = byte != b'_';
    }
    if !after_digit {
        return Err(IntegerError::Syntax);
    }
    Ok(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::{IntegerError, parse_integer};

    #[test]
    fn reads_what_pydantic_reads() {
        for (text, value) in [
            ("1", 1),
            (" 1", 1),
            ("1 ", 1),
            ("\n1", 1),
            ("\u{a0}1", 1),
            ("\u{2003}1", 1),
            ("1.0", 1),
            ("1.00", 1),
            ("1_0.0", 10),
            ("+1", 1),
            ("+01", 1),
            ("-0", 0),
            ("-1", -1),
            ("007", 7),
            ("1_000", 1000),
            ("9223372036854775808", 9_223_372_036_854_775_808),
            (&"9".repeat(4300), i128::MAX),
            (&format!("-{}", "9".repeat(100)), -i128::MAX),
        ] {
            assert_eq!(parse_integer(text), Ok(value), "{text:?}");
        }
        for text in [
            "", " ", "abc", "1.5", "1.", ".0", ".", "++1", "-+1", "+ 1", "+", "-", "1__0", "_1", "1_", "0x1",
            "1e3", "١", "１", "1\0", "\0", "1.0_0", "1;2", "true", "null", "1 2",
        ] {
            assert_eq!(parse_integer(text), Err(IntegerError::Syntax), "{text:?}");
        }
        assert_eq!(parse_integer(&"1".repeat(4301)), Err(IntegerError::Size));
    }
}
