//! Why a check could not be finished.

use std::io;

use groupcast_kit::process::ProcessError;

/// Why a check could not be finished. That is a failure too, but says nothing about messages.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The server did not start, not listen in time, or ended by itself.
    #[error(transparent)]
    Server(#[from] ProcessError),
    /// REST did not answer as it should.
    #[error("{0}")]
    Rest(String),
    /// Nothing moved on for too long.
    #[error("{0}")]
    Stuck(String),
    /// The system gave no temporary directory, port or random number.
    #[error("{0}")]
    System(#[from] io::Error),
}
