//! What differs from server to server.

/// How a server is run, as far as its resources depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Offer {
    /// Whether a name is enough to be somebody.
    pub(in crate::http) believes_names: bool,
    /// Whether `/metrics` is where everything else is.
    pub(in crate::http) shows_metrics: bool,
}
