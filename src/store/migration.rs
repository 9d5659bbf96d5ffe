//! Numbered changes to the tables, embedded in the program.

use refinery_core::{Error, Migration, Runner};

use super::{StoreError, StoreResult};

/// A change: the name of its file without `.sql`, and what the file says.
pub(super) type Embedded = (&'static str, &'static str);

/// Runs `files` in the order of their numbers, all that are missing in one transaction.
pub(super) fn runner(files: &[Embedded]) -> Result<Runner, Error> {
    let migrations: Result<Vec<Migration>, Error> =
        files.iter().map(|(name, sql)| Migration::unapplied(name, sql)).collect();
    Ok(Runner::new(&migrations?).set_grouped(true))
}

/// Those of `files` that are not among the `applied`, by their names, in the order of their numbers.
///
/// # Errors
/// [`StoreError::Refused`] if one was applied that is none of `files`.
pub(super) fn missing(files: &[Embedded], applied: &[i32]) -> StoreResult<Vec<String>> {
    let runner = runner(files).map_err(|error| StoreError::Refused(error.into()))?;
    let mut known: Vec<&Migration> = runner.get_migrations().iter().collect();
    known.sort_unstable_by_key(|migration| migration.version());
    if let Some(version) =
        applied.iter().find(|applied| known.iter().all(|known| known.version() != **applied))
    {
        let reason =
            format!("its tables are of a newer version (V{version}); use the program of that version");
        return Err(StoreError::Refused(reason.into()));
    }
    let missing = known.into_iter().filter(|migration| !applied.contains(&migration.version()));
    Ok(missing.map(Migration::to_string).collect())
}

/// Asserts that `files` are all those of the folder `sql/<folder>`, for one that is not listed is never run.
#[cfg(test)]
pub(super) fn assert_all_listed(folder: &str, files: &[Embedded]) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sql").join(folder);
    let mut found: Vec<String> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    let mut listed: Vec<String> = files.iter().map(|(name, _)| format!("{name}.sql")).collect();
    listed.sort();
    assert_eq!(listed, found);
}
