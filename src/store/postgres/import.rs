//! Reading records in.

use std::collections::BTreeMap;
use std::pin::pin;

use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::{Client, Transaction};

use super::connect::{Connection, SESSION_SETTINGS, Target};
use super::error::column;
use super::instant::Instant;
use super::ownership::Share;
use super::{migrations, ownership, record, search_index};
use crate::store::transfer::{Import, ImportProgress, ImportState, Record, Server, TABLES, unfinished};
use crate::store::{Asked, StoreError, StoreResult, row};

/// A transaction takes as long as it takes.
const SETTINGS: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";

/// A database that records are read into.
pub(super) struct PostgresImport {
    client: Client,
    connection: Connection,
}

/// Opens a database, see [`open_import`](crate::store::open_import).
pub(super) async fn open(target: &Target) -> StoreResult<PostgresImport> {
    let (mut client, connection) = ownership::take_patiently(target, Share::All).await?;
    migrations::run(&mut client).await?;
    client.batch_execute(SESSION_SETTINGS).await?;
    client.batch_execute(SETTINGS).await?;
    // A server that has lost its connection does not go on with what it knew.
    client.execute("UPDATE server SET owner = gen_random_uuid()::text", &[]).await?;
    Ok(PostgresImport { client, connection })
}

/// Refuses a database that an import has begun to fill.
pub(super) async fn check_complete(client: &Client, target: &Target) -> StoreResult<()> {
    match noted(client).await? {
        Some(ImportProgress { is_complete: false, .. }) => Err(unfinished(&target.place)),
        _ => Ok(()),
    }
}

async fn noted(client: &Client) -> StoreResult<Option<ImportProgress>> {
    let row = client.query_opt("SELECT lines, digest, is_complete FROM import_progress", &[]).await?;
    let Some(row) = row else { return Ok(None) };
    let lines: i64 = column(&row, 0, "import_progress", "lines")?;
    let digest: &[u8] = column(&row, 1, "import_progress", "digest")?;
    let is_complete: bool = column(&row, 2, "import_progress", "is_complete")?;
    ImportProgress::of(lines, digest, is_complete).map(Some)
}

async fn note(transaction: &Transaction<'_>, progress: ImportProgress) -> StoreResult<()> {
    let upsert =
        "INSERT INTO import_progress (lines, digest, is_complete) VALUES ($1, $2, $3) ON CONFLICT (only_row)
         DO UPDATE SET lines = excluded.lines, digest = excluded.digest, is_complete = excluded.is_complete";
    let ImportProgress { lines, digest, is_complete } = progress;
    transaction.execute(upsert, &[&row::count(lines), &&digest[..], &is_complete]).await?;
    Ok(())
}

impl PostgresImport {
    async fn has_data(&self) -> StoreResult<bool> {
        let tables = TABLES.iter().filter(|table| table.name != "server");
        let any: Vec<String> = tables.map(|table| format!("EXISTS (SELECT 1 FROM {})", table.name)).collect();
        Ok(self.client.query_one(&format!("SELECT {}", any.join(" OR ")), &[]).await?.try_get(0)?)
    }

    async fn count_all(&self) -> StoreResult<BTreeMap<String, u64>> {
        let mut counts = BTreeMap::new();
        for table in TABLES {
            let count = self.client.query_one(&format!("SELECT count(*) FROM {}", table.name), &[]).await?;
            counts.insert(table.record.to_owned(), count.try_get::<_, i64>(0)?.unsigned_abs());
        }
        Ok(counts)
    }
}

