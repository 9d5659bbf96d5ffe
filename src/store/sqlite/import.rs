//! Reading records in.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params, params_from_iter};

use super::ownership::{self, Ownership};
use super::{connection, mentions, migrations, record, search_index};
use crate::model::MessageId;
use crate::store::transfer::{Import, ImportProgress, ImportState, Record, Server, TABLES, unfinished};
use crate::store::{Asked, StoreError, StoreResult, row};

/// A file that records are read into.
pub(super) struct SqliteImport {
    connection: Connection,
    /// Given up after the connection, which moves what is in the write-ahead log into the file.
    _ownership: Ownership,
}

/// Opens `file`, see [`open_import`](crate::store::open_import).
pub(super) fn open(file: &Path) -> StoreResult<SqliteImport> {
    let place = ownership::resolve(file)?;
    let ownership = Ownership::take(&place)?;
    let mut connection = connection::open_writer(&place)?;
    migrations::run(&mut connection)?;
    Ok(SqliteImport { connection, _ownership: ownership })
}

/// Refuses a database that an import has begun to fill.
pub(super) fn check_complete(connection: &Connection, place: &Path) -> StoreResult<()> {
    match noted(connection)? {
        Some(ImportProgress { is_complete: false, .. }) => Err(unfinished(place.display())),
        _ => Ok(()),
    }
}

fn noted(connection: &Connection) -> StoreResult<Option<ImportProgress>> {
    let select = "SELECT lines, digest, is_complete FROM import_progress";
    let progress = connection.query_row(select, [], |row| {
        Ok(ImportProgress::of(row.get(0)?, row.get_ref(1)?.as_blob()?, row.get(2)?))
    });
    progress.optional()?.transpose()
}

fn note(transaction: &Transaction<'_>, progress: ImportProgress) -> StoreResult<()> {
    let ImportProgress { lines, digest, is_complete } = progress;
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO import_progress (only_row, lines, digest, is_complete) VALUES (1, ?1, ?2, ?3)",
        )?
        .execute(params![row::count(lines), digest, is_complete])?;
    Ok(())
}

impl SqliteImport {
    fn begin(&mut self) -> StoreResult<Transaction<'_>> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    fn has_data(&self) -> StoreResult<bool> {
        for table in TABLES.iter().filter(|table| table.name != "server") {
            if self.connection.prepare(&format!("SELECT 1 FROM {}", table.name))?.exists([])? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn count_all(&self) -> StoreResult<BTreeMap<String, u64>> {
        let count = |table: &str| {
            self.connection
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
        };
        TABLES.iter().map(|table| Ok((table.record.to_owned(), count(table.name)?.unsigned_abs()))).collect()
    }
}

impl Import for SqliteImport {
    fn state(&mut self) -> Asked<'_, ImportState> {
        Box::pin(async move { Ok(ImportState::of(noted(&self.connection)?, self.has_data()?)) })
    }

    fn put<'a>(&'a mut self, records: &'a [Record], progress: ImportProgress) -> Asked<'a, ()> {
        Box::pin(async move {
            let transaction = self.begin()?;
            insert(&transaction, records)?;
            note(&transaction, progress)?;
            Ok(transaction.commit()?)
        })
    }

    fn refuses<'a>(&'a mut self, records: &'a [Record]) -> Asked<'a, bool> {
        Box::pin(async move {
            let transaction = self.begin()?;
            match insert(&transaction, records) {
                Ok(()) => Ok(false),
                Err(StoreError::Refused(_)) => Ok(true),
                Err(error) => Err(error),
            }
        })
    }

    fn count(&mut self) -> Asked<'_, BTreeMap<String, u64>> {
        Box::pin(async move { self.count_all() })
    }

    fn complete(&mut self, progress: ImportProgress) -> Asked<'_, ()> {
        Box::pin(async move {
            let transaction = self.begin()?;
            search_index::empty(&transaction)?;
            let swept = "UPDATE server SET marked_id = coalesce((SELECT max(id) FROM messages), 0)";
            transaction.execute(swept, [])?;
            note(&transaction, progress)?;
            Ok(transaction.commit()?)
        })
    }

    fn close(self: Box<Self>) -> Asked<'static, ()> {
        Box::pin(async move {
            let Self { connection, _ownership } = *self;
            connection.close().map_err(|(_, error)| error.into())
        })
    }
}

fn insert(transaction: &Transaction<'_>, records: &[Record]) -> StoreResult<()> {
    for records in records.chunk_by(|one, next| one.kind() == next.kind()) {
        let first = match records.first() {
            Some(Record::Server(server)) => {
                set_server(transaction, server)?;
                continue;
            }
            Some(first) => first,
            None => continue,
        };
        let mut statement = transaction.prepare_cached(&record::insert(first.table()))?;
        for record in records {
            statement.execute(params_from_iter(record.values()))?;
            if let Record::Message(message) = record
                && message.mentions.is_some()
            {
                mentions::note(transaction, MessageId(message.id.0))?;
            }
        }
    }
    Ok(())
}

/// Takes what a record says of the server, whose row is there already.
fn set_server(transaction: &Transaction<'_>, server: &Server) -> StoreResult<()> {
    transaction.execute(
        "UPDATE server SET epoch = ?1, signing_secret = ?2, unsettled = ?3, last_group_id = ?4, last_message_id = ?5,
             last_message_at = ?6",
        params![
            server.epoch.0,
            server.signing_secret.as_ref().map(|secret| &secret.0),
            server.unsettled,
            server.last_group_id.0,
            server.last_message_id.0,
            server.last_message_at.0.0,
        ],
    )?;
    // SQLite makes the row with the first key.
    transaction.execute("DELETE FROM sqlite_sequence WHERE name = 'api_keys'", [])?;
    let sequence = "INSERT INTO sqlite_sequence (name, seq) VALUES ('api_keys', ?1)";
    transaction.execute(sequence, [server.last_api_key_id.0])?;
    Ok(())
}
