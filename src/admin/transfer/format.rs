//! The lines of an export beside its records: the first and the last.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::store::Record;

/// The number of the format, which changes with what another program could not read.
const FORMAT: u32 = 1;

/// What the program calls itself, with the commit that it was built from.
const VERSION: &str = env!("GROUPCAST_VERSION");

/// Longest line: the longest content, 64 MiB, of signs that take six bytes each in JSON, and whatever stands beside it.
pub(in crate::admin) const LINE_BYTES_MAX: usize = 6 * (64 << 20) + (1 << 20);

/// Records by what they are called.
pub(in crate::admin) type Counts = BTreeMap<String, u64>;

/// The first line. It says nothing that differs between exports of the same data.
#[derive(Deserialize, Serialize)]
pub(in crate::admin) struct Header {
    groupcast: String,
    format: u32,
    /// By which program it was written.
    version: String,
}

impl Header {
    /// That of an export by this program.
    pub(in crate::admin) fn new() -> Self {
        Self { groupcast: "export".to_owned(), format: FORMAT, version: VERSION.to_owned() }
    }

    /// Checks that a line is one which this program can go on from.
    ///
    /// # Errors
    /// What is wrong, and what can be done about it.
    pub(in crate::admin) fn check(line: &[u8]) -> Result<(), String> {
        let header: Self = serde_json::from_slice(line)
            .ok()
            .filter(|header: &Self| header.groupcast == "export")
            .ok_or("line 1 is not the first of an export of groupcast")?;
        if header.format == FORMAT {
            return Ok(());
        }
        let version: String = header.version.chars().filter(|char| !char.is_control()).take(50).collect();
        Err(format!(
            "this is an export of format {}, and groupcast {VERSION} reads format {FORMAT}: use groupcast {version}",
            header.format
        ))
    }
}

/// The last line.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct End {
    pub(in crate::admin) end: Counts,
}

impl End {
    /// One that has counted no records.
    pub(in crate::admin) fn new() -> Self {
        Self { end: Record::kinds().map(|name| (name.to_owned(), 0)).collect() }
    }

    /// Counts a record.
    pub(in crate::admin) fn count(&mut self, record: &Record) {
        if let Some(count) = self.end.get_mut(record.kind()) {
            *count += 1;
        }
    }

    /// How many records there are.
    pub(in crate::admin) fn records(&self) -> u64 {
        self.end.values().sum()
    }

    /// Whether a line is one, by how it begins: no record is called so.
    pub(in crate::admin) fn is_one(line: &[u8]) -> bool {
        line.trim_ascii_start().starts_with(br#"{"end":"#)
    }
}
