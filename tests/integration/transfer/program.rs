//! The program as it exports and imports.

use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Child;

use crate::support::database::{Database, Store};
use crate::support::patiently;
use crate::support::server::command;

/// Starts a command on this database, whose standard input is to be written.
pub(super) fn start(database: &Database, arguments: &[&str]) -> Child {
    let mut command = command(database.dir());
    command.env("DATABASE_URL", database.url()).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// Runs a command on this database.
pub(super) async fn run(database: &Database, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = start(database, arguments);
    let mut stdin = child.stdin.take().expect("its input is piped");
    let input = input.to_vec();
    // It may end before it has read everything.
    let writing = tokio::spawn(async move { stdin.write_all(&input).await });
    let output = patiently("the program's end", child.wait_with_output()).await.expect("the program runs");
    _ = writing.await;
    output
}

/// What a command prints that succeeds.
pub(super) async fn done(database: &Database, arguments: &[&str], input: &[u8]) -> String {
    let output = run(database, arguments, input).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The one line that a command says which fails at its work.
pub(super) async fn complaint(database: &Database, arguments: &[&str], input: &[u8]) -> String {
    let output = run(database, arguments, input).await;
    let text = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
    assert!(text.starts_with("groupcast: ") && text.lines().count() == 1, "{text}");
    text
}

/// All that is in a database.
pub(super) async fn export(database: &Database) -> String {
    done(database, &["export"], b"").await
}

/// Reads an export in, and gives what is said about it.
pub(super) async fn import(database: &Database, export: &str) -> Value {
    let report = done(database, &["import", "-", "--json"], export.as_bytes()).await;
    serde_json::from_str(&report).expect("JSON")
}

/// A new database that has read in an export.
pub(super) async fn imported(store: Store, export: &str) -> Database {
    let database = Database::create(store).await;
    let report = import(&database, export).await;
    assert_eq!(report["lines"], export.lines().count());
    assert_eq!(report["new_lines"], export.lines().count() - 1);
    database
}

/// Fails with the first line that differs.
pub(super) fn assert_equal(one: &str, other: &str) {
    for (number, (one, other)) in one.lines().zip(other.lines()).enumerate() {
        assert_eq!(one, other, "line {}", number + 1);
    }
    assert_eq!(one.lines().count(), other.lines().count());
}

/// The other store.
pub(super) fn other(store: Store) -> Store {
    match store {
        Store::Sqlite | Store::SqliteOverTls => Store::Postgres,
        Store::Postgres => Store::Sqlite,
    }
}

/// Changes a stopped database as no server would.
pub(super) async fn execute(database: &Database, sql: &str) {
    match database.url().strip_prefix("sqlite:") {
        Some(file) => rusqlite::Connection::open(Path::new(file)).unwrap().execute_batch(sql).unwrap(),
        None => {
            let (url, sql) = (database.url().to_owned(), sql.to_owned());
            let psql = move || crate::support::postgres::Postgres::shared().psql(&url, &sql);
            tokio::task::spawn_blocking(psql).await.unwrap();
        }
    }
}
