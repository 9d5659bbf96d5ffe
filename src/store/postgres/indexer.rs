//! The task that has messages indexed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::{PostgresStore, QUESTION_TIMEOUT, ask_pool, search_index};
use crate::store::indexing::{self, Slice};
use crate::store::{Asked, StoreResult};

/// How long a node waits for messages that may still come to light before those that have.
const SETTLE: Duration = Duration::from_millis(100);

impl PostgresStore {
    /// Has messages indexed, until the store is closed.
    pub(super) fn index(&self) {
        let (pool, load, node) = (self.pool.clone(), Arc::clone(&self.load), self.node.clone());
        let slice = move || -> Asked<'static, _> {
            let (pool, node) = (pool.clone(), node.clone());
            Box::pin(async move {
                let (slice, is_all) = ask_pool(pool, QUESTION_TIMEOUT, |client| {
                    Box::pin(async move {
                        let (settled, is_all) = match node {
                            Some(node) => node.settled.look(client).await?,
                            None => (i64::MAX, true),
                        };
                        Ok((search_index::slice(client, settled).await?, is_all))
                    })
                })
                .await?;
                if slice.more || is_all {
                    return StoreResult::Ok(slice);
                }
                sleep(SETTLE).await;
                Ok(Slice { more: true, ..slice })
            })
        };
        self.until_closed(indexing::run(load, slice));
    }
}
