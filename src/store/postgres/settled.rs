//! Up to which number no message can come to light any more. Nodes take numbers before they commit, so a message may
//! become visible after one with a higher number.

use std::sync::{Mutex, MutexGuard, PoisonError};

use deadpool_postgres::ClientWrapper as Client;

use super::error::column;
use crate::store::StoreResult;

/// How far that is known.
#[derive(Default)]
pub(super) struct Settled(Mutex<State>);

#[derive(Clone, Copy, Default)]
struct State {
    settled: i64,
    /// A number, and a transaction: when all before this have ended all numbers up to that are settled.
    waits: Option<(i64, i64)>,
}

impl Settled {
    /// Looks how far it is now. Also answers whether these are all numbers that were taken.
    pub(super) async fn look(&self, client: &Client) -> StoreResult<(i64, bool)> {
        let last = client
            .prepare_cached("SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM message_ids")
            .await?;
        let last: i64 = column(&client.query_one(&last, &[]).await?, 0, "message_ids", "last_value")?;
        let State { settled, waits } = *self.state();
        if settled >= last {
            return Ok((last, true));
        }
        let (number, transaction) = match waits {
            Some(waits) => waits,
            None => {
                // Whoever has taken a number has locked a head before, and so had a transaction before this one.
                let next = client.prepare_cached("SELECT pg_current_xact_id()::text::bigint").await?;
                (last, column(&client.query_one(&next, &[]).await?, 0, "message_ids", "xid")?)
            }
        };
        let ended = client
            .prepare_cached("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= $1")
            .await?;
        let have_ended: bool =
            column(&client.query_one(&ended, &[&transaction]).await?, 0, "message_ids", "xmin")?;
        let mut state = self.state();
        if have_ended {
            *state = State { settled: state.settled.max(number), waits: None };
        } else {
            state.waits = Some((number, transaction));
        }
        Ok((state.settled, state.settled >= last))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
