//! Amounts with a unit, as people write them: `1MiB`, `64KiB`, `25s`, `500ms`.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::model::limits::RETAIN_SECONDS_MAX;

const BYTE_UNITS: &[(&str, u64)] = &[("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)];
const TIME_UNITS_MS: &[(&str, u64)] =
    &[("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A number of bytes, shown in the largest unit that needs no fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(usize);

impl ByteSize {
    /// The number of bytes.
    pub fn get(self) -> usize {
        self.0
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&show(self.0 as u64, BYTE_UNITS))
    }
}

/// A parser of sizes within `range`, in bytes unless a unit is given.
pub(super) fn bytes(
    range: RangeInclusive<usize>,
) -> impl Fn(&str) -> Result<ByteSize, String> + Clone + Send + Sync + 'static {
    move |text| {
        let value = parse_bytes(text).ok_or("expected a size such as 65536, 64KiB or 1MiB")?;
        match usize::try_from(value).map(ByteSize) {
            Ok(size) if range.contains(&size.get()) => Ok(size),
            _ => Err(format!("must be from {} to {}", ByteSize(*range.start()), ByteSize(*range.end()))),
        }
    }
}

/// Parses a time from 50 ms to an hour, in seconds unless a unit is given.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let time = parse_time(text).ok_or("expected a time such as 30s, 500ms or 2m")?;
    if !(Duration::from_millis(50)..=Duration::from_secs(3_600)).contains(&time) {
        return Err("must be from 50ms to 1h".to_owned());
    }
    Ok(time)
}

/// A parser of delays from none to so many seconds, in seconds unless a unit is given.
pub(super) fn delay(
    seconds_max: u64,
) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync + 'static {
    move |text| {
        let delay = parse_time(text).ok_or("expected a time such as 5s or 500ms, or 0")?;
        match delay <= Duration::from_secs(seconds_max) {
            true => Ok(delay),
            false => Err(format!("must be from 0 to {seconds_max}s")),
        }
    }
}

/// A parser of ages from so many seconds to 36500 days, in seconds unless a unit is given, also `d`, without fractions
/// of a second.
pub(super) fn age(
    seconds_min: u64,
) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync + 'static {
    move |text| {
        let age = parse_time(text).ok_or("expected an age such as 90s, 12h or 30d")?;
        let is_within = (seconds_min..=RETAIN_SECONDS_MAX).contains(&age.as_secs());
        match is_within && age.subsec_nanos() == 0 {
            true => Ok(age),
            false => Err(format!("must be whole seconds, from {seconds_min}s to 36500d")),
        }
    }
}

/// `duration` in the largest unit that needs no fraction, at least milliseconds.
pub(super) fn show_duration(duration: Duration) -> String {
    show(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), TIME_UNITS_MS)
}

/// A time in seconds unless a unit is given, in any case.
fn parse_time(text: &str) -> Option<Duration> {
    let mut text = text.trim().to_ascii_lowercase();
    if text.ends_with(|c: char| c.is_ascii_digit()) {
        text.push('s');
    }
    humantime::parse_duration(&text).ok()
}

/// The bytes of a decimal number followed by a unit, in any case, or by none.
fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = BYTE_UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim_start()))?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn show(value: u64, units: &[(&str, u64)]) -> String {
    let fits = |(_, factor): &&(&str, u64)| value >= *factor && value.is_multiple_of(*factor);
    match units.iter().find(fits) {
        Some((unit, factor)) => format!("{}{unit}", value / factor),
        None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit_or_are_bytes() {
        let parse = bytes(1..=1 << 30);
        for (text, value) in
            [("1", 1), ("65536", 65_536), ("64KiB", 65_536), ("1 mib", 1 << 20), ("1GiB", 1 << 30)]
        {
            assert_eq!(parse(text), Ok(ByteSize(value)), "{text}");
        }
        for text in ["", "KiB", "-1", "1.5MiB", "1MB", "0", "2GiB", "99999999999999999999", "99999999999GiB"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_have_a_unit_or_are_seconds() {
        for (text, millis) in [
            ("25", 25_000),
            ("25 S", 25_000),
            ("50ms", 50),
            ("2m", 120_000),
            ("1m 30s", 90_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "0", "-5s", "49ms", "61m", "1 day", "1e3", "18446744073709551615h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn delays_may_be_none() {
        for (text, millis) in [("0", 0), ("0s", 0), ("1500ms", 1_500), ("60", 60_000), ("1m", 60_000)] {
            assert_eq!(delay(60)(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "-1", "61", "2m", "60s 1ms"] {
            assert!(delay(60)(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ages_have_a_unit_or_are_seconds() {
        for (text, seconds) in
            [("60", 60), ("90 S", 90), ("12h", 43_200), ("30d", 2_592_000), ("36500d", 3_153_600_000)]
        {
            assert_eq!(age(60)(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "d", "0", "-5s", "59s", "36501d", "90500ms", "30 day and a half"] {
            assert!(age(60)(text).is_err(), "{text}");
        }
        assert_eq!(show_duration(Duration::from_secs(2_592_000)), "30d");
    }

    #[test]
    fn amounts_are_shown_as_they_are_written() {
        assert_eq!(ByteSize(1 << 20).to_string(), "1MiB");
        assert_eq!(ByteSize(1_000).to_string(), "1000");
        assert_eq!(show_duration(Duration::from_secs(90)), "90s");
        assert_eq!(show_duration(Duration::from_millis(1_500)), "1500ms");
    }
}
