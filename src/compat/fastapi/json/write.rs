//! Writing JSON.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Appends `value` to `out` without blanks.
pub(in crate::compat) fn write(out: &mut Vec<u8>, value: &impl Serialize) {
    // Memory takes all of it, and the names of all fields are strings, so this can not fail.
    let _ = value.serialize(&mut Serializer::with_formatter(out, PythonFormatter));
}

struct PythonFormatter;

impl Formatter for PythonFormatter {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(float(value).as_bytes())
    }
}

/// A finite float as Python writes it: shortest digits, a fraction or an exponent always, the exponent
/// signed and of two digits at least, used below 1e-4 and from 1e16.
fn float(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        }
    } else {
        format!("{value:?}")
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn floats_look_as_in_python() {
        for (value, text) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.5e300, "1.5e+300"),
            (1e16, "1e+16"),
            (123_456_789.5, "123456789.5"),
        ] {
            assert_eq!(super::float(value), text);
        }
    }
}
