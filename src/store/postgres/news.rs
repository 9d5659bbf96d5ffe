//! What other nodes have changed.

use deadpool_postgres::ClientWrapper as Client;

use super::error::column;
use super::{joining, notices};
use crate::model::{GroupId, NodeId, Seq};
use crate::store::{Known, News, Notice, StoreResult};

/// `$1` is the node, `$2` the horizon, `$3` the notices that were seen, `$4` and `$5` the last batch of each node, `$6`
/// whether nothing is known. All is as of one moment, the one of which the new horizon tells.
const NEWS: &str = "WITH known AS MATERIALIZED (
         SELECT * FROM unnest($4::bigint[], $5::bigint[]) AS known (node, serial)
     ), renewed AS (
         UPDATE nodes SET seen_at = clock_timestamp()
         WHERE id = $1 AND seen_at < clock_timestamp() - interval '2 s'
     ), others AS MATERIALIZED (
         SELECT n.id AS node, CASE WHEN $6 THEN (SELECT max(b.serial) FROM batches b WHERE b.node = n.id)
             ELSE (SELECT k.serial FROM known k WHERE k.node = n.id) END AS serial
         FROM nodes n WHERE n.id <> $1
         UNION
         SELECT k.node, k.serial FROM known k
     ), new AS MATERIALIZED (
         SELECT o.node, coalesce(o.serial, 0) AS after, b.serial, b.previous, b.groups, b.heads
         FROM others o CROSS JOIN LATERAL (
             SELECT * FROM batches b WHERE b.node = o.node AND b.serial > coalesce(o.serial, 0)) b
     ), lasts AS MATERIALIZED (
         SELECT o.node, coalesce((SELECT max(new.serial) FROM new WHERE new.node = o.node), o.serial, 0) AS serial
         FROM others o WHERE EXISTS (SELECT 1 FROM nodes n WHERE n.id = o.node)
     ), moved AS MATERIALIZED (
         SELECT moved.of_group, max(moved.head) AS head
         FROM new CROSS JOIN LATERAL unnest(new.groups, new.heads) AS moved (of_group, head) GROUP BY moved.of_group
     ), noted AS MATERIALIZED (
         SELECT * FROM notices n WHERE n.xid >= $2 AND NOT n.id = ANY ($3::bigint[])
     )
     SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
         ARRAY(SELECT n.id FROM notices n
               WHERE n.xid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint),
         ARRAY(SELECT node FROM lasts ORDER BY node), ARRAY(SELECT serial FROM lasts ORDER BY node),
         ARRAY(SELECT of_group FROM moved ORDER BY of_group), ARRAY(SELECT head FROM moved ORDER BY of_group),
         ARRAY(SELECT n.id FROM nodes n WHERE n.id = $1 OR n.seen_at > clock_timestamp() - interval '10 s'),
         EXISTS (SELECT 1 FROM nodes n WHERE n.id = $1),
         (SELECT c.xid < $2 FROM cleared_notices c)
             AND NOT EXISTS (SELECT 1 FROM new GROUP BY new.node, new.after HAVING min(new.previous) > new.after),
         ARRAY(SELECT kind FROM noted ORDER BY id), ARRAY(SELECT group_id FROM noted ORDER BY id),
         ARRAY(SELECT user_id FROM noted ORDER BY id), ARRAY(SELECT number FROM noted ORDER BY id),
         ARRAY(SELECT digest FROM noted ORDER BY id), ARRAY(SELECT node = $1 FROM noted ORDER BY id)";

/// See [`SharedLog::news`](crate::store::SharedLog::news).
pub(super) async fn read(client: &Client, node: NodeId, known: Known) -> StoreResult<News> {
    if !known.is_set {
        appear(client, node).await?;
    }
    let news = client.prepare_cached(NEWS).await?;
    // Without knowing anything there is nothing that is no longer so.
    let horizon = if known.is_set { known.horizon } else { i64::MAX };
    let (nodes, serials): (Vec<i64>, Vec<i64>) =
        known.serials.iter().map(|(node, serial)| (node.0, *serial)).unzip();
    let row = client
        .query_one(&news, &[&node.0, &horizon, &&known.seen[..], &nodes, &serials, &!known.is_set])
        .await?;
    let is_listed: bool = column(&row, 7, "nodes", "id")?;
    if !is_listed {
        appear(client, node).await?;
    }
    let numbers = |index, table, name| column::<Vec<i64>>(&row, index, table, name);
    let nodes = numbers(2, "batches", "node")?.into_iter().map(NodeId);
    let groups = numbers(4, "batches", "groups")?.into_iter().map(GroupId);
    let mut alive: Vec<NodeId> = numbers(6, "nodes", "id")?.into_iter().map(NodeId).collect();
    if !is_listed {
        alive.push(node);
    }
    let are_own: Vec<bool> = column(&row, 14, "notices", "node")?;
    let notices = notices::read(&row, 9)?.into_iter().zip(are_own);
    let (own, notices): (Vec<_>, Vec<_>) = notices.partition(|(_, is_own)| *is_own);
    let bare = |notices: Vec<(Notice, bool)>| notices.into_iter().map(|(notice, _)| notice).collect();
    Ok(News {
        known: Known {
            is_set: true,
            horizon: column(&row, 0, "notices", "xid")?,
            seen: numbers(1, "notices", "id")?.into(),
            serials: nodes.zip(numbers(3, "batches", "serial")?).collect(),
        },
        notices: bare(notices),
        own: bare(own),
        moved: groups.zip(numbers(5, "batches", "heads")?.into_iter().map(Seq)).collect(),
        alive,
        is_whole: is_listed && column(&row, 8, "cleared_notices", "xid")?,
    })
}

async fn appear(client: &Client, node: NodeId) -> StoreResult<()> {
    let appear = client.prepare_cached(joining::APPEAR).await?;
    client.execute(&appear, &[&node.0]).await?;
    Ok(())
}

/// Transactions that have locked heads, which they do before they look at the notices: those of batches and deletions.
const STORING: &str =
    "FROM pg_locks WHERE locktype = 'relation' AND relation = 'group_heads'::regclass AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND mode <> 'AccessShareLock' AND pid <> pg_backend_pid()";

/// Which batches are being stored, by anybody.
pub(super) async fn being_stored(client: &Client) -> StoreResult<Vec<String>> {
    let select = format!("SELECT ARRAY(SELECT DISTINCT virtualtransaction {STORING})");
    let row = client.query_one(&client.prepare_cached(&select).await?, &[]).await?;
    column(&row, 0, "pg_locks", "virtualtransaction")
}

/// Whether some of these still are.
pub(super) async fn are_being_stored(client: &Client, batches: &[String]) -> StoreResult<bool> {
    let select = format!("SELECT EXISTS (SELECT 1 {STORING} AND virtualtransaction = ANY ($1))");
    let row = client.query_one(&client.prepare_cached(&select).await?, &[&batches]).await?;
    column(&row, 0, "pg_locks", "virtualtransaction")
}

/// Clears away what all have read, if nobody else has just done that.
pub(super) async fn clear(client: &Client) -> StoreResult<()> {
    let clear = client.prepare_cached("SELECT clear_news()").await?;
    client.query_one(&clear, &[]).await?;
    Ok(())
}
