//! Why nothing could be measured.

use std::io;

use groupcast_kit::process::ProcessError;

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The server did not start, or not listen in time.
    #[error(transparent)]
    Server(#[from] ProcessError),
    /// It did not answer as it should.
    #[error("{0}")]
    Answer(String),
    /// The system gave no temporary directory or no more sockets.
    #[error("{0}")]
    System(#[from] io::Error),
}
