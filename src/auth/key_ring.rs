//! The keys of an outside issuer, kept up to date.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::jwks::KeySet;
use super::jwks_source::{JwksSource, LoadError};

/// How often the keys are loaded anew.
const PERIOD: Duration = Duration::from_secs(5 * 60);

/// How long after the last load they may be loaded because a token names a key that is not there.
const PAUSE: Duration = Duration::from_secs(10);

/// How long a token waits for that; a load takes 5 s at most, when the machine keeps up.
const RENEWAL_TIMEOUT: Duration = Duration::from_secs(8);

/// Holds the last good copy of a key set, which a task on the background runtime replaces every five minutes
/// and when it is asked to. The task ends with this.
#[derive(Debug)]
pub(super) struct KeyRing {
    held: watch::Receiver<Held>,
    wanted: Arc<Notify>,
    task: AbortHandle,
}

/// What the last load brought.
#[derive(Clone, Debug)]
struct Held {
    keys: Arc<KeySet>,
    /// Loads that have ended, well or not.
    loads: u64,
    /// When the last one began.
    began: Instant,
    is_loading: bool,
}

impl KeyRing {
    /// Loads the keys, which blocks for 5 s at most, and then keeps loading them on `runtime`.
    ///
    /// # Errors
    /// There are no keys in the file. A URL may give some later, so that is only a warning.
    pub(super) fn start(source: JwksSource, runtime: &Handle) -> Result<Self, LoadError> {
        let began = Instant::now();
        let keys = match source.load() {
            Ok(keys) => keys,
            Err(error) if matches!(source, JwksSource::Url(_)) => {
                tracing::warn!(%source, %error, "no keys of the outside issuer; its tokens are refused until there are");
                KeySet::default()
            }
            Err(error) => return Err(error),
        };
        let (held, receiver) =
            watch::channel(Held { keys: Arc::new(keys), loads: 1, began, is_loading: false });
        let wanted = Arc::new(Notify::new());
        let task = runtime.spawn(keep_loading(source, held, Arc::clone(&wanted))).abort_handle();
        Ok(Self { held: receiver, wanted, task })
    }

    /// The keys as they were loaded last.
    pub(super) fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.held.borrow().keys)
    }

    /// The keys as they are after another load, for who has not found one; `None` if the last load was just
    /// now, so that made-up tokens cost the issuer one request in ten seconds.
    pub(super) async fn renewed(&self) -> Option<Arc<KeySet>> {
        let mut held = self.held.clone();
        let before = held.borrow().clone();
        if !before.is_loading {
            if before.began.elapsed() < PAUSE {
                return None;
            }
            self.wanted.notify_one();
        }
        let ended = held.wait_for(|held| held.loads > before.loads);
        let held = timeout(RENEWAL_TIMEOUT, ended).await.ok()?.ok()?;
        Some(Arc::clone(&held.keys))
    }
}

impl Drop for KeyRing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep_loading(source: JwksSource, held: watch::Sender<Held>, wanted: Arc<Notify>) {
    loop {
        let began = held.borrow().began;
        let is_wanted = timeout_at(began + PERIOD, wanted.notified()).await.is_ok();
        // The wish may be older than the last load.
        if is_wanted && began.elapsed() < PAUSE {
            continue;
        }
        held.send_modify(|held| {
            held.began = Instant::now();
            held.is_loading = true;
        });
        let from = source.clone();
        let loaded = tokio::task::spawn_blocking(move || from.load()).await;
        let keys = match loaded {
            Ok(Ok(keys)) => Some(Arc::new(keys)),
            Ok(Err(error)) => {
                tracing::warn!(%source, %error, "the keys of the outside issuer could not be loaded anew");
                None
            }
            Err(error) => {
                tracing::error!(%error, "the load of the outside issuer's keys broke off");
                None
            }
        };
        held.send_modify(|held| {
            if let Some(keys) = keys {
                tracing::debug!(%source, keys = keys.len(), "keys of the outside issuer loaded");
                held.keys = keys;
            }
            held.loads += 1;
            held.is_loading = false;
        });
    }
}

#[cfg(test)]
mod tests;
