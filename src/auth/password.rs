//! Passwords.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::stored_hash::StoredHash;
use crate::model::limits::PASSWORD_BYTES_MAX;

/// Passwords that may wait for their turn; further ones are refused at once.
const WAITING_MAX: usize = 1_024;

/// How long a refused caller should wait. Hashing what can be waiting takes about this long on two cores.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Hashes and verifies passwords with argon2id (RFC 9106): 19 MiB of memory, 2 passes, 1 lane, a salt of 16 bytes from
/// the operating system. That is the first choice of the OWASP cheat sheet, and some 20 ms of work, so it
/// never runs on the caller's thread. Hashes of other kinds are verified as well, so that they can be
/// replaced.
///
/// Cheap to clone; clones share their bounds.
#[derive(Clone)]
pub struct PasswordHasher {
    runtime: Handle,
    /// Those being hashed and those waiting.
    admitted: Arc<Semaphore>,
    /// Those being hashed.
    running: Arc<Semaphore>,
}

/// What came of comparing a password with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// It is another password, or there is no such account.
    Wrong,
    /// It is the password.
    Right {
        /// Whether the hash is of an older kind, so that a new one should take its place.
        rehash: bool,
    },
}

/// Why a password was neither hashed nor compared.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many are waiting already.
    #[error("too many passwords are being hashed")]
    Busy {
        /// How long to wait before the next try.
        retry_after: Duration,
    },
    /// The algorithm, the operating system's random numbers or the runtime failed.
    #[error("a password could not be hashed: {0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl PasswordHasher {
    /// Hashes on the blocking threads of `runtime`, at most `concurrent` passwords at once (at least one),
    /// each holding 19 MiB meanwhile. Up to 1,024 more may wait.
    pub fn new(runtime: Handle, concurrent: usize) -> Self {
        let concurrent = concurrent.max(1);
        Self {
            runtime,
            admitted: Arc::new(Semaphore::new(concurrent + WAITING_MAX)),
            running: Arc::new(Semaphore::new(concurrent)),
        }
    }

    /// The hash of `password` as a PHC string: `$argon2id$v=19$m=19456,t=2,p=1$...`. May be awaited on any
    /// runtime. A caller that goes away gives its place back; what has begun is finished.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when too many wait, [`PasswordError::Failed`].
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()))
            .await?
            .map_err(failed)
    }

    /// Compares `password` with the `hash` of an account, `None` if there is no such account. Hashes are
    /// argon2 in PHC string format, of any parameters up to 256 MiB, 16 passes and 16 lanes, or bcrypt
    /// (`$2a$`, `$2b$`, `$2y$`) up to a cost of 16.
    ///
    /// No account, a hash of another kind and a password above [`PASSWORD_BYTES_MAX`] are wrong, and that is
    /// said no sooner than of a password that was compared. Who measures can tell an account that still has
    /// a hash of another kind, until its first log-in. Waits in the same queue as [`hash`](Self::hash).
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when too many wait, [`PasswordError::Failed`].
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<Verified, PasswordError> {
        self.run(move || {
            let stored = StoredHash::read(hash.as_deref());
            let fits = password.len() <= PASSWORD_BYTES_MAX;
            let matches = stored.matches(if fits { password.as_bytes() } else { b"" });
            if fits && matches { Verified::Right { rehash: stored.is_outdated() } } else { Verified::Wrong }
        })
        .await
    }

    /// Does `work` on a blocking thread, in its turn.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let Ok(admitted) = Arc::clone(&self.admitted).try_acquire_owned() else {
            return Err(PasswordError::Busy { retry_after: RETRY_AFTER });
        };
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(failed)?;
        let work = self.runtime.spawn_blocking(move || {
            // Kept here, not by the caller, who may be gone before the work is done.
            let _permits = (admitted, running);
            work()
        });
        work.await.map_err(failed)
    }
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PasswordError {
    PasswordError::Failed(error.into())
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHasher").field("running", &self.running).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
