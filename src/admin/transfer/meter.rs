//! What is shown while records come and go.

use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// How often it is drawn even if nothing comes.
const TICK: Duration = Duration::from_millis(200);

/// A line on standard error, if that is a terminal: how many records there were, how fast they come, and where the end is
/// known also when it will be reached. It is gone when this is dropped.
pub(in crate::admin) struct Meter {
    bar: ProgressBar,
    records: u64,
}

impl Meter {
    /// One that knows how many bytes there are in all, or does not.
    pub(in crate::admin) fn new(bytes: Option<u64>) -> Self {
        let (bar, template) = match bytes {
            Some(bytes) => (
                ProgressBar::new(bytes),
                "{bar:30} {percent}% {msg} records, {binary_bytes_per_sec}, {eta} left",
            ),
            None => {
                (ProgressBar::no_length(), "{spinner} {msg} records, {binary_bytes}, {binary_bytes_per_sec}")
            }
        };
        // A template that could not be read would only be shown in another form.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let mut meter = Self { bar, records: 0 };
        meter.advance(0, 0);
        if !meter.bar.is_hidden() {
            meter.bar.enable_steady_tick(TICK);
        }
        meter
    }

    /// Notes how many records have come since, and how many bytes there were by now.
    pub(in crate::admin) fn advance(&mut self, records: usize, bytes: u64) {
        self.records += records as u64;
        self.bar.set_message(HumanCount(self.records).to_string());
        self.bar.set_position(bytes);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
