//! What sends.

use std::sync::Arc;

use async_nats::Client;

use super::state::State;

/// Sends payloads in their order, for ever. Waits while the server takes nothing; until then 16 are with the client.
pub(super) async fn send(client: Client, state: Arc<State>) {
    loop {
        let (subject, payload) = state.to_send().await;
        // The server may have become one that takes less.
        if client.publish(state.subjects.name(subject), payload).await.is_err() {
            state.count_dropped(1);
        }
    }
}
