//! Numbered changes to the tables, embedded in the program.

use refinery_core::{Error, Migration, Runner};

/// A change: the name of its file without `.sql`, and what the file says.
pub(super) type Embedded = (&'static str, &'static str);

/// Runs `files` in the order of their numbers, all that are missing in one transaction.
pub(super) fn runner(files: &[Embedded]) -> Result<Runner, Error> {
    let migrations: Result<Vec<Migration>, Error> =
        files.iter().map(|(name, sql)| Migration::unapplied(name, sql)).collect();
    Ok(Runner::new(&migrations?).set_grouped(true))
}

/// The number of the last of `files`; 0 if there are none.
pub(super) fn newest(files: &[Embedded]) -> Result<i32, Error> {
    Ok(runner(files)?.get_migrations().iter().map(Migration::version).max().unwrap_or(0))
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
    let listed: Vec<String> = files.iter().map(|(name, _)| format!("{name}.sql")).collect();
    assert_eq!(listed, found);
}
