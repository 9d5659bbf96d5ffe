//! What is asked of whom.

use std::path::PathBuf;

/// Whose certificate is asked for, and where.
#[derive(Clone, Debug)]
pub struct AcmeOptions {
    /// The names that it is to be for; at least one.
    pub domains: Vec<String>,
    /// Whom the authority tells when something is wrong.
    pub email: Option<String>,
    /// The URL of the authority's directory (RFC 8555, section 7.1.1).
    pub directory: String,
    /// The certificates, in PEM, of those who may have signed that of the directory; `None`: those that browsers trust.
    pub ca: Option<Vec<u8>>,
    /// The folder in which account and certificate are kept.
    pub cache: PathBuf,
}
