//! Postgres's failures in the store's terms.

use std::error::Error;

use deadpool_postgres::PoolError;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::FromSql;

use super::certificates;
use crate::store::StoreError;

/// Something that may pass.
pub(super) fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable(cause.into())
}

impl From<tokio_postgres::Error> for StoreError {
    /// Only what lies in the values is final. The rest, a lost table or privilege too, can be put right
    /// while the caller keeps what it has.
    fn from(error: tokio_postgres::Error) -> Self {
        let is_final = error.code().is_some_and(|state| {
            // Data exceptions, violated constraints, exceeded limits of the program.
            ["22", "23", "54"].iter().any(|class| state.code().starts_with(class))
        });
        let cause = describe(&error).into();
        if is_final { Self::Refused(cause) } else { Self::Unavailable(cause) }
    }
}

/// A pool that has no connection to give.
pub(super) fn from_pool(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => unavailable(describe(&error)),
        error => unavailable(error),
    }
}

/// Whether a unique column has the value already.
pub(super) fn is_duplicate(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::UNIQUE_VIOLATION)
}

/// An error and its causes in one line. Of what the database says only the message: the details quote values.
pub(super) fn describe(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        next = error.source();
        let said = match (error.downcast_ref::<DbError>(), next.is_some_and(|next| next.is::<DbError>())) {
            (Some(error), _) => error.message().to_owned(),
            // Says no more than that it is one.
            (None, true) => continue,
            (None, false) => {
                let in_words = error.downcast_ref().and_then(certificates::in_words);
                in_words.map_or_else(|| error.to_string(), Into::into)
            }
        };
        text = if text.is_empty() { said } else { format!("{text}: {said}") };
    }
    text.replace('\n', " ")
}

/// The value of a column, [`StoreError::Corrupt`] if it is of another type or absent.
pub(super) fn column<'a, T: FromSql<'a>>(
    row: &'a tokio_postgres::Row,
    index: usize,
    table: &'static str,
    column: &'static str,
) -> Result<T, StoreError> {
    row.try_get(index).map_err(|error| StoreError::Corrupt { table, column, reason: describe(&error) })
}
