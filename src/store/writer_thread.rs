//! The thread of the connection that writes.

use std::thread;

use tokio::runtime::{Builder, Handle, LocalOptions};
use tokio::sync::oneshot;
use tokio::task::spawn_local;

use super::{StoreError, StoreResult};

/// Where `main` tells what came of opening the database.
pub(super) type Opening<T> = oneshot::Sender<StoreResult<T>>;

/// Starts the thread, and on it a runtime that lasts as long as `main`. The answer is what `main` has told, and the
/// runtime, on which the writer runs too: so neither wakes another thread to speak to the other.
pub(super) async fn start<T, M>(main: M) -> StoreResult<(T, Handle)>
where
    T: Send + 'static,
    M: AsyncFnOnce(Opening<T>) + Send + 'static,
{
    let (opening, opened) = oneshot::channel();
    let (started, runtime) = oneshot::channel();
    let run = move || match Builder::new_current_thread().enable_all().build_local(LocalOptions::default()) {
        Ok(runtime) => {
            _ = started.send(runtime.handle().clone());
            // Not `main` itself: what it is woken by would write to the runtime's eventfd, although it comes from here.
            _ = runtime.block_on(async { spawn_local(async move { main(opening).await }).await });
        }
        Err(error) => _ = opening.send(Err(unavailable(error))),
    };
    thread::Builder::new().name("groupcast-writer".into()).spawn(run).map_err(unavailable)?;
    let opened = opened.await.map_err(unavailable)??;
    Ok((opened, runtime.await.map_err(unavailable)?))
}

fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(cause.into())
}
