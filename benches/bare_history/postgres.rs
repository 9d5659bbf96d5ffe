//! The messages in Postgres.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, RecyclingMethod};
use groupcast::model::{Group, GroupId, JoinPolicy, Message, MessageId, Seq, Timestamp, User, UserId};
use tokio_postgres::{NoTls, Row};

use super::LIMIT;
use crate::support::Result;

pub(super) type Pool = deadpool_postgres::Pool;

/// Those of groupcast that decide on the plan.
const SETTINGS: &str = "SET enable_bitmapscan = off; SET enable_sort = off; SET jit = off";

/// The page as groupcast asks for it.
const SELECT: &str = "
    SELECT m.id, m.seq, m.content, m.client_id, m.created_at, u.id, u.username, u.email, g.id, g.name, g.is_private,
           u.is_admin, g.topic, g.invite_only
    FROM (SELECT *, sum(octet_length(content)) OVER (ORDER BY seq) - octet_length(content) AS bytes_before
          FROM (SELECT * FROM messages
                WHERE group_id = $4 AND id > $1 AND seq < $6 AND seq > greatest($5,
                    coalesce((SELECT seq FROM messages WHERE id = $1 AND group_id = $4), 0))
                ORDER BY seq LIMIT $3 OFFSET $2) page) m
    JOIN users u ON u.id = m.user_id JOIN groups g ON g.id = m.group_id
    WHERE m.bytes_before < 4194304 ORDER BY m.seq";

pub(super) fn open(url: &str, connections: usize) -> Result<Pool> {
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(url.parse()?, NoTls, config);
    let prepare = Hook::async_fn(|client, _| {
        Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
    });
    Ok(Pool::builder(manager).max_size(connections).post_create(prepare).build()?)
}

pub(super) async fn page(pool: &Pool, group: i64) -> Result<Vec<Message>> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(SELECT).await?;
    let rows = client.query(&statement, &[&0_i64, &0_i64, &LIMIT, &group, &0_i64, &i64::MAX]).await?;
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let group = Arc::new(Group {
        id: GroupId(first.get(8)),
        name: text(first, 9),
        is_private: first.get(10),
        topic: text(first, 12),
        join: if first.get(13) { JoinPolicy::Invite } else { JoinPolicy::Open },
    });
    rows.iter().map(|row| message(row, &group)).collect()
}

fn message(row: &Row, group: &Arc<Group>) -> Result<Message> {
    let created_at = row.get::<_, SystemTime>(4).duration_since(UNIX_EPOCH)?;
    Ok(Message {
        id: MessageId(row.get(0)),
        seq: Seq(row.get(1)),
        content: row.get::<_, &str>(2).into(),
        client_id: row.get::<_, Option<&str>>(3).map(Into::into),
        created_at: Timestamp(created_at.as_micros() as i64),
        details: None,
        user: Arc::new(User {
            id: UserId(row.get(5)),
            username: text(row, 6),
            email: text(row, 7),
            is_admin: row.get(11),
        }),
        group: Arc::clone(group),
    })
}

fn text(row: &Row, index: usize) -> Arc<str> {
    row.get::<_, &str>(index).into()
}
