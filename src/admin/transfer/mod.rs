//! What export and import share: the form of the file, how it is written and read, and what is shown meanwhile.

mod format;
mod lines;
mod meter;
mod output;
mod stop;

pub(super) use format::{Counts, End, Header};
pub(super) use lines::Lines;
pub(super) use meter::Meter;
pub(super) use output::Output;
pub(super) use stop::stopped;
