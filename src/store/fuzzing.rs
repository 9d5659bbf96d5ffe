//! A door for the fuzz targets: lines of an export.

use super::Record;

/// The line that a record has which stands in this one.
///
/// # Errors
/// What is wrong with it.
pub fn export_line(line: &[u8]) -> Result<String, String> {
    let record: Record = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    record.check().map_err(str::to_owned)?;
    serde_json::to_string(&record).map_err(|error| error.to_string())
}
