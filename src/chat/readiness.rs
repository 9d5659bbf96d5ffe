//! Whether requests can be served.

use super::{Chat, ChatError, ChatResult};

impl Chat {
    /// Whether requests can be served: the database answers and messages are being stored.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn ready(&self) -> ChatResult<()> {
        self.store.lifecycle.ping().await?;
        if self.writer.is_failing() { Err(ChatError::Unavailable(None)) } else { Ok(()) }
    }
}
