//! Lines of an export.

use groupcast::store::fuzzing::export_line;

/// A line that is taken is written again in one form, which is taken too; why another one is not says nothing of the
/// digests in it.
pub fn import(data: &[u8]) {
    match export_line(data) {
        Ok(line) => {
            assert!(!line.contains('\n'), "{line:?} is two lines");
            assert_eq!(export_line(line.as_bytes()).as_ref(), Ok(&line));
            let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
            assert_eq!(value.as_object().map(serde_json::Map::len), Some(1), "{line}");
        }
        Err(reason) => assert!(!reason.is_empty()),
    }
}