impl Import for PostgresImport {
    fn state(&mut self) -> Asked<'_, ImportState> {
        Box::pin(async { Ok(ImportState::of(noted(&self.client).await?, self.has_data().await?)) })
    }

    fn put<'a>(&'a mut self, records: &'a [Record], progress: ImportProgress) -> Asked<'a, ()> {
        Box::pin(async move {
            let transaction = self.client.transaction().await?;
            insert(&transaction, records).await?;
            note(&transaction, progress).await?;
            Ok(transaction.commit().await?)
        })
    }

    fn refuses<'a>(&'a mut self, records: &'a [Record]) -> Asked<'a, bool> {
        Box::pin(async move {
            let transaction = self.client.transaction().await?;
            let refused = match insert(&transaction, records).await {
                Ok(()) => false,
                Err(StoreError::Refused(_)) => true,
                Err(error) => return Err(error),
            };
            transaction.rollback().await?;
            Ok(refused)
        })
    }

    fn count(&mut self) -> Asked<'_, BTreeMap<String, u64>> {
        Box::pin(async { self.count_all().await })
    }

    fn complete(&mut self, progress: ImportProgress) -> Asked<'_, ()> {
        Box::pin(async move {
            let transaction = self.client.transaction().await?;
            transaction.batch_execute(search_index::EMPTY).await?;
            transaction.batch_execute(COMPLETE).await?;
            note(&transaction, progress).await?;
            Ok(transaction.commit().await?)
        })
    }

    fn close(self: Box<Self>) -> Asked<'static, ()> {
        Box::pin(async move {
            ownership::release(&self.client).await;
            drop(self.client);
            _ = self.connection.await;
            Ok(())
        })
    }
}

/// Marks are as after a sweep, numbers go on after the highest that there is, and the planner knows what has come.
const COMPLETE: &str = "UPDATE server SET marked_id = coalesce((SELECT max(id) FROM messages), 0);
     DELETE FROM group_heads;
     SELECT setval('users_id_seq', coalesce(max(id), 0) + 1, false) FROM users;
     ANALYZE users, groups, group_memberships, messages, reactions, log_entries, mentions, sent_ids;";

async fn insert(transaction: &Transaction<'_>, records: &[Record]) -> StoreResult<()> {
    for records in records.chunk_by(|one, next| one.kind() == next.kind()) {
        match records.first() {
            Some(Record::Server(server)) => set_server(transaction, server).await?,
            Some(first) => {
                let (statement, types) = record::copy(first.table());
                let writer = BinaryCopyInWriter::new(transaction.copy_in(&statement).await?, &types);
                let mut writer = pin!(writer);
                for record in records {
                    writer.as_mut().write_raw(record.values()).await?;
                }
                writer.finish().await?;
            }
            None => {}
        }
    }
    note_mentions(transaction, records).await
}

/// Makes findable whom messages mention that were stored just now.
async fn note_mentions(transaction: &Transaction<'_>, records: &[Record]) -> StoreResult<()> {
    let ids = records.iter().filter_map(|record| match record {
        Record::Message(message) => message.mentions.as_ref().map(|_| message.id.0),
        _ => None,
    });
    let ids: Vec<i64> = ids.collect();
    if ids.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO mentions (user_id, group_id, seq)
         SELECT unnest(mentions), group_id, seq FROM messages WHERE id = ANY ($1) ON CONFLICT DO NOTHING";
    transaction.execute(insert, &[&ids]).await?;
    Ok(())
}

/// Takes what a record says of the server, whose row is there already.
async fn set_server(transaction: &Transaction<'_>, server: &Server) -> StoreResult<()> {
    let update = "UPDATE server SET epoch = $1, signing_secret = $2, unsettled = $3, last_message_id = $4,
         last_message_at = $5";
    let secret = server.signing_secret.as_ref().map(|secret| &*secret.0);
    let (last_id, last_at) = (server.last_message_id.0, Instant(server.last_message_at.0));
    transaction.execute(update, &[&&*server.epoch.0, &secret, &server.unsettled, &last_id, &last_at]).await?;
    let sequences = "SELECT setval('groups_id_seq', greatest($1::bigint, 1), $1 > 0),
         setval('api_keys_id_seq', greatest($2::bigint, 1), $2 > 0)";
    transaction.query_one(sequences, &[&server.last_group_id.0, &server.last_api_key_id.0]).await?;
    Ok(())
}
