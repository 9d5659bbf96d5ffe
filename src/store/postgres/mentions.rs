//! Rows by which messages are found that mention somebody.

use tokio_postgres::{Client, Error, Statement};

use crate::model::MessageId;

/// The statements that keep them in step with `messages.mentions`.
pub(super) struct Statements {
    note: Statement,
    forget: Statement,
}

impl Statements {
    /// Prepares them.
    pub(super) async fn prepare(client: &Client) -> Result<Self, Error> {
        let (note, forget) = tokio::try_join!(
            client.prepare(
                "INSERT INTO mentions (user_id, group_id, seq)
                 SELECT named, m.group_id, m.seq FROM messages m CROSS JOIN LATERAL unnest(m.mentions) AS named
                 WHERE m.id = ANY ($1::bigint[]) ON CONFLICT DO NOTHING"
            ),
            client.prepare(
                "DELETE FROM mentions gone USING messages m CROSS JOIN LATERAL unnest(m.mentions) AS named
                 WHERE m.id = ANY ($1::bigint[]) AND gone.user_id = named AND gone.group_id = m.group_id
                   AND gone.seq = m.seq"
            ),
        )?;
        Ok(Self { note, forget })
    }

    /// Makes the rows of messages that are stored.
    pub(super) async fn note(&self, client: &Client, messages: &[MessageId]) -> Result<(), Error> {
        say(client, &self.note, messages).await
    }

    /// Takes the rows of messages, while they still say whom they mention.
    pub(super) async fn forget(&self, client: &Client, messages: &[MessageId]) -> Result<(), Error> {
        say(client, &self.forget, messages).await
    }
}

/// Says nothing of no messages.
async fn say(client: &Client, statement: &Statement, messages: &[MessageId]) -> Result<(), Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = messages.iter().map(|id| id.0).collect();
    client.execute(statement, &[&ids]).await.map(drop)
}
