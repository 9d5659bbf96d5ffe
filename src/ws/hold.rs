//! What a socket waits for before more of it is read.

/// Why a socket is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// It is.
    None,
    /// A command is under way, or the client does not take its answers.
    Session,
    /// The writer takes nothing more of it, or nothing at all.
    Writer,
    /// There is no room for its unfinished message.
    Room,
}
