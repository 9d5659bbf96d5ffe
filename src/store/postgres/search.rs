//! Full-text search: the index names candidates, their contents decide.
//!
//! The index knows no order, and gathers all that it finds. So the newest range of numbers is searched first, and a
//! larger one each time that it does not have enough: common words are found in the first, and for a rare one a handful
//! of questions suffices.

use deadpool_postgres::{ClientWrapper as Client, Transaction};
use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::column;
use super::{groups, messages, users};
use crate::model::MessageId;
use crate::model::limits::PAGE_BYTES_MAX;
use crate::store::page::Page;
use crate::store::search::{
    BUCKETS, CANDIDATES_BEFORE_PREFIXES, CANDIDATES_MAX, GROUPS_MAX, LOOK_TIME, Search, SearchPage,
    SearchPlace, bucket_lexeme, group_lexeme, sender_lexeme,
};
use crate::store::{StoreResult, row};

/// The index can be used for a set of rows alone.
const SETTINGS: &str =
    "SET LOCAL enable_bitmapscan = on; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = on";

/// The first range in which the index is asked for the beginnings of words.
const STEP_OF_PREFIXES: u32 = 2;

/// Most candidates that are read at once.
const CANDIDATES_AT_ONCE: usize = 500;

/// Candidates from `$3` up to `$2`, each with its message if who asks may read it. `$5` is the group, `$6` the sender, `$7`
/// the reader; 0 for any.
fn candidates_sql() -> String {
    format!(
        "WITH found AS MATERIALIZED (
             SELECT message_id AS id FROM search_documents WHERE words @@ $1::text::tsquery),
         newest AS MATERIALIZED (
             SELECT id FROM found WHERE id < $2::bigint AND id >= $3::bigint ORDER BY id DESC LIMIT $4::bigint),
         sized AS MATERIALIZED (
             SELECT newest.id AS candidate, m.*, coalesce(sum(octet_length(m.content)) OVER (
                 ORDER BY newest.id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
             FROM newest LEFT JOIN LATERAL (
                 SELECT * FROM messages m WHERE m.id = newest.id AND m.deleted_seq IS NULL
                 AND ($5::bigint = 0 OR m.group_id = $5) AND ($6::bigint = 0 OR m.user_id = $6)
                 AND ($7::bigint = 0 OR EXISTS (
                     SELECT 1 FROM group_memberships r WHERE r.group_id = m.group_id AND r.user_id = $7))
                 LIMIT 1) m ON true)
         SELECT {}, {}, {}, m.candidate, (SELECT count(*) FROM newest)
         FROM sized m LEFT JOIN users u ON u.id = m.user_id LEFT JOIN groups g ON g.id = m.group_id
         WHERE m.bytes_before < {PAGE_BYTES_MAX} ORDER BY m.candidate DESC",
        messages::COLUMNS,
        users::COLUMNS,
        groups::COLUMNS,
    )
}

/// See [`SearchIndex::search`](crate::store::SearchIndex::search).
pub(super) async fn search(client: &mut Client, search: Search) -> StoreResult<SearchPage> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(SETTINGS).await?;
    let found = match Look::begin(&transaction, &search).await? {
        Some(look) => look.run().await?,
        None => SearchPage::default(),
    };
    transaction.commit().await?;
    Ok(found)
}

/// A search under way.
struct Look<'s> {
    transaction: &'s Transaction<'s>,
    search: &'s Search,
    begun: Instant,
    /// What is asked of the index in each range.
    parts: Vec<String>,
    prefixes: Vec<String>,
    /// The next candidates have lower numbers.
    place: SearchPlace,
    found: SearchPage,
    shared: Page,
    looked_at: usize,
    bytes_found: usize,
}

/// One question to the index.
struct Range {
    /// The lowest number in it.
    floor: i64,
    candidates_max: usize,
    question: String,
}

