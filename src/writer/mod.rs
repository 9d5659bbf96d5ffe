//! Numbering and group commit: the one place where messages get their numbers and reach the store.
//!
//! Messages of all groups queue into one task. It takes what is there, numbers it, stores it in one
//! transaction, and only then hands it to the [hub](crate::hub) and answers the senders. What comes in
//! meanwhile is the next batch, so batches are as large as the load makes them and a lone message waits for
//! nobody.

mod answer;
mod batch;
mod decisions;
mod delivery;
mod handle;
mod mentions;
mod numbering;
mod options;
mod pending;
mod queue;
mod ready;
mod renamed;
mod submit_buffer;
mod task;

pub use answer::{Receipt, WriteError};
pub use decisions::Denial;
pub use handle::MessageWriter;
#[doc(hidden)]
pub use numbering::Numbering;
pub use options::WriterOptions;
#[doc(hidden)]
pub use ready::{Numbered, Place, Ready, ReadyKind};
pub use submit_buffer::SubmitBuffer;
