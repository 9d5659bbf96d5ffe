//! `groupcast export`.

use std::io::{self, Write};
use std::path::Path;

use super::AdminResult;
use super::transfer::{End, Header, Meter, Output, stopped};
use crate::config::ExportTo;
use crate::store::{self, Database};

pub(super) async fn run(command: ExportTo, database: &Database, out: &mut dyn Write) -> AdminResult<()> {
    let file = Some(command.file.as_path()).filter(|file| file.as_os_str() != "-");
    let (records, bytes) = tokio::select! {
        written = write(file, database, out) => written?,
        // A file that is not complete goes with what writes it.
        stopped = stopped() => return stopped,
    };
    // Whoever reads standard output reads the export there.
    _ = writeln!(io::stderr(), "groupcast: exported {records} records, {bytes} bytes");
    Ok(())
}

/// Writes everything, and answers how many records and bytes that was.
async fn write(file: Option<&Path>, database: &Database, out: &mut dyn Write) -> AdminResult<(u64, u64)> {
    let mut snapshot = store::snapshot(database).await?;
    // What is wrong with the database is known before a file is made.
    let mut page = snapshot.next().await?;
    let mut output = Output::open(file, out)?;
    let (mut end, mut meter) = (End::new(), Meter::new(None));
    output.line(&Header::new())?;
    while let Some(records) = page {
        for record in &records {
            output.line(record)?;
            end.count(record);
        }
        meter.advance(records.len(), output.bytes());
        page = snapshot.next().await?;
    }
    output.line(&end)?;
    let bytes = output.bytes();
    output.complete()?;
    Ok((end.records(), bytes))
}
