//! Why a store could not do what was asked.

/// A failure, by its cause.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away, too busy or out of resources. Asking again later may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(Box<dyn std::error::Error + Send + Sync>),
    /// A value that must be unique is in use.
    #[error("{0} already in use")]
    Taken(Unique),
    /// The row that the request is about does not exist.
    #[error("no such {0}")]
    Missing(&'static str),
    /// The database will never take this, however often it is asked.
    #[error("the database refuses this: {0}")]
    Refused(Box<dyn std::error::Error + Send + Sync>),
    /// A stored value makes no sense.
    #[error("{table}.{column}: {reason}")]
    Corrupt {
        /// The table of the value.
        table: &'static str,
        /// Its column.
        column: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Another server owns the database. Only [`open`](super::open) fails with this.
    #[error("another groupcast server is using {0}")]
    Owned(String),
}

/// A column whose values are unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unique {
    /// `users.email`
    Email,
    /// `users.username`
    Username,
    /// `groups.name`
    GroupName,
    /// `api_keys.name`
    KeyName,
}

impl std::fmt::Display for Unique {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Email => "e-mail",
            Self::Username => "user name",
            Self::GroupName => "group name",
            Self::KeyName => "key name",
        })
    }
}
