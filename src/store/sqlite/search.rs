//! Full-text search: the index names candidates in the order of their numbers, their contents decide.
//!
//! The index steps through all messages of each lexeme it is asked for, and gathers those of all words that begin alike.
//! So it is asked for the words alone first: of rare ones there are few candidates, of common ones enough are among the
//! newest. What narrows them down is added step by step, when many were looked at and not enough of them answered.

use rusqlite::{Connection, OptionalExtension, params};
use tokio::time::Instant;

use super::error::column;
use super::messages;
use crate::model::Message;
use crate::model::limits::PAGE_BYTES_MAX;
use crate::store::page::Page;
use crate::store::search::{
    CANDIDATES_MAX, GROUPS_MAX, LOOK_TIME, Search, SearchPage, SearchPlace, group_lexeme, is_narrow,
    sender_lexeme,
};
use crate::store::{StoreResult, row};

/// The steps: whole words, also the beginnings of words, also where the messages stand.
const WORDS: u32 = 0;
const PREFIXES: u32 = 1;
const PLACES: u32 = 2;

/// Candidates of each step but the last.
const CANDIDATES_A_STEP: usize = 1_000;

/// Groups that are named where there is no word.
const GROUPS_WITHOUT_WORDS: usize = 10;

const CANDIDATES: &str =
    "SELECT rowid FROM search_words WHERE search_words MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC";

/// When the index can tell nothing apart.
const ALL: &str = "SELECT id FROM messages WHERE ?1 IS NOT NULL AND id < ?2 ORDER BY id DESC";

/// A candidate, if who asks may read it.
fn permitted() -> String {
    format!(
        "SELECT {} FROM messages m WHERE m.id = ?1 AND m.deleted_seq IS NULL
         AND (?2 IS NULL OR m.group_id = ?2) AND (?3 IS NULL OR m.user_id = ?3)
         AND (?4 IS NULL OR EXISTS
             (SELECT 1 FROM group_memberships r WHERE r.group_id = m.group_id AND r.user_id = ?4))",
        messages::COLUMNS
    )
}

/// See [`SearchIndex::search`](crate::store::SearchIndex::search).
pub(super) fn search(connection: &Connection, search: &Search) -> StoreResult<SearchPage> {
    let begun = Instant::now();
    let step = search.from.step.max(match (search.scope.group, search.query.has_prefix()) {
        (_, true) => WORDS,
        (None, false) => PREFIXES,
        (Some(_), false) => PLACES,
    });
    let Some(wanted) = expression(connection, search, step)? else { return Ok(SearchPage::default()) };
    let mut candidates = connection.prepare_cached(if wanted.is_empty() { ALL } else { CANDIDATES })?;
    let mut rows = candidates.query(params![wanted, search.from.below.0])?;
    let (mut found, mut shared) = (SearchPage::default(), Page::default());
    let (mut looked_at, mut permitted, mut bytes_read, mut bytes_found) = (0, 0, 0, 0);
    while let Some(row) = rows.next()? {
        let id = row::message_id(column(row, 0, "messages", "id")?)?;
        looked_at += 1;
        if let Some(message) = read(connection, search, id.0, &mut shared)? {
            permitted += 1;
            bytes_read += message.content.len();
            if let Some(highlights) = search.query.find(&message.content) {
                bytes_found += message.content.len();
                found.hits.push((message, highlights));
            }
        }
        let place = |step| Some(SearchPlace { below: id, step });
        if found.hits.len() >= search.limit || bytes_found >= PAGE_BYTES_MAX {
            found.next = place(step);
            return Ok(found);
        }
        if step < PLACES
            && looked_at >= CANDIDATES_A_STEP
            && (step == WORDS || is_narrow(looked_at, permitted))
        {
            found.next = place(step + 1);
            return Ok(found);
        }
        if looked_at >= CANDIDATES_MAX || bytes_read >= PAGE_BYTES_MAX || begun.elapsed() > LOOK_TIME {
            found.next = place(step);
            return Ok(found);
        }
    }
    Ok(found)
}

fn read(
    connection: &Connection,
    search: &Search,
    id: i64,
    shared: &mut Page,
) -> StoreResult<Option<Message>> {
    let scope = search.scope;
    let of =
        params![id, scope.group.map(|id| id.0), scope.sender.map(|id| id.0), scope.reader.map(|id| id.0)];
    connection
        .prepare_cached(&permitted())?
        .query_row(of, |row| Ok(messages::from_row(connection, row, shared)))
        .optional()?
        .transpose()
}

/// What the index is asked for; empty if it can tell nothing apart, `None` if there can be nothing. Lexemes have no
/// quotation marks in them.
fn expression(connection: &Connection, search: &Search, step: u32) -> StoreResult<Option<String>> {
    let wanted = search.query.wanted();
    let mut parts: Vec<String> = wanted.whole.iter().map(|lexeme| format!("\"{lexeme}\"")).collect();
    let has_words = step != WORDS || !parts.is_empty();
    if step != WORDS {
        parts.extend(wanted.prefixes.iter().map(|prefix| format!("\"{prefix}\" *")));
    }
    if step == PLACES || !has_words {
        parts.extend(search.scope.sender.map(|sender| format!("\"{}\"", sender_lexeme(sender.0))));
        let groups = groups(connection, search)?;
        let groups_max = if has_words { GROUPS_MAX } else { GROUPS_WITHOUT_WORDS };
        match groups {
            Some(groups) if groups.is_empty() => return Ok(None),
            Some(groups) if groups.len() <= groups_max => parts.push(format!("({})", groups.join(" OR "))),
            Some(_) | None => {}
        }
    }
    Ok(Some(parts.join(" AND ")))
}

/// The lexemes of the groups that are searched, up to one more than [`GROUPS_MAX`]; `None` for all.
fn groups(connection: &Connection, search: &Search) -> StoreResult<Option<Vec<String>>> {
    let lexeme = |group| format!("\"{}\"", group_lexeme(group));
    let reader = match (search.scope.group, search.scope.reader) {
        (Some(group), _) => return Ok(Some(vec![lexeme(group.0)])),
        (None, None) => return Ok(None),
        (None, Some(reader)) => reader,
    };
    let mut select = connection.prepare_cached(
        "SELECT group_id FROM group_memberships WHERE user_id = ?1 ORDER BY group_id LIMIT ?2",
    )?;
    let groups = select.query_map([reader.0, GROUPS_MAX as i64 + 1], |row| Ok(lexeme(row.get(0)?)))?;
    Ok(Some(groups.collect::<Result<_, _>>()?))
}
