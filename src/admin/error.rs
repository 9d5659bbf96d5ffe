//! Why an operator's command was not done.

use std::io;

use crate::store::StoreError;

/// What an operator is told, in one line.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// What was given cannot be used.
    #[error("{0}")]
    Usage(String),
    /// It could not be done.
    #[error("{0}")]
    Failed(String),
}

impl AdminError {
    /// The error of a command that no server can do in its place.
    pub(super) fn of_owner(error: StoreError) -> Self {
        match error {
            StoreError::Owned(_) => Self::Failed(format!("{error}: stop it first")),
            error => error.into(),
        }
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self::Failed(match error {
            StoreError::Owned(_) => format!("{error}: stop it, or use its REST API"),
            error => error.to_string(),
        })
    }
}

impl From<io::Error> for AdminError {
    fn from(error: io::Error) -> Self {
        Self::Failed(format!("cannot write to standard output: {error}"))
    }
}
