//! Whom a content mentions, as a JSON array.

use rusqlite::Row;

use super::error::column;
use crate::model::{Mentions, UserId};
use crate::store::{StoreError, StoreResult, row};

/// As `messages.mentions` has it.
pub(super) fn text(mentions: &[UserId]) -> Option<String> {
    row::mentions_text(mentions, ['[', ']'])
}

/// As read from this column.
pub(super) fn read(row: &Row<'_>, index: usize) -> StoreResult<Mentions> {
    let Some(text) = column::<Option<String>>(row, index, "messages", "mentions")? else {
        return Ok(Mentions::default());
    };
    let number = |number: &str| {
        let reason = || format!("{text} is no list of numbers");
        let corrupt = || StoreError::Corrupt { table: "messages", column: "mentions", reason: reason() };
        row::user_id(number.trim().parse().map_err(|_| corrupt())?, "messages", "mentions")
    };
    text.trim_start_matches('[').trim_end_matches(']').split(',').map(number).collect()
}
