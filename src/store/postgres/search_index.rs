//! Filling the index of words, and taking out what must not be found.
//!
//! Who puts words in and who takes them out would not see each other's work before it is committed. So both lock the
//! table `search_queue`, in modes that keep them apart and those who take out not from each other. Messages that are
//! stored have nothing to do with it.

use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Transaction};
use tokio::time::Instant;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::error::column;
use crate::model::{GroupId, UserId};
use crate::search::{lexemes, rules};
use crate::store::StoreResult;
use crate::store::indexing::Slice;
use crate::store::search::{BUCKETS, bucket_lexeme, group_lexeme, place_lexemes, sender_lexeme};

/// Messages in a slice, of each kind.
const SLICE_ROWS: i64 = 500;

/// Bytes of content after which a slice takes no further message.
const SLICE_BYTES: i64 = 1024 * 1024;

/// What is lost with a crash is not the index alone but also how far it came, so nobody has to wait for the disk. Those
/// who take out wait for a slice; one that would have to wait for them gives way, since others would wait behind it.
const BEGIN: &str =
    "SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = '20ms'; SET LOCAL enable_sort = on;
     LOCK TABLE search_queue IN SHARE ROW EXCLUSIVE MODE";

/// How long a slice counts that gave way.
const GAVE_WAY: Duration = Duration::from_millis(20);

/// Messages that were edited, and those that came since; the first may be gone.
fn select(source: &str) -> String {
    format!(
        "SELECT id, group_id, user_id, content FROM (
             SELECT *, sum(octet_length(content)) OVER (ORDER BY id) - octet_length(content) AS bytes_before
             FROM ({source} ORDER BY id LIMIT {SLICE_ROWS}) m) m
         WHERE bytes_before < {SLICE_BYTES} ORDER BY id"
    )
}

const QUEUED: &str = "SELECT q.message_id AS id, m.group_id, m.user_id, coalesce(m.content, '') AS content
    FROM search_queue q LEFT JOIN messages m ON m.id = q.message_id";

const NEW: &str = "SELECT id, group_id, user_id, content FROM messages
    WHERE id > (SELECT last_message_id FROM search_progress) AND id <= $1";

const INSERT: &str = "INSERT INTO search_documents (message_id, words)
    SELECT id, array_to_tsvector(string_to_array(words, ' '))
    FROM unnest($1::bigint[], $2::text[]) AS new (id, words)
    ON CONFLICT (message_id) DO UPDATE SET words = excluded.words";

/// Empties the index: it begins anew.
pub(super) const EMPTY: &str =
    "TRUNCATE search_documents, search_queue; UPDATE search_progress SET last_message_id = 0";

/// Empties the index if it was made under other rules.
pub(super) async fn prepare(client: &Client) -> StoreResult<()> {
    let progress = client.query_one("SELECT rules FROM search_progress", &[]).await?;
    if column::<&str>(&progress, 0, "search_progress", "rules")? == rules() {
        return Ok(());
    }
    client.batch_execute(&format!("BEGIN; {EMPTY}; COMMIT")).await?;
    client.execute("UPDATE search_progress SET rules = $1", &[&rules()]).await?;
    Ok(())
}

/// Indexes the next messages, none with a higher number than this.
pub(super) async fn slice(client: &mut ClientWrapper, upto: i64) -> StoreResult<Slice> {
    let begun = Instant::now();
    let transaction = client.transaction().await?;
    match transaction.batch_execute(BEGIN).await {
        Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            return Ok(Slice { spent: GAVE_WAY, more: true });
        }
        begun => begun?,
    }
    let queued = transaction.query(&transaction.prepare_cached(&select(QUEUED)).await?, &[]).await?;
    let new = transaction.query(&transaction.prepare_cached(&select(NEW)).await?, &[&upto]).await?;
    if !queued.is_empty() {
        put_in(&transaction, &queued).await?;
        let done = queued.iter().map(|row| column(row, 0, "search_queue", "message_id"));
        let done = done.collect::<StoreResult<Vec<i64>>>()?;
        let delete =
            transaction.prepare_cached("DELETE FROM search_queue WHERE message_id = ANY ($1)").await?;
        transaction.execute(&delete, &[&done]).await?;
    }
    if let Some(last) = new.last() {
        put_in(&transaction, &new).await?;
        let last: i64 = column(last, 0, "messages", "id")?;
        let update = transaction.prepare_cached("UPDATE search_progress SET last_message_id = $1").await?;
        transaction.execute(&update, &[&last]).await?;
    }
    transaction.commit().await?;
    Ok(Slice { spent: begun.elapsed(), more: !queued.is_empty() || !new.is_empty() })
}

async fn put_in(transaction: &Transaction<'_>, rows: &[Row]) -> StoreResult<()> {
    let (mut ids, mut words) = (Vec::new(), Vec::new());
    for row in rows {
        let of_content = lexemes(column(row, 3, "messages", "content")?);
        if !of_content.is_empty() {
            let id: i64 = column(row, 0, "messages", "id")?;
            let place = place_lexemes(
                column(row, 1, "messages", "group_id")?,
                column(row, 2, "messages", "user_id")?,
            );
            let buckets: Vec<String> =
                (0..).zip(BUCKETS).map(|(level, bits)| bucket_lexeme(level, id >> bits)).collect();
            ids.push(id);
            words.push(format!("{of_content} {place} {}", buckets.join(" ")));
        }
    }
    let insert = transaction.prepare_cached(INSERT).await?;
    transaction.execute(&insert, &[&ids, &words]).await?;
    Ok(())
}

/// Takes out messages whose content is changed or taken away by the transaction that is under way.
pub(super) struct TakeOut {
    queue: Statement,
    delete: Statement,
}

impl TakeOut {
    /// Prepares it.
    pub(super) async fn prepare(client: &Client) -> Result<Self, Error> {
        let (queue, delete) = tokio::try_join!(
            client.prepare("INSERT INTO search_queue SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING"),
            client.prepare("DELETE FROM search_documents WHERE message_id = ANY ($1)"),
        )?;
        Ok(Self { queue, delete })
    }

    /// Takes out these, to be indexed anew if they say something then. All that is said to the database is said when this
    /// is polled for the first time.
    pub(super) async fn messages(&self, client: &Client, ids: &[i64]) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        // The first waits for a slice that is being indexed, and keeps off others; so the second sees all there is.
        let ids: [&(dyn ToSql + Sync); 1] = [&ids];
        let (queued, deleted) =
            tokio::join!(client.execute(&self.queue, &ids), client.execute(&self.delete, &ids));
        queued.and(deleted).map(drop)
    }
}

/// Takes out all messages of a group that is deleted by this transaction, in which nothing big should come after it.
pub(super) async fn take_out_group(transaction: &Transaction<'_>, group: GroupId) -> StoreResult<()> {
    take_out_all(transaction, &group_lexeme(group.0)).await
}

/// The same of all messages of a sender.
pub(super) async fn take_out_sender(transaction: &Transaction<'_>, sender: UserId) -> StoreResult<()> {
    take_out_all(transaction, &sender_lexeme(sender.0)).await
}

async fn take_out_all(transaction: &Transaction<'_>, lexeme: &str) -> StoreResult<()> {
    transaction
        .batch_execute("SET LOCAL enable_bitmapscan = on; LOCK TABLE search_queue IN ROW EXCLUSIVE MODE")
        .await?;
    let delete =
        transaction.prepare_cached("DELETE FROM search_documents WHERE words @@ $1::text::tsquery").await?;
    transaction.execute(&delete, &[&format!("'{lexeme}'")]).await?;
    Ok(())
}
