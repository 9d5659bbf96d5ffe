//! What a database lacks to be one of this program.

/// What a database lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upgrade {
    /// The changes to its tables that it lacks, in their order, each by its name, such as `V7__read_marks`. None if it
    /// is up to date.
    pub changes: Vec<String>,
    /// What the FastAPI program has left in it, which goes on here; `None` if it is no database of that program.
    pub original: Option<Original>,
    /// Whether a server is using it.
    pub is_in_use: bool,
}

/// How much there is in a database of the FastAPI program that this one takes the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// Rows of `users`.
    pub users: u64,
    /// Rows of `groups`.
    pub groups: u64,
    /// Rows of `messages`.
    pub messages: u64,
}
