//! Points in time.

use std::fmt;
use std::ops::Range;

/// A point in time: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Displayed as RFC 3339 in UTC with six decimals and `Z`, for the years 0000 to 9999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// After every other: the end of what has none.
    pub const FOREVER: Self = Self(i64::MAX);

    /// Length of the displayed form in bytes: `2024-01-02T03:04:05.678901Z`.
    pub const TEXT_BYTES: usize = 27;

    /// The displayed form as ASCII bytes, without going through a formatter.
    pub fn to_text(self) -> [u8; Self::TEXT_BYTES] {
        let (days, micros) = (self.0.div_euclid(86_400_000_000), self.0.rem_euclid(86_400_000_000));
        let (year, month, day) = civil_from_days(days);
        let seconds = micros / 1_000_000;
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        put(&mut text[0..4], year);
        put(&mut text[5..7], month);
        put(&mut text[8..10], day);
        put(&mut text[11..13], seconds / 3600);
        put(&mut text[14..16], seconds / 60 % 60);
        put(&mut text[17..19], seconds % 60);
        put(&mut text[20..26], micros % 1_000_000);
        text
    }

    /// The point in time that is displayed as `text`; `None` if that is not a displayed form to the letter.
    pub fn of_text(text: &str) -> Option<Self> {
        let bytes: &[u8; Self::TEXT_BYTES] = text.as_bytes().try_into().ok()?;
        let number = |digits: Range<usize>| {
            bytes[digits].iter().try_fold(0, |number, digit| {
                digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
            })
        };
        let days = days_from_civil(number(0..4)?, number(5..7)?, number(8..10)?);
        let seconds = (number(11..13)? * 60 + number(14..16)?) * 60 + number(17..19)?;
        let at = Self((days * 86_400 + seconds) * 1_000_000 + number(20..26)?);
        // A day or an hour that does not exist, or another sign in between, is displayed otherwise.
        (at.to_text() == *bytes).then_some(at)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_text().iter().try_for_each(|&byte| fmt::Write::write_char(f, byte.into()))
    }
}

/// Writes `value` in decimal into all of `digits`, with leading zeros.
fn put(digits: &mut [u8], mut value: i64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Year, month and day of a day counted from 1970-01-01 in the proleptic Gregorian calendar. Years start
/// in March here, which puts the leap day last and makes the month lengths a straight line.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The inverse of [`civil_from_days`].
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn displays_rfc_3339_with_microseconds() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_704_164_645_678_901, "2024-01-02T03:04:05.678901Z"),
            (4_107_542_399_000_000, "2100-02-28T23:59:59.000000Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
        ] {
            assert_eq!(Timestamp(micros).to_string(), text);
            assert_eq!(Timestamp::of_text(text), Some(Timestamp(micros)));
        }
    }

    #[test]
    fn only_what_is_displayed_is_read() {
        for text in [
            "",
            "2024-01-02T03:04:05Z",
            "2024-01-02T03:04:05.678901+",
            "2024-01-02 03:04:05.678901Z",
            "2023-02-29T00:00:00.000000Z",
            "2024-00-02T03:04:05.678901Z",
            "2024-13-02T03:04:05.678901Z",
            "2024-01-02T24:00:00.000000Z",
            "2024-01-02T03:04:60.000000Z",
            "+024-01-02T03:04:05.678901Z",
        ] {
            assert_eq!(Timestamp::of_text(text), None, "{text}");
        }
    }
}
