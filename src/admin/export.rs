//! `groupcast export`.

use std::io::{self, Write};

use super::AdminResult;
use super::transfer::{End, Header, Meter, Output};
use crate::config::ExportTo;
use crate::store::{self, Database};

pub(super) async fn run(command: ExportTo, database: &Database, out: &mut dyn Write) -> AdminResult<()> {
    let file = Some(command.file.as_path()).filter(|file| file.as_os_str() != "-");
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
    drop(meter);
    // Whoever reads standard output reads the export there.
    _ = writeln!(io::stderr(), "groupcast: exported {} records, {bytes} bytes", end.records());
    Ok(())
}
