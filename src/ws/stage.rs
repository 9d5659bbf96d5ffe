//! How far a socket has come.

/// What still goes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Messages go both ways.
    Open,
    /// A close frame is on its way; what the client sends is read and dropped, since closing a socket with
    /// unread data would destroy what the client has not read yet.
    Closing,
    /// All was sent, and the end of it too; the client's end is waited for.
    Shutdown,
}
