//! Being told to stop.

use tokio::signal::unix::{SignalKind, signal};

use crate::admin::{AdminError, AdminResult};

/// Waits for the signal of Ctrl-C or of `kill`; its answer is the error that says so. So what is half done is taken back,
/// where the process would have ended at once.
pub(in crate::admin) async fn stopped<T>() -> AdminResult<T> {
    let unknown = |error| AdminError::Failed(format!("cannot wait for signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unknown)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(unknown)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Err(AdminError::Failed("stopped before it was done".to_owned()))
}
