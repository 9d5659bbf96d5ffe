//! What operators do from the command line: users, API keys, groups, the tables and all that is in
//! them, a file for each.
//!
//! On Postgres a command works beside a running server, which notices within a second; on SQLite while none runs. What is
//! wrong with what was given is said before the database is opened.

mod check;
mod error;
mod export;
mod group;
mod import;
mod key;
mod listing;
mod migrate;
mod password;
mod transfer;
mod user;

use std::io::Write;

pub use error::AdminError;

use crate::config::{Operation, OperatorCommand};
use crate::store::{self, Database, Store};

type AdminResult<T> = Result<T, AdminError>;

/// Does what `operation` says, and writes to `out` what there is to say.
///
/// # Errors
/// [`AdminError`], worded for the operator in one line that holds no password.
pub async fn run(operation: Operation, out: &mut dyn Write) -> AdminResult<()> {
    let Operation { database, command } = operation;
    match command {
        OperatorCommand::User(command) => user::run(command, &database, out).await,
        OperatorCommand::Key(command) => key::run(command, &database, out).await,
        OperatorCommand::Group(command) => group::run(command, &database, out).await,
        OperatorCommand::Migrate(command) => migrate::run(command, &database, out).await,
        OperatorCommand::Export(command) => export::run(command, &database, out).await,
        OperatorCommand::Import(command) => import::run(command, &database, out).await,
    }
}

/// Has `work` done with the open database, which is then closed.
async fn with_store<T>(
    database: &Database,
    work: impl AsyncFnOnce(&Store) -> AdminResult<T>,
) -> AdminResult<T> {
    let store = store::open_beside(database).await?;
    let result = work(&store).await;
    // What was done is stored; SQLite's file is released with the process at the latest.
    let _ = store.lifecycle.close().await;
    result
}

/// Tells a running server that something was changed beside it.
async fn note_change(store: &Store) -> AdminResult<()> {
    store.accounts.note_change().await.map_err(|error| {
        AdminError::Failed(format!(
            "it is done, but a server that runs could not be told to look anew: {error}"
        ))
    })
}
