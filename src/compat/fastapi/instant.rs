//! Points in time (RFC 3339).

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The end of the year 9999 in UTC, in microseconds since 1970: what is later has no text in RFC 3339.
const MICROS_MAX: i128 = 253_402_300_799_999_999;

/// Why a text is no point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InstantError {
    /// It is something else.
    Syntax,
    /// It is a time of some place that is not said.
    NoOffset,
}

impl InstantError {
    /// The word of pydantic's for it, and its message.
    pub(super) fn describe(self) -> (&'static str, &'static str) {
        match self {
            Self::Syntax => ("datetime_parsing", "Input should be a valid datetime in RFC 3339"),
            Self::NoOffset => ("timezone_aware", "Input should have timezone info"),
        }
    }
}

/// Microseconds since 1970-01-01T00:00:00Z, rounded down, of a text with any offset.
///
/// # Errors
/// [`InstantError`]; a time after the year 9999 in UTC is none.
pub(super) fn parse_instant(text: &str) -> Result<i64, InstantError> {
    let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) else {
        let is_local = OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339).is_ok();
        return Err(if is_local { InstantError::NoOffset } else { InstantError::Syntax });
    };
    let micros = time.unix_timestamp_nanos().div_euclid(1000);
    i64::try_from(micros).ok().filter(|_| micros <= MICROS_MAX).ok_or(InstantError::Syntax)
}

#[cfg(test)]
mod tests {
    use super::{InstantError, parse_instant};

    #[test]
    fn reads_any_offset_and_asks_for_one() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Ok(0)),
            ("1970-01-01T01:00:00+01:00", Ok(0)),
            ("1970-01-01T00:00:00.0000019-00:30", Ok(1_800_000_001)),
            ("1969-12-31T23:59:59.9999999Z", Ok(-1)),
            ("9999-12-31T23:59:59.999999Z", Ok(253_402_300_799_999_999)),
            ("9999-12-31T23:59:59-01:00", Err(InstantError::Syntax)),
            ("2030-01-01T00:00:00", Err(InstantError::NoOffset)),
            ("2030-01-01", Err(InstantError::Syntax)),
            ("2030-02-30T00:00:00Z", Err(InstantError::Syntax)),
            ("2030-01-01T00:00:00+0100", Err(InstantError::Syntax)),
            ("tomorrow", Err(InstantError::Syntax)),
            ("", Err(InstantError::Syntax)),
        ] {
            assert_eq!(parse_instant(text), expected, "{text}");
        }
    }
}
