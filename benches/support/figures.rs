//! Figures as people read them, in aligned columns.

use std::time::Duration;

/// A table that is printed line by line; the first column is aligned left, the others right.
pub(crate) struct Table {
    columns: &'static [&'static str],
}

const FIRST_WIDTH: usize = 24;
const WIDTH: usize = 14;

impl Table {
    /// Prints the title and the head.
    pub(crate) fn new(title: &str, columns: &'static [&'static str]) -> Table {
        println!("\n{title}\n");
        let table = Table { columns };
        table.row(&columns.iter().map(|column| (*column).to_owned()).collect::<Vec<_>>());
        table
    }

    /// Prints one line.
    pub(crate) fn row(&self, cells: &[String]) {
        debug_assert_eq!(cells.len(), self.columns.len());
        let mut line = String::new();
        for (column, cell) in cells.iter().enumerate() {
            line += &if column == 0 { format!("  {cell:<FIRST_WIDTH$}") } else { format!("{cell:>WIDTH$}") };
        }
        println!("{line}");
    }
}

/// Groups of three digits, as in `12,345`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds with two decimals.
pub(crate) fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

/// How many times `base` it is, or nothing without a base.
pub(crate) fn ratio(value: f64, base: Option<f64>) -> String {
    base.map_or_else(String::new, |base| format!("{:.2}", value / base))
}

/// How many there are in a second of this time.
pub(crate) fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// Microseconds for each of so many.
pub(crate) fn micros_each(time: Duration, count: u64) -> f64 {
    time.as_secs_f64() * 1e6 / count.max(1) as f64
}

/// The run in the middle by its `figure`; of two the greater. `None` if there are none.
pub(crate) fn median<T>(mut runs: Vec<T>, figure: impl Fn(&T) -> f64) -> Option<T> {
    runs.sort_by(|one, other| figure(one).total_cmp(&figure(other)));
    let middle = runs.len() / 2;
    runs.into_iter().nth(middle)
}
