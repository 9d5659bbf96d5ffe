//! What happens to read marks behind those who make them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Chat, ChatResult};
use crate::store::Swept;

/// How often senders' marks are moved at most.
const PERIOD: Duration = Duration::from_secs(1);
/// Of the time that sweeps take, how many times as long there is none: they are a twentieth of the work at most.
const REST: u32 = 19;

impl Chat {
    /// Moves the marks of those who send messages behind them, and tells the others how far members have read. Runs until
    /// it is dropped.
    pub async fn keep_marks(self: Arc<Self>) {
        tokio::join!(self.sweep_marks(), self.read_notifier.run());
    }

    async fn sweep_marks(&self) {
        loop {
            let begun = Instant::now();
            // While the database is away marks are as right as they were, and the next sweep has more to do.
            let left = self.sweep().await.unwrap_or(Swept::All);
            let rest = begun.elapsed() * REST;
            sleep(if left == Swept::Part { rest } else { rest.max(PERIOD) }).await;
        }
    }

    async fn sweep(&self) -> ChatResult<Swept> {
        Ok(self.store.marks.sweep().await?)
    }
}
