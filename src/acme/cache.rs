//! What is kept between starts: an account and a certificate, in files that nobody else may read.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use instant_acme::AccountCredentials;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

/// An account at an authority.
#[derive(Serialize, Deserialize)]
pub(super) struct Account {
    /// The URL of the authority's directory.
    pub(super) directory: String,
    pub(super) email: Option<String>,
    pub(super) credentials: AccountCredentials,
}

/// A certificate and its key, in PEM.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The URL of the directory of the authority that has signed it.
    pub(super) directory: String,
    pub(super) domains: Vec<String>,
    pub(super) certificate: String,
    pub(super) key: String,
}

/// The folder with the files.
#[derive(Clone, Debug)]
pub(super) struct Cache(PathBuf);

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {}: {error}", path.display())]
pub struct CacheError {
    path: PathBuf,
    error: io::Error,
}

const ACCOUNT: &str = "account.json";
const CERTIFICATE: &str = "certificate.json";

impl Cache {
    /// The folder, which is made if it is not there.
    pub(super) fn open(folder: &Path) -> Result<Self, CacheError> {
        std::fs::create_dir_all(folder).map_err(|error| CacheError { path: folder.to_owned(), error })?;
        Ok(Self(folder.to_owned()))
    }

    /// The account that is kept, if any; of one that cannot be read the log tells.
    pub(super) fn account(&self) -> Option<Account> {
        self.read(ACCOUNT)
    }

    /// The certificate that is kept, if any; of one that cannot be read the log tells.
    pub(super) fn certificate(&self) -> Option<Kept> {
        self.read(CERTIFICATE)
    }

    pub(super) fn keep_account(&self, account: &Account) -> Result<(), CacheError> {
        self.write(ACCOUNT, account)
    }

    pub(super) fn keep_certificate(&self, kept: &Kept) -> Result<(), CacheError> {
        self.write(CERTIFICATE, kept)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let path = self.0.join(name);
        let read = std::fs::read(&path).and_then(|bytes| Ok(serde_json::from_slice(&bytes)?));
        match read {
            Ok(value) => Some(value),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(path = %path.display(), kind = %error.kind(), "not used, for it cannot be read");
                None
            }
        }
    }

    /// Writes a file that only its owner may read, whole or not at all.
    fn write(&self, name: &str, value: &impl Serialize) -> Result<(), CacheError> {
        let path = self.0.join(name);
        let write = || -> io::Result<()> {
            // Made with mode 0600.
            let mut file = NamedTempFile::new_in(&self.0)?;
            file.write_all(&serde_json::to_vec(value)?)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(|error| CacheError { path: path.clone(), error })
    }
}
