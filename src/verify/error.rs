//! Why a check could not be finished.

use std::io;

/// Why a check could not be finished. That is a failure too, but says nothing about messages.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The server did not start, not listen in time, or ended by itself.
    #[error("{what}{}", told(last_words))]
    Server {
        /// What it did.
        what: String,
        /// The end of what it wrote to standard error.
        last_words: String,
    },
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

fn told(last_words: &str) -> String {
    match last_words {
        "" => ", and wrote nothing to standard error".to_owned(),
        words => format!("; the end of its standard error:\n{words}"),
    }
}
