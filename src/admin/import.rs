//! `groupcast import`.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::listing::write_line;
use super::transfer::{Counts, End, Header, Lines, Meter};
use super::{AdminError, AdminResult};
use crate::config::ImportFrom;
use crate::store::{self, Database, Import, ImportProgress, ImportState, Record, StoreError};

/// Records of one transaction.
const BATCH_RECORDS: usize = 5_000;

/// Bytes of lines after which a transaction takes no further record.
const BATCH_BYTES: u64 = 4 * 1024 * 1024;

pub(super) async fn run(command: ImportFrom, database: &Database, out: &mut dyn Write) -> AdminResult<()> {
    let ImportFrom { file, json } = command;
    let file = Some(file.as_path()).filter(|file| file.as_os_str() != "-");
    let (mut lines, length) = Lines::open(file)?;
    // What is no export is known before a database is made.
    Header::check(lines.next()?.unwrap_or_default()).map_err(AdminError::Failed)?;
    lines.take();
    let import = store::open_import(database).await.map_err(AdminError::of_owner)?;
    let mut reading = Reading { lines, import, meter: Meter::new(length) };
    let read = reading.run().await;
    let Reading { import, meter, .. } = reading;
    drop(meter);
    // What was read in is stored; a file is released with the process at the latest.
    _ = import.close().await;
    let report = read?;
    if json {
        return Ok(write_line(out, &serde_json::to_string(&report).map_err(io::Error::from)?)?);
    }
    _ = writeln!(io::stderr(), "groupcast: {report}");
    Ok(())
}

/// What came of an import.
#[derive(Serialize)]
struct Report {
    /// Lines of the export.
    lines: u64,
    /// Those of them that this import has stored, and no former one.
    new_lines: u64,
    /// What is in the database now.
    records: Counts,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records: u64 = self.records.values().sum();
        match self.new_lines {
            0 => write!(f, "nothing to do: all {records} records were imported before"),
            new if new + 1 == self.lines => write!(f, "imported {records} records"),
            new => write!(f, "imported {records} records, from line {} on", self.lines - new + 1),
        }
    }
}

/// An import under way, of which the first line was read.
struct Reading {
    lines: Lines,
    import: Box<dyn Import>,
    meter: Meter,
}

impl Reading {
    /// Reads everything, from where a former import has come to.
    async fn run(&mut self) -> AdminResult<Report> {
        let was_complete = match self.import.state().await? {
            ImportState::Empty => false,
            ImportState::Begun(progress) => {
                self.skip(progress)?;
                progress.is_complete
            }
            ImportState::Taken => {
                return failed("the database has data of its own, and an import needs an empty one");
            }
        };
        let skipped = self.lines.number();
        if !was_complete {
            let end = self.read().await?;
            self.complete(&end).await?;
        } else if self.lines.next()?.is_some() {
            return failed(OTHER_EXPORT);
        }
        let lines = self.lines.number();
        Ok(Report { lines, new_lines: lines - skipped, records: self.import.count().await? })
    }

    /// Goes to where a former import has come to, which is to have been one of the same lines.
    fn skip(&mut self, progress: ImportProgress) -> AdminResult<()> {
        while self.lines.number() < progress.lines && self.lines.next()?.is_some() {
            self.lines.take();
        }
        let is_same = self.lines.number() == progress.lines && self.lines.digest() == progress.digest;
        if is_same { Ok(()) } else { failed(OTHER_EXPORT) }
    }

    /// Stores all records, and answers what stands at their end.
    async fn read(&mut self) -> AdminResult<End> {
        let mut batch = Vec::new();
        let mut stored_bytes = self.lines.bytes();
        loop {
            let number = self.lines.number() + 1;
            let Some(line) = self.lines.next()? else { break };
            if End::is_one(line) {
                let end = parsed(line, number)?;
                self.store(&mut batch).await?;
                self.lines.take();
                return Ok(end);
            }
            let record: Record = parsed(line, number)?;
            self.lines.take();
            if let Err(column) = record.check() {
                return failed(format!("line {number}: missing field `{column}`"));
            }
            batch.push(record);
            if batch.len() >= BATCH_RECORDS || self.lines.bytes() - stored_bytes >= BATCH_BYTES {
                self.store(&mut batch).await?;
                stored_bytes = self.lines.bytes();
            }
        }
        self.store(&mut batch).await?;
        failed(format!("the file is truncated: line {} is not the end of an export", self.lines.number()))
    }

    /// Stores the records of the last lines.
    async fn store(&mut self, batch: &mut Vec<Record>) -> AdminResult<()> {
        match self.import.put(batch, self.progress(false)).await {
            Err(error @ StoreError::Refused(_)) => {
                let first = self.lines.number() - batch.len() as u64 + 1;
                let line = first + self.refused(batch).await?;
                return failed(format!("line {line}: {error}"));
            }
            stored => stored?,
        }
        self.meter.advance(batch.len(), self.lines.bytes());
        batch.clear();
        Ok(())
    }

    /// The index of the first record that the database refuses, in these, which it refuses together.
    async fn refused(&mut self, records: &[Record]) -> AdminResult<u64> {
        let (mut taken, mut refused) = (0, records.len());
        while refused - taken > 1 {
            let middle = taken.midpoint(refused);
            match self.import.refuses(&records[..middle]).await? {
                true => refused = middle,
                false => taken = middle,
            }
        }
        Ok(taken as u64)
    }

    /// Checks that everything is there, and notes it.
    async fn complete(&mut self, end: &End) -> AdminResult<()> {
        let line = self.lines.number();
        if self.lines.next()?.is_some() {
            return failed(format!("line {} comes after the end of the export", line + 1));
        }
        let counts = self.import.count().await?;
        for (name, count) in &end.end {
            let there = counts.get(name).copied().unwrap_or_default();
            if there != *count {
                return failed(format!(
                    "line {line} counts {count} records of the kind {name}, and there are {there}"
                ));
            }
        }
        if counts.len() != end.end.len() {
            return failed(format!("line {line} does not count all kinds of records"));
        }
        Ok(self.import.complete(self.progress(true)).await?)
    }

    fn progress(&self, is_complete: bool) -> ImportProgress {
        ImportProgress { lines: self.lines.number(), digest: self.lines.digest(), is_complete }
    }
}

/// How much is told of what is wrong with a line, which may quote it.
const REASON_CHARS_MAX: usize = 200;

/// Why a database that has records does not take these.
const OTHER_EXPORT: &str = "the database has data of another export, and an import needs an empty one";

/// What a line says.
fn parsed<T: DeserializeOwned>(line: &[u8], number: u64) -> AdminResult<T> {
    serde_json::from_slice(line).map_err(|error| {
        if error.is_eof() {
            return AdminError::Failed(format!("line {number} ends in the middle: the file is truncated"));
        }
        let (text, column) = (error.to_string(), error.column());
        // It counts the lines of what it was given, which is one.
        let reason = text.strip_suffix(&format!(" at line 1 column {column}")).unwrap_or(&text);
        let reason: String = reason.chars().take(REASON_CHARS_MAX).collect();
        AdminError::Failed(format!("line {number}, column {column}: {reason}"))
    })
}

fn failed<T>(reason: impl Into<String>) -> AdminResult<T> {
    Err(AdminError::Failed(reason.into()))
}
