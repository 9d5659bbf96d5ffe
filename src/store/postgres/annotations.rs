//! What stands beside messages.

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::types::ToSql;

use super::error::column;
use super::instant::Instant;
use crate::model::MessageId;
use crate::model::{Annotations, ReactionCount};
use crate::store::row::REACTION_USERS_MAX;
use crate::store::{StoreResult, row};

const REPLIES: &str = "SELECT t.replies, t.last
    FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (id, position)
    CROSS JOIN LATERAL (SELECT count(*) AS replies, max(created_at) AS last FROM messages
                        WHERE thread_id = asked.id AND deleted_at IS NULL) t
    ORDER BY position";

fn reactions_sql() -> String {
    format!(
        "SELECT asked.position, r.emoji, r.count, ARRAY(
             SELECT user_id FROM reactions
             WHERE message_id = asked.id AND emoji = r.emoji AND is_on ORDER BY seq LIMIT {REACTION_USERS_MAX})
         FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (id, position)
         CROSS JOIN LATERAL (SELECT emoji, count(*) AS count, min(seq) AS first FROM reactions
                             WHERE message_id = asked.id AND is_on GROUP BY emoji) r
         ORDER BY asked.position, r.first"
    )
}

/// See [`MessageLog::annotations`](crate::store::MessageLog::annotations).
pub(super) async fn of(client: &Client, messages: Vec<MessageId>) -> StoreResult<Vec<Annotations>> {
    let replies = client.prepare_cached(REPLIES).await?;
    let reactions = client.prepare_cached(&reactions_sql()).await?;
    let ids: Vec<i64> = messages.iter().map(|id| id.0).collect();
    let parameters: [&(dyn ToSql + Sync); 1] = [&ids];
    let (replies, reactions) =
        tokio::try_join!(client.query(&replies, &parameters), client.query(&reactions, &parameters))?;
    let mut all = Vec::with_capacity(replies.len());
    for row in &replies {
        let last: Option<Instant> = column(row, 1, "messages", "created_at")?;
        all.push(Annotations {
            replies: column::<i64>(row, 0, "messages", "thread_id")?.unsigned_abs(),
            last_reply_at: last.map(|at| at.0),
            reactions: Vec::new(),
        });
    }
    for row in &reactions {
        let position: i64 = column(row, 0, "reactions", "message_id")?;
        let users: Vec<i64> = column(row, 3, "reactions", "user_id")?;
        let reaction = ReactionCount {
            emoji: column::<&str>(row, 1, "reactions", "emoji")?.into(),
            count: column::<i64>(row, 2, "reactions", "emoji")?.unsigned_abs(),
            users: users
                .into_iter()
                .map(|user| row::user_id(user, "reactions", "user_id"))
                .collect::<StoreResult<_>>()?,
        };
        if let Some(of) = usize::try_from(position - 1).ok().and_then(|place| all.get_mut(place)) {
            of.reactions.push(reaction);
        }
    }
    Ok(all)
}
