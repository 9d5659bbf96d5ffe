//! Passwords.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// Passwords that may wait for their turn; further ones are refused at once.
const WAITING_MAX: usize = 1_024;

/// How long a refused caller should wait. Hashing what can be waiting takes about this long on two cores.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Hashes passwords with argon2id (RFC 9106): 19 MiB of memory, 2 passes, 1 lane, a salt of 16 bytes from
/// the operating system. That is the first choice of the OWASP cheat sheet, and some 20 ms of work, so it
/// never runs on the caller's thread.
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

/// Why a password was not hashed.
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
        let Ok(admitted) = Arc::clone(&self.admitted).try_acquire_owned() else {
            return Err(PasswordError::Busy { retry_after: RETRY_AFTER });
        };
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(failed)?;
        let work = self.runtime.spawn_blocking(move || {
            // Kept here, not by the caller, who may be gone before the work is done.
            let _permits = (admitted, running);
            Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
        });
        work.await.map_err(failed)?.map_err(failed)
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
mod tests {
    use argon2::Argon2;
    use argon2::password_hash::{PasswordVerifier as _, phc::PasswordHash};
    use futures_util::future::join_all;
    use tokio::runtime::Handle;

    use super::{PasswordError, PasswordHasher, WAITING_MAX};

    #[tokio::test]
    async fn hashes_verify_and_are_salted() {
        let hasher = PasswordHasher::new(Handle::current(), 2);
        let hash = hasher.hash("s3cret".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, hasher.hash("s3cret".to_owned()).await.unwrap());
        let parsed = PasswordHash::new(&hash).unwrap();
        assert!(Argon2::default().verify_password(b"s3cret", &parsed).is_ok());
        assert!(Argon2::default().verify_password(b"secret", &parsed).is_err());
    }

    #[tokio::test]
    async fn refuses_when_too_many_wait() {
        let hasher = PasswordHasher::new(Handle::current(), 1);
        // The one place to work is taken, so that all others wait.
        let place = hasher.running.clone().acquire_owned().await.unwrap();
        let mut waiting: Vec<_> = (0..=WAITING_MAX).map(|_| Box::pin(hasher.hash("p".to_owned()))).collect();
        for waits in &mut waiting {
            assert!(futures_util::poll!(waits).is_pending());
        }
        assert!(matches!(hasher.hash("p".to_owned()).await, Err(PasswordError::Busy { .. })));
        // Who goes away makes room.
        waiting.truncate(2);
        drop(place);
        let (waited, fresh) = tokio::join!(join_all(waiting), hasher.hash("p".to_owned()));
        assert!(waited.into_iter().all(|hash| hash.is_ok()));
        assert!(fresh.is_ok());
    }
}
