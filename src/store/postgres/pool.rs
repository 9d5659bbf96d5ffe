//! The connections for everything but storing messages.

use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};

use super::connect::{CONNECT_TIMEOUT, SESSION_SETTINGS, Target};
use super::error::unavailable;
use crate::store::StoreResult;

/// How long a request may wait for a free connection.
const WAIT_TIMEOUT: Duration = Duration::from_secs(5);

/// What takes too long the database itself ends, a little before the store gives up on the connection.
///
/// Pages are read along an index that has their order. Without good statistics the planner thinks a user or a
/// group so small that it gathers all their rows and sorts them, anew for each page; so what has no need to
/// sort goes first. Compiling such short questions takes longer than answering them.
const SETTINGS: &str = "SET statement_timeout = '9s';
     SET idle_in_transaction_session_timeout = '20s';
     SET enable_bitmapscan = off;
     SET enable_sort = off;
     SET jit = off;";

/// Other nodes wait for what one does that has stopped in the middle of it.
const NODE_SETTINGS: &str = "SET idle_in_transaction_session_timeout = '1500ms'";

/// Begins a transaction that may touch all messages of a user or a group: it may take ten minutes, nearly.
pub(super) const LONG_WORK: &str = "SET LOCAL statement_timeout = '590s'";

/// A pool of at most `connections`, opened when they are needed.
pub(super) fn build(target: &Target, connections: usize, is_node: bool) -> StoreResult<Pool> {
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_connect(target.config.clone(), target.clone(), config);
    Pool::builder(manager)
        .max_size(connections.max(1))
        .wait_timeout(Some(WAIT_TIMEOUT))
        .create_timeout(Some(CONNECT_TIMEOUT))
        .recycle_timeout(Some(CONNECT_TIMEOUT))
        .runtime(Runtime::Tokio1)
        .post_create(Hook::async_fn(move |client, _| {
            Box::pin(async move {
                client.batch_execute(SESSION_SETTINGS).await.map_err(HookError::Backend)?;
                client.batch_execute(SETTINGS).await.map_err(HookError::Backend)?;
                match is_node {
                    true => client.batch_execute(NODE_SETTINGS).await.map_err(HookError::Backend),
                    false => Ok(()),
                }
            })
        }))
        .build()
        .map_err(unavailable)
}
