//! `groupcast migrate`: new tables, old ones, and those of the program that came before.

use std::process::Output;

use serde_json::{Value, json};

use crate::store::adoption::ORIGINAL;
use crate::support::chat::text;
use crate::support::database::{Database, Store};
use crate::support::postgres::Postgres;
use crate::support::server::{Server, command, run};

both_stores!(tables_are_made_once, a_server_is_not_migrated_under);

async fn migrate(database: &Database, options: &[&str]) -> Output {
    let mut command = command(database.dir());
    command.env("DATABASE_URL", database.url()).arg("migrate").args(options);
    run(&mut command).await
}

/// What it prints when it succeeds.
async fn migrated(database: &Database, options: &[&str]) -> String {
    let output = migrate(database, options).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The line that it says when it fails.
async fn complaint(database: &Database, options: &[&str]) -> String {
    let output = migrate(database, options).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.starts_with("groupcast: ") && line.lines().count() == 1, "{line}");
    line
}

fn files(database: &Database) -> Vec<String> {
    let entries = std::fs::read_dir(database.dir()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

async fn tables_are_made_once(store: Store) {
    let database = Database::create(store).await;
    let dry = migrated(&database, &["--dry-run"]).await;
    assert!(dry.starts_with("would apply V1__users_and_groups\n"), "{dry}");
    assert_eq!(files(&database), Vec::<String>::new());

    let done = migrated(&database, &[]).await;
    assert_eq!(done, dry.replace("would apply", "applied"));
    let before = files(&database);
    for options in [&["--dry-run"][..], &[], &["--dry-run"]] {
        let nothing = migrated(&database, options).await;
        assert!(nothing.ends_with(" is up to date\n"), "{nothing}");
        assert_eq!(files(&database), before);
    }
    let report: Value = serde_json::from_str(&migrated(&database, &["--json"]).await).unwrap();
    assert_eq!(report, json!({ "changes": [], "is_applied": true, "taken_over": null }));
    assert!(Server::start_on(database, &[]).await.terminate().await.success());
}

async fn a_server_is_not_migrated_under(store: Store) {
    let mut server = Server::start(store).await;
    for options in [&[][..], &["--dry-run"], &["--json"]] {
        let line = complaint(server.database(), options).await;
        assert!(
            line.contains("another groupcast server is using") && line.contains("stop it first"),
            "{line}"
        );
    }
    server.kill9().await;
    // The write-ahead log of the killed server is there, and is read.
    let dry = migrated(server.database(), &["--dry-run"]).await;
    assert!(dry.ends_with(" is up to date\n"), "{dry}");
}

#[tokio::test]
async fn a_newer_database_is_left_alone() {
    let database = Database::create(Store::Postgres).await;
    migrated(&database, &[]).await;
    let newer = "INSERT INTO refinery_schema_history (version, name) VALUES (999, 'future')";
    Postgres::shared().psql(database.url(), newer);
    for options in [&[][..], &["--dry-run"]] {
        let line = complaint(&database, options).await;
        assert!(line.contains("newer version (V999)"), "{line}");
    }
    let output = run(command(database.dir()).env("DATABASE_URL", database.url()).arg("--port=0")).await;
    assert!(String::from_utf8(output.stderr).unwrap().contains("newer version (V999)"));
}

/// All rows of the original's tables, and what its columns are.
fn contents(url: &str) -> String {
    let statements = "SELECT * FROM users ORDER BY id; SELECT * FROM groups ORDER BY id;
        SELECT * FROM group_memberships ORDER BY 1, 2; SELECT * FROM messages ORDER BY id;
        SELECT table_name, column_name, data_type FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name <> 'refinery_schema_history' ORDER BY 1, 2";
    Postgres::shared().psql(url, statements)
}

#[tokio::test]
async fn the_original_is_taken_over_and_its_passwords_go_on_working() {
    let database = Database::create(Store::Postgres).await;
    Postgres::shared().psql(database.url(), ORIGINAL);
    let before = contents(database.url());
    let dry = migrated(&database, &["--dry-run"]).await;
    let what = "2 users, 2 groups and 10 messages of the FastAPI program";
    assert!(dry.starts_with(&format!("would take over {what}\nwould apply V1__users_and_groups\n")), "{dry}");
    assert_eq!(contents(database.url()), before);
    assert!(migrated(&database, &[]).await.starts_with(&format!("took over {what}\n")));

    let server = Server::start_on(database, &["--auth=token"]).await;
    let login = json!({ "username": "alice", "password": "wonderland" });
    let session = server.http().await.post("/api/v1/sessions/", &login).await;
    assert_eq!(session.status, 200, "{session:?}");
    let bearer = format!("Bearer {}", text(&session.json()["access_token"]));
    let page = "/api/v1/messages/?group_id=1";
    let messages = server.http().await.request("GET", page, &[("Authorization", &bearer)], b"").await.json();
    let places: Vec<_> =
        messages.as_array().unwrap().iter().map(|row| (row["id"].clone(), row["seq"].clone())).collect();
    let expected = [1, 2, 6, 7, 8].into_iter().zip(1..).map(|(id, seq)| (json!(id), json!(seq)));
    assert_eq!(places, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_take_over_that_fails_changes_nothing() {
    let database = Database::create(Store::Postgres).await;
    Postgres::shared().psql(database.url(), ORIGINAL);
    // Something of the operator's own stands in the way of a late step.
    Postgres::shared().psql(database.url(), "CREATE TABLE log_entries (mine integer)");
    let before = contents(database.url());
    assert!(complaint(&database, &[]).await.contains("log_entries"));
    assert_eq!(contents(database.url()), before);
    Postgres::shared().psql(database.url(), "DROP TABLE log_entries");
    assert!(migrated(&database, &[]).await.starts_with("took over 2 users"));
}
