//! Full-text search: the index names candidates, their contents decide.
//!
//! The index knows no order, and gathers all that it finds. So the newest range of numbers is searched first, and a
//! larger one each time that it does not have enough: common words are found in the first, and for a rare one a handful
//! of questions suffices. To tell many groups apart costs more than to look at some messages of others, so the index is
//! asked for them only when many were looked at and most of them were not the reader's.

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
    SearchPlace, bucket_lexeme, group_lexeme, is_narrow, sender_lexeme,
};
use crate::store::{StoreResult, row};

/// The index can be used for a set of rows alone.
const SETTINGS: &str =
    "SET LOCAL enable_bitmapscan = on; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = on";

/// Beginnings of words with so many characters have few enough words for the index to gather.
const PREFIX_CHARS: usize = 3;

/// The first level at which the index is asked for shorter ones.
const LEVEL_OF_PREFIXES: u32 = 2;

/// Candidates before it is asked for the reader's groups too.
const CANDIDATES_BEFORE_GROUPS: usize = 1_000;

/// Candidates that are read at once: of the first at least, then, and where many do not answer.
const FIRST_CANDIDATES: usize = 50;
const CANDIDATES_AT_ONCE: usize = 500;
const MANY_CANDIDATES: usize = 2_000;

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

/// How the next candidates are looked for.
#[derive(Clone, Copy)]
struct Step {
    /// The size of the range, in [`BUCKETS`]; one more for all.
    level: u32,
    /// Whether the index is asked for the beginnings of words.
    has_prefixes: bool,
    /// Whether it is asked for the reader's groups.
    has_groups: bool,
}

impl Step {
    /// What [`number`](Self::number) has made of it.
    fn of(number: u32) -> Self {
        Self { level: number & 15, has_prefixes: number & 16 != 0, has_groups: number & 32 != 0 }
    }

    /// As [`SearchPlace`] has it.
    fn number(self) -> u32 {
        self.level + 16 * u32::from(self.has_prefixes) + 32 * u32::from(self.has_groups)
    }
}

/// A search under way.
struct Look<'s> {
    transaction: &'s Transaction<'s>,
    search: &'s Search,
    begun: Instant,
    /// What is asked of the index in each range.
    parts: Vec<String>,
    /// Short beginnings of words.
    prefixes: Vec<String>,
    /// The reader's groups; empty if they are not to be told apart, or too many for it.
    groups: String,
    /// The next candidates have lower numbers.
    place: SearchPlace,
    found: SearchPage,
    shared: Page,
    looked_at: usize,
    /// Of these, those that the reader may read.
    permitted: usize,
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
        let prefixes = wanted.prefixes.iter().map(|prefix| &**prefix);
        let (short, long): (Vec<&str>, Vec<&str>) =
            prefixes.partition(|prefix| prefix.chars().count() < PREFIX_CHARS);
        let begins = |prefix: &str| format!("'{prefix}':*");
        parts.extend(long.into_iter().map(begins));
        let prefixes = short.into_iter().map(begins).collect();
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
        let of_reader: Vec<i64> = column(&about, 1, "group_memberships", "group_id")?;
        let mut groups = String::new();
        match (search.scope.group, reader) {
            (Some(group), _) => parts.push(format!("'{}'", group_lexeme(group.0))),
            (None, 0) => {}
            (None, _) if of_reader.is_empty() => return Ok(None),
            (None, _) if of_reader.len() > GROUPS_MAX => {}
            (None, _) => {
                let any: Vec<String> =
                    of_reader.into_iter().map(|group| format!("'{}'", group_lexeme(group))).collect();
                groups = format!("({})", any.join(" | "));
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
            groups,
            place,
            found: SearchPage::default(),
            shared: Page::default(),
            looked_at: 0,
            permitted: 0,
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
        let step = Step::of(self.place.step);
        let has_prefixes = step.has_prefixes || self.prefixes.is_empty();
        if has_prefixes {
            parts.extend(self.prefixes.iter().cloned());
        }
        // Without a word all messages would be candidates.
        if !self.groups.is_empty() && (step.has_groups || parts.is_empty()) {
            parts.push(self.groups.clone());
        }
        let floor = match BUCKETS.get(step.level as usize) {
            Some(bits) => {
                let number = (self.place.below.0 - 1) >> bits;
                parts.push(format!("'{}'", bucket_lexeme(step.level as usize, number)));
                number << bits
            }
            None => 0,
        };
        let candidates_max = match has_prefixes {
            // Most of the first answer. For what follows the index gathers the whole range once more.
            true => match self.looked_at {
                0 => (2 * self.search.limit).clamp(FIRST_CANDIDATES, CANDIDATES_AT_ONCE),
                1..CANDIDATES_BEFORE_GROUPS => CANDIDATES_AT_ONCE,
                CANDIDATES_BEFORE_GROUPS.. => MANY_CANDIDATES,
            },
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
            self.permitted += 1;
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
        let (read, asked) = (rows.len() as i64, range.candidates_max as i64);
        let mut step = Step::of(self.place.step);
        if read == total && total < asked {
            self.place.below = MessageId(range.floor);
            if total < asked / 4 {
                step.level = (step.level + 1).min(BUCKETS.len() as u32);
            }
            step.has_prefixes |= step.level >= LEVEL_OF_PREFIXES;
        } else if read == total {
            // The index gathers the whole range for each of its pages, so there should be few.
            step.level = step.level.saturating_sub(1);
            step.has_prefixes = true;
        }
        step.has_groups |=
            self.looked_at >= CANDIDATES_BEFORE_GROUPS && is_narrow(self.looked_at, self.permitted);
        self.place.step = step.number();
        Ok(())
    }
}

/// The number of a candidate.
fn candidate(row: &Row) -> StoreResult<MessageId> {
    row::message_id(column(row, messages::COLUMN_COUNT, "search_documents", "message_id")?)
}
