//! How long things took, in buckets that can be read.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// How many buckets there are below the last, which has no bound.
const BUCKETS: usize = 16;

/// A histogram of times from 0.1 ms to 3.3 s, each bucket twice as wide as the one before; what takes longer is in the
/// last. That of prometheus-client cannot be read.
#[derive(Clone, Debug, Default)]
pub(super) struct Timings(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Each without those of the buckets below.
    buckets: [AtomicU64; BUCKETS + 1],
    micros: AtomicU64,
}

/// What was counted up to one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct TimingsCount {
    /// The upper bound of each bucket in seconds, the last of them infinite, and how many were counted in it and in those
    /// below.
    pub buckets: Vec<(f64, u64)>,
    /// The sum of all times in seconds.
    pub sum: f64,
}

impl Timings {
    pub(super) fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let index = (0..BUCKETS).position(|index| seconds <= bound(index)).unwrap_or(BUCKETS);
        self.0.buckets[index].fetch_add(1, Ordering::Relaxed);
        self.0.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn count(&self) -> TimingsCount {
        let mut below = 0;
        let buckets = self.each().map(|(bound, count)| {
            below += count;
            (bound, below)
        });
        TimingsCount { buckets: buckets.collect(), sum: self.sum() }
    }

    fn each(&self) -> impl Iterator<Item = (f64, u64)> {
        self.0.buckets.iter().enumerate().map(|(index, count)| (bound(index), count.load(Ordering::Relaxed)))
    }

    fn sum(&self) -> f64 {
        self.0.micros.load(Ordering::Relaxed) as f64 / 1e6
    }
}

/// The upper bound of a bucket, in seconds.
fn bound(index: usize) -> f64 {
    if index < BUCKETS { 0.0001 * f64::from(1_u32 << index) } else { f64::INFINITY }
}

impl EncodeMetric for Timings {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let buckets: Vec<(f64, u64)> = self.each().collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.sum(), count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Timings;

    #[test]
    fn each_time_is_in_its_bucket_and_those_above() {
        let timings = Timings::default();
        for micros in [0, 100, 101, 3_000_000, 9_000_000] {
            timings.observe(Duration::from_micros(micros));
        }
        let count = timings.count();
        assert!((count.sum - 12.000_201).abs() < 1e-9, "{}", count.sum);
        let counts: Vec<u64> = count.buckets.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 5]);
        assert_eq!(count.buckets[1].0, 0.0002);
        assert_eq!(count.buckets[16].0, f64::INFINITY);
    }
}
