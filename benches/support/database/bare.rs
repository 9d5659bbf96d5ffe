//! What a database does with the messages of a run when there is no server around it: the table is emptied and
//! the very same rows are put in again, a thousand in each transaction.

use std::path::Path;
use std::pin::pin;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, TryStreamExt};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tokio_postgres::{Client, CopyInSink};

use crate::support::Result;

/// Rows in each transaction.
pub(crate) const ROWS_PER_TRANSACTION: usize = 1_000;
/// Rows at most that are put in again.
const ROWS_MAX: usize = 200_000;

/// Rows a second of prepared inserts, with the journal that the server chose for the file and a commit that
/// survives a loss of power.
pub(super) fn sqlite(file: &Path) -> Result<f64> {
    let mut connection = Connection::open(file)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let rows = read_sqlite(&connection)?;
    connection.execute("DELETE FROM messages", [])?;
    let columns = vec!["?"; rows.first().map_or(0, Vec::len)].join(",");
    let insert = format!("INSERT INTO messages VALUES ({columns})");
    let started = Instant::now();
    for batch in rows.chunks(ROWS_PER_TRANSACTION) {
        let transaction = connection.transaction()?;
        let mut statement = transaction.prepare_cached(&insert)?;
        for row in batch {
            statement.execute(params_from_iter(row))?;
        }
        drop(statement);
        transaction.commit()?;
    }
    Ok(rows.len() as f64 / started.elapsed().as_secs_f64())
}

fn read_sqlite(connection: &Connection) -> Result<Vec<Vec<Value>>> {
    let mut statement = connection.prepare("SELECT * FROM messages ORDER BY id LIMIT ?1")?;
    let columns = statement.column_count();
    let rows =
        statement.query_map([ROWS_MAX as i64], |row| (0..columns).map(|column| row.get(column)).collect())?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Rows a second of binary COPY.
pub(super) async fn postgres(client: &mut Client) -> Result<f64> {
    let select = format!("SELECT * FROM messages ORDER BY id LIMIT {ROWS_MAX}");
    let stream = client.copy_out(&format!("COPY ({select}) TO STDOUT (FORMAT binary)")).await?;
    let bytes: BytesMut = stream
        .try_fold(BytesMut::new(), async |mut all, part| {
            all.extend_from_slice(&part);
            Ok(all)
        })
        .await?;
    let (batches, rows) = batches(&bytes.freeze())?;
    client.batch_execute("TRUNCATE messages CASCADE").await?;
    let started = Instant::now();
    for batch in batches {
        let transaction = client.transaction().await?;
        let sink: CopyInSink<Bytes> = transaction.copy_in("COPY messages FROM STDIN (FORMAT binary)").await?;
        let mut sink = pin!(sink);
        sink.send(batch).await?;
        sink.finish().await?;
        transaction.commit().await?;
    }
    Ok(rows as f64 / started.elapsed().as_secs_f64())
}

/// Signature, flags and the length of an empty extension.
const HEADER_BYTES: usize = 19;
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// Cuts a binary COPY into several of a thousand rows each; gives them and the number of rows.
fn batches(copy: &Bytes) -> Result<(Vec<Bytes>, usize)> {
    let (header, mut rest) = copy.split_at_checked(HEADER_BYTES).ok_or("a COPY without a header")?;
    let mut batches = Vec::new();
    let mut batch = header.to_vec();
    let mut rows = 0;
    while !rest.starts_with(&TRAILER) {
        let length = row_length(rest).ok_or("a COPY that ends within a row")?;
        let (row, next) = rest.split_at(length);
        batch.extend_from_slice(row);
        rest = next;
        rows += 1;
        if rows % ROWS_PER_TRANSACTION == 0 || rest.starts_with(&TRAILER) {
            batch.extend_from_slice(&TRAILER);
            batches.push(Bytes::from(std::mem::replace(&mut batch, header.to_vec())));
        }
    }
    Ok((batches, rows))
}

/// Length of the row at the start: a count of fields, then each with its own length, -1 for NULL.
fn row_length(bytes: &[u8]) -> Option<usize> {
    let fields = i16::from_be_bytes(*bytes.first_chunk()?);
    let mut end = 2;
    for _ in 0..fields {
        let length = i32::from_be_bytes(*bytes.get(end..)?.first_chunk()?);
        end += 4 + usize::try_from(length).unwrap_or(0);
    }
    (end <= bytes.len()).then_some(end)
}
