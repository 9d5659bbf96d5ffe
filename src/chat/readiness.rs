//! Whether requests can be served.

use super::{Chat, ChatError, ChatResult};

impl Chat {
    /// Whether requests can be served: the database answers and messages are being stored; one of several nodes has
    /// caught up with the others since it began.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn ready(&self) -> ChatResult<()> {
        self.store.lifecycle.ping().await?;
        let is_settled = self.node().is_none_or(|node| node.is_settled());
        if self.writer.is_failing() || !is_settled { Err(ChatError::Unavailable(None)) } else { Ok(()) }
    }
}
