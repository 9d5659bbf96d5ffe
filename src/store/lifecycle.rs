//! The work on a database as a whole.

use super::Asked;

/// From the beginning of a server's work on a database to its end.
pub trait Lifecycle: Send + Sync + 'static {
    /// The opaque name of this history. It changes only when history that was seen was lost, as by going back to
    /// an older backup.
    fn epoch(&self) -> Asked<'_, String>;

    /// Begins a server's work on the history, before it delivers anything. An unsettled history gets a new
    /// epoch. The answer is whether it was unsettled.
    ///
    /// Unsettled is the history of a server that delivers messages before they are stored, from here until
    /// [`settle`](Self::settle).
    fn begin(&self, beginning: Beginning) -> Asked<'_, bool>;

    /// Notes that all messages that anyone has seen are stored, and that no more will be seen before they are.
    fn settle(&self) -> Asked<'_, ()>;

    /// Whether the database answers and messages can be stored.
    fn ping(&self) -> Asked<'_, ()>;

    /// Ends all connections after what is under way and gives up ownership. Whatever is asked afterwards is
    /// `StoreError::Unavailable`.
    fn close(&self) -> Asked<'_, ()>;
}

/// How a server's work on a history begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beginning {
    /// The history gets a new epoch in any case.
    pub new_epoch: bool,
    /// Messages will be seen before they are stored.
    pub eager: bool,
}
