//! Whether requests can be served.

use std::time::Duration;

use tokio::time::timeout;

use super::{Chat, ChatError, ChatResult};

/// How long the database may take to answer. Who asks here wants to know soon.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

impl Chat {
    /// Whether requests can be served: the database answers and messages are being stored; one of several nodes has
    /// caught up with the others since it began.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn ready(&self) -> ChatResult<()> {
        let is_settled = self.node().is_none_or(|node| node.is_settled());
        if self.writer.is_failing() || !is_settled {
            return Err(ChatError::Unavailable(None));
        }
        let ping = timeout(PING_TIMEOUT, self.store.lifecycle.ping()).await;
        Ok(ping.map_err(|_| ChatError::Unavailable(None))??)
    }
}
