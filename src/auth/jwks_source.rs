//! Where the keys of an outside issuer are found.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ureq::http::Uri;

use super::jwks::{JwksError, KeySet};

/// How long a server may take to answer, name look-up and redirects included.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Longest document, in bytes.
const DOCUMENT_BYTES_MAX: u64 = 1024 * 1024;

const REDIRECTS_MAX: u32 = 3;

/// Where a JSON Web Key Set is: a file, or a URL that begins with `http://` or `https://`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksSource {
    /// A file on this machine.
    File(PathBuf),
    /// A document on the web. What is said over plain HTTP can be forged on the way.
    Url(String),
}

/// What was given is no source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwksSourceError {
    /// Nothing was given.
    #[error("give a file or a URL")]
    Empty,
    /// It begins like a URL, but is none.
    #[error("this is no URL")]
    NotUrl,
    /// It holds a user name or password, which would be seen in logs.
    #[error("the URL must hold no user name or password")]
    Credentials,
}

/// Why the keys could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{0}")]
    File(io::Error),
    /// The server did not answer in 5 s, not with 200, with more than 3 redirects, or with one away from
    /// `https`.
    #[error("{0}")]
    Http(Box<ureq::Error>),
    /// The document is above 1 MiB.
    #[error("it is longer than {DOCUMENT_BYTES_MAX} bytes")]
    TooLong,
    /// The document gives no keys.
    #[error(transparent)]
    Document(#[from] JwksError),
}

impl FromStr for JwksSource {
    type Err = JwksSourceError;

    fn from_str(text: &str) -> Result<Self, JwksSourceError> {
        let is_url = ["http://", "https://"]
            .iter()
            .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        if text.is_empty() {
            return Err(JwksSourceError::Empty);
        }
        if !is_url {
            return Ok(Self::File(text.into()));
        }
        let uri: Uri = text.parse().map_err(|_| JwksSourceError::NotUrl)?;
        match uri.authority() {
            Some(authority) if authority.as_str().contains('@') => Err(JwksSourceError::Credentials),
            Some(authority) if !authority.host().is_empty() => Ok(Self::Url(text.to_owned())),
            _ => Err(JwksSourceError::NotUrl),
        }
    }
}

impl fmt::Display for JwksSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => f.write_str(url),
        }
    }
}

impl JwksSource {
    /// The keys as they are now. Blocks, at a URL for at most 5 s.
    pub(super) fn load(&self) -> Result<KeySet, LoadError> {
        let document = match self {
            Self::File(path) => {
                bounded(File::open(path).map_err(LoadError::File)?).map_err(LoadError::File)?
            }
            Self::Url(url) => fetch(url).map_err(|error| LoadError::Http(error.into()))?,
        };
        if document.len() as u64 > DOCUMENT_BYTES_MAX {
            return Err(LoadError::TooLong);
        }
        Ok(KeySet::parse(&document)?)
    }
}

/// All that there is to read; one byte more than the bound if it is above.
fn bounded(reader: impl io::Read) -> io::Result<Vec<u8>> {
    let mut document = Vec::new();
    reader.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut document)?;
    Ok(document)
}

fn fetch(url: &str) -> Result<Vec<u8>, ureq::Error> {
    let is_secure = url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(REDIRECTS_MAX)
        // Also of redirects.
        .https_only(is_secure)
        // It would be taken from the environment, which only the settings read.
        .proxy(None)
        .user_agent(concat!("groupcast/", env!("CARGO_PKG_VERSION")))
        .accept("application/jwk-set+json, application/json")
        .build()
        .new_agent();
    let mut response = agent.get(url).call()?;
    if response.status() != ureq::http::StatusCode::OK {
        return Err(ureq::Error::StatusCode(response.status().as_u16()));
    }
    Ok(bounded(response.body_mut().as_reader())?)
}

#[cfg(test)]
mod tests;
