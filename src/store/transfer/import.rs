//! Reading records into a database.

use std::collections::BTreeMap;

use super::tables::Record;
use crate::model::Digest;
use crate::store::error::StoreError;
use crate::store::{Asked, StoreResult};

/// A database that records are read into, owned as by a server.
///
/// It is empty, or some of them stand in it already: how far that has gone is noted with them, in the same transactions.
/// No server, and no operator's command, opens it before the import is complete.
pub(crate) trait Import: Send {
    /// What is noted.
    fn state(&mut self) -> Asked<'_, ImportState>;

    /// Stores records and notes how far that goes, in one transaction.
    ///
    /// # Errors
    /// `StoreError::Refused` if one of them is there already, refers to what is not, or makes no sense to the database.
    fn put<'a>(&'a mut self, records: &'a [Record], progress: ImportProgress) -> Asked<'a, ()>;

    /// Whether the database refuses one of these records. Stores none.
    fn refuses<'a>(&'a mut self, records: &'a [Record]) -> Asked<'a, bool>;

    /// How many records there are, by their [kinds](Record::kinds).
    fn count(&mut self) -> Asked<'_, BTreeMap<String, u64>>;

    /// Makes what follows from the records, and notes that all are there.
    fn complete(&mut self, progress: ImportProgress) -> Asked<'_, ()>;

    /// Gives the database up.
    fn close(self: Box<Self>) -> Asked<'static, ()>;
}

/// What there is in a database before an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportState {
    /// Nothing.
    Empty,
    /// Data that no import has brought.
    Taken,
    /// What an import has brought.
    Begun(ImportProgress),
}

impl ImportState {
    /// What follows from what is noted, and whether there is a row in any of the tables.
    pub(in crate::store) fn of(noted: Option<ImportProgress>, has_data: bool) -> Self {
        match noted {
            Some(progress) => Self::Begun(progress),
            None if has_data => Self::Taken,
            None => Self::Empty,
        }
    }
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImportProgress {
    /// Lines of the export that are stored, from the first on.
    pub(crate) lines: u64,
    /// What they add up to.
    pub(crate) digest: Digest,
    /// Whether there are no more.
    pub(crate) is_complete: bool,
}

impl ImportProgress {
    /// From what `import_progress` has.
    pub(in crate::store) fn of(lines: i64, digest: &[u8], is_complete: bool) -> StoreResult<Self> {
        let corrupt = |column| StoreError::Corrupt {
            table: "import_progress",
            column,
            reason: "it is out of range".to_owned(),
        };
        Ok(Self {
            lines: lines.try_into().map_err(|_| corrupt("lines"))?,
            digest: digest.try_into().map_err(|_| corrupt("digest"))?,
            is_complete,
        })
    }
}

/// The error of a database that an import has begun to fill.
pub(in crate::store) fn unfinished(place: impl std::fmt::Display) -> StoreError {
    let reason = format!("an import into {place} is not complete: run it again with the same file");
    StoreError::Refused(reason.into())
}
