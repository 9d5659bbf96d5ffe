//! All records, as of one moment.

use std::path::Path;

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::ownership::{self, Ownership};
use super::record::{RecordRow, select};
use super::{connection, import, migrations};
use crate::store::transfer::{Pages, Snapshot, TABLES};
use crate::store::{StoreError, StoreResult};

/// See [`snapshot`](crate::store::snapshot).
pub(super) fn snapshot(file: &Path) -> Snapshot {
    let (mut pages, snapshot) = Pages::new();
    let file = file.to_owned();
    let runtime = Handle::current();
    spawn_blocking(move || {
        let fed = feed(&file, &mut pages, &runtime);
        runtime.block_on(pages.end(fed));
    });
    snapshot
}

fn feed(file: &Path, pages: &mut Pages, runtime: &Handle) -> StoreResult<()> {
    let place = ownership::resolve(file)?;
    if !place.exists() {
        return Err(StoreError::Refused(format!("there is no file {}", place.display()).into()));
    }
    let mut connection = open(&place)?;
    // Everything is read as of its first question, however long a server writes meanwhile.
    let view = connection.transaction()?;
    if !migrations::missing(&view)?.is_empty() {
        let reason = format!("a server of another version is using {}", place.display());
        return Err(StoreError::Refused(reason.into()));
    }
    import::check_complete(&view, &place)?;
    for table in TABLES {
        let mut statement = view.prepare(&select(table))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if pages.add((table.read)(&RecordRow(row))?) {
                runtime.block_on(pages.send())?;
            }
        }
    }
    Ok(())
}

/// Opens a file that a server uses to read it alone, and another one as its server would, whose tables are brought up to
/// date. Either way a server may start as soon as this is done.
fn open(place: &Path) -> StoreResult<Connection> {
    match Ownership::take(place) {
        Ok(_ownership) => {
            let mut connection = connection::open_writer(place)?;
            migrations::run(&mut connection)?;
            Ok(connection)
        }
        Err(StoreError::Owned(_)) => connection::open_reader(place),
        Err(error) => Err(error),
    }
}
