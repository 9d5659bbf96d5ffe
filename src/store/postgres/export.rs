//! All records, as of one moment.

use std::pin::pin;

use futures_util::TryStreamExt;
use tokio_postgres::{Client, IsolationLevel};

use super::connect::Target;
use super::record::{RecordRow, select};
use super::{beside, import};
use crate::store::StoreResult;
use crate::store::transfer::{Pages, Snapshot, TABLES};

/// The whole of a table is read, along the index that has its order; it takes as long as whoever reads it does.
const SETTINGS: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
     SET enable_sort = off; SET jit = off;";

/// See [`snapshot`](crate::store::snapshot).
pub(super) async fn snapshot(target: Target) -> StoreResult<Snapshot> {
    beside::check(&target).await?;
    let (mut client, _) = target.connect().await?;
    let (mut pages, snapshot) = Pages::new();
    tokio::spawn(async move {
        let fed = feed(&mut client, &target, &mut pages).await;
        pages.end(fed).await;
    });
    Ok(snapshot)
}

/// Rows come as fast as they are taken, for the connection reads no further ahead than its buffer has room.
async fn feed(client: &mut Client, target: &Target, pages: &mut Pages) -> StoreResult<()> {
    client.batch_execute(SETTINGS).await?;
    let view = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let view = view.start().await?;
    import::check_complete(view.client(), target).await?;
    for table in TABLES {
        let rows = view.query_raw(&select(table), std::iter::empty::<i64>()).await?;
        let mut rows = pin!(rows);
        while let Some(row) = rows.try_next().await? {
            if pages.add((table.read)(&RecordRow(row))?) {
                pages.send().await?;
            }
        }
    }
    Ok(())
}
