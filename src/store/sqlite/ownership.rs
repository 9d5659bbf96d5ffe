//! One server at a time uses the file.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::unavailable;
use crate::store::{StoreError, StoreResult};

/// The right to use a database file, held by a lock on the file of the same name with `.lock` behind it.
/// The system gives the lock up with the process, however that ends; the lock's file stays.
pub(super) struct Ownership {
    lock: File,
}

impl Drop for Ownership {
    /// Gives the lock up by name: closing the file would not while a child process, which is just being started, has it
    /// open too.
    fn drop(&mut self) {
        _ = self.lock.unlock();
    }
}

impl Ownership {
    /// Takes ownership of the database at `place`.
    pub(super) fn take(place: &Path) -> StoreResult<Self> {
        let name = lock_name(place);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&name)
            .map_err(|error| unavailable(format!("{}: {error}", name.display())))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Owned(place.display().to_string())),
            Err(TryLockError::Error(error)) => Err(unavailable(format!("{}: {error}", name.display()))),
        }
    }

    /// Whether somebody owns the database at `place`. Makes no file.
    pub(super) fn is_taken(place: &Path) -> bool {
        let Ok(lock) = File::open(lock_name(place)) else { return false };
        let lock = Self { lock };
        matches!(lock.lock.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

/// The file of the lock of the database at `place`.
fn lock_name(place: &Path) -> PathBuf {
    let mut name = OsString::from(place);
    name.push(".lock");
    name.into()
}

/// The one absolute path of the file, so that links to it do not have a lock of their own and no name is
/// taken for one of SQLite's special ones.
pub(super) fn resolve(file: &Path) -> StoreResult<PathBuf> {
    match file.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => std::path::absolute(file),
        found => found,
    }
    .map_err(|error| unavailable(format!("{}: {error}", file.display())))
}