impl<'s> Look<'s> {
    /// `None` if there can be nothing.
    async fn begin(transaction: &'s Transaction<'s>, search: &'s Search) -> StoreResult<Option<Self>> {
        let wanted = search.query.wanted();
        let mut parts: Vec<String> = wanted.whole.iter().map(|lexeme| format!("'{lexeme}'")).collect();
        let prefixes = wanted.prefixes.iter().map(|prefix| format!("'{prefix}':*")).collect();
        parts.extend(search.scope.sender.map(|sender| format!("'{}'", sender_lexeme(sender.0))));
        let reader = search.scope.reader.map_or(0, |reader| reader.0);
        let select = transaction
            .prepare_cached(
                "SELECT last_message_id, ARRAY(SELECT group_id FROM group_memberships WHERE user_id = $1 LIMIT $2)
                 FROM search_progress",
            )
            .await?;
        let about = transaction.query_one(&select, &[&reader, &(GROUPS_MAX as i64 + 1)]).await?;
        let last: i64 = column(&about, 0, "search_progress", "last_message_id")?;
        let groups: Vec<i64> = column(&about, 1, "group_memberships", "group_id")?;
        match (search.scope.group, reader) {
            (Some(group), _) => parts.push(format!("'{}'", group_lexeme(group.0))),
            (None, 0) => {}
            (None, _) if groups.is_empty() => return Ok(None),
            (None, _) if groups.len() > GROUPS_MAX => {}
            (None, _) => {
                let any: Vec<String> =
                    groups.into_iter().map(|group| format!("'{}'", group_lexeme(group))).collect();
                parts.push(format!("({})", any.join(" | ")));
            }
        }
        let below = MessageId(search.from.below.0.min(last.saturating_add(1)));
        let place = SearchPlace { below, step: search.from.step };
        Ok(Some(Self {
            transaction,
            search,
            begun: Instant::now(),
            parts,
            prefixes,
            place,
            found: SearchPage::default(),
            shared: Page::default(),
            looked_at: 0,
            bytes_found: 0,
        }))
    }

    async fn run(mut self) -> StoreResult<SearchPage> {
        while self.place.below > MessageId(1) {
            let range = self.range();
            let rows = self.ask(&range).await?;
            if self.take(&rows)? {
                break;
            }
            self.go_on(&range, &rows)?;
            if self.begun.elapsed() > LOOK_TIME || self.looked_at >= CANDIDATES_MAX {
                break;
            }
        }
        self.found.next = (self.place.below > MessageId(1)).then_some(self.place);
        Ok(self.found)
    }

    /// The newest range of this step's size that is not searched yet.
    fn range(&self) -> Range {
        let mut parts = self.parts.clone();
        let with_prefixes = self.place.step >= STEP_OF_PREFIXES || self.prefixes.is_empty();
        if with_prefixes {
            parts.extend(self.prefixes.iter().cloned());
        }
        let level = self.place.step as usize;
        let floor = match BUCKETS.get(level) {
            Some(bits) => {
                let number = (self.place.below.0 - 1) >> bits;
                parts.push(format!("'{}'", bucket_lexeme(level, number)));
                number << bits
            }
            None => 0,
        };
        let candidates_max = match with_prefixes {
            // Most of them answer.
            true => (2 * self.search.limit).clamp(CANDIDATES_AT_ONCE / 10, CANDIDATES_AT_ONCE),
            false => CANDIDATES_BEFORE_PREFIXES,
        };
        Range { floor, candidates_max, question: parts.join(" & ") }
    }

    async fn ask(&self, range: &Range) -> StoreResult<Vec<Row>> {
        let scope = self.search.scope;
        let select = self.transaction.prepare_cached(&candidates_sql()).await?;
        let (group, sender) = (scope.group.map_or(0, |id| id.0), scope.sender.map_or(0, |id| id.0));
        let reader = scope.reader.map_or(0, |id| id.0);
        let (below, count) = (self.place.below.0, range.candidates_max as i64);
        let parameters: [&(dyn ToSql + Sync); 7] =
            [&range.question, &below, &range.floor, &count, &group, &sender, &reader];
        Ok(self.transaction.query(&select, &parameters).await?)
    }

    /// Takes those that answer; tells whether there are enough of them.
    fn take(&mut self, rows: &[Row]) -> StoreResult<bool> {
        for row in rows {
            self.looked_at += 1;
            self.place.below = candidate(row)?;
            if column::<Option<i64>>(row, 0, "messages", "id")?.is_none() {
                continue;
            }
            let content: &str = column(row, 2, "messages", "content")?;
            if let Some(highlights) = self.search.query.find(content) {
                self.bytes_found += content.len();
                self.found.hits.push((messages::from_row(row, &mut self.shared)?, highlights));
            }
            if self.found.hits.len() >= self.search.limit || self.bytes_found >= PAGE_BYTES_MAX {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Goes behind these candidates, or behind the whole range if they are all.
    fn go_on(&mut self, range: &Range, rows: &[Row]) -> StoreResult<()> {
        let total: i64 = match rows.last() {
            Some(row) => column(row, messages::COLUMN_COUNT + 1, "search_documents", "message_id")?,
            None => 0,
        };
        if total > rows.len() as i64 {
            // They were too long to be read at once.
        } else if total >= range.candidates_max as i64 {
            self.place.step = match self.prefixes.is_empty() {
                true => self.place.step,
                false => self.place.step.max(STEP_OF_PREFIXES),
            };
        } else {
            self.place = SearchPlace { below: MessageId(range.floor), step: self.place.step + 1 };
        }
        Ok(())
    }
}

/// The number of a candidate.
fn candidate(row: &Row) -> StoreResult<MessageId> {
    row::message_id(column(row, messages::COLUMN_COUNT, "search_documents", "message_id")?)
}
