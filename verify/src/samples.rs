//! How long something took, many times.

use std::fmt;
use std::time::Duration;

/// Times, in microseconds, up to an hour each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<u32>);

impl Samples {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// That which so many of a hundred do not exceed; zero without any.
    fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        Duration::from_micros(sorted.get(rank - 1).copied().unwrap_or(0).into())
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("not measured");
        }
        let [p50, p99, worst] = [50, 99, 100].map(|percent| self.percentile(percent).as_secs_f64() * 1_000.0);
        write!(f, "p50 {p50:.1} ms, p99 {p99:.1} ms, worst {worst:.1} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_met() {
        let mut samples = Samples::default();
        assert_eq!(samples.to_string(), "not measured");
        (1..=200).rev().for_each(|millis| samples.add(Duration::from_millis(millis)));
        assert_eq!(samples.to_string(), "p50 100.0 ms, p99 198.0 ms, worst 200.0 ms");
    }
}
