//! What is gone when a message is deleted, a group is, or a user is erased.

use std::path::Path;

use groupcast::model::Annotations;
use groupcast::model::{ChangeKind, Entry, MessageId, Seq, Timestamp};
use groupcast::store::{Database, Store};

use super::NOW;
use super::chronicle::Chronicle;
use crate::support::postgres::Postgres;

/// Content that is looked for. Long ones stand in pages of their own.
const SECRETS: [&str; 3] = ["Zanzibar-said", "Zanzibar-edited", "Zanzibar-last"];

fn long(secret: &str) -> String {
    format!("{secret} ").repeat(2_000)
}

/// Texts that contain one of the [`SECRETS`] anywhere in the database.
fn remains(database: &Database) -> Vec<String> {
    match database {
        Database::Sqlite(file) => {
            let files = std::fs::read_dir(Path::new(file).parent().unwrap()).unwrap();
            let paths = files.map(|entry| entry.unwrap().path()).filter(|path| {
                let bytes = std::fs::read(path).unwrap();
                bytes.windows(9).any(|window| window == b"Zanzibar-")
            });
            paths.map(|path| path.display().to_string()).collect()
        }
        Database::Postgres(url) => {
            let postgres = Postgres::shared();
            let columns = postgres.psql(
                url,
                "SELECT quote_ident(table_name), quote_ident(column_name) FROM information_schema.columns
                 WHERE table_schema = 'public'",
            );
            let has = |column: &&str| {
                let (table, column) = column.split_once('|').unwrap();
                let sql = format!("SELECT count(*) FROM {table} WHERE {column}::text LIKE '%Zanzibar-%'");
                postgres.psql(url, &sql) != "0"
            };
            columns.lines().filter(has).map(str::to_owned).collect()
        }
    }
}

/// A message that was edited, and another beside it, with reactions to both; all that is said there is secret.
async fn secrets(store: &Store) -> (Chronicle, [groupcast::model::MessageKey; 2]) {
    let mut chronicle = Chronicle::begin(store).await;
    let (alice, bob) = (chronicle.alice.clone(), chronicle.bob.clone());
    let one = chronicle.say(&alice, &long(SECRETS[0]), None);
    let two = chronicle.say(&alice, SECRETS[0], None);
    chronicle.commit(store).await;
    for content in SECRETS {
        chronicle.edit(&alice, one, &long(content), &[bob.id]);
        chronicle.edit(&alice, two, content, &[bob.id]);
        chronicle.react(&bob, one, "+1", true);
        chronicle.react(&bob, two, "+1", true);
        chronicle.commit(store).await;
    }
    (chronicle, [one, two])
}

on_both! {
    async fn of_a_deleted_message_nothing_is_left_that_it_said(backend: Backend) {
        let store = backend.open().await;
        let (mut chronicle, messages) = secrets(&store).await;
        let bob = chronicle.bob.clone();
        // In the same batch as more that is about them.
        for message in messages {
            chronicle.delete(&bob, message);
        }
        chronicle.commit(&store).await;
        chronicle.check(&store).await;
        store.lifecycle.close().await.unwrap();
        assert_eq!(remains(&backend.database), Vec::<String>::new());
        chronicle.check(&backend.open().await).await;
    }

    async fn an_old_content_is_kept_nowhere(backend: Backend) {
        let store = backend.open().await;
        let (mut chronicle, messages) = secrets(&store).await;
        let alice = chronicle.alice.clone();
        for message in messages {
            chronicle.edit(&alice, message, "harmless", &[]);
        }
        chronicle.commit(&store).await;
        chronicle.check(&store).await;
        store.lifecycle.close().await.unwrap();
        assert_eq!(remains(&backend.database), Vec::<String>::new());
    }

    async fn of_several_changes_in_a_batch_the_last_counts_and_a_deletion_above_all(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let (alice, bob) = (chronicle.alice.clone(), chronicle.bob.clone());
        let (one, two) = (chronicle.say(&alice, "one", None), chronicle.say(&bob, "two", None));
        chronicle.commit(&store).await;
        chronicle.react(&alice, two, "+1", true);
        for n in 0..5 {
            chronicle.edit(&alice, one, &format!("edit {n}"), &[bob.id]);
            chronicle.react(&alice, one, "+1", n % 2 == 0);
            chronicle.react(&bob, one, "+1", n % 2 == 1);
            chronicle.edit(&bob, two, &format!("edit {n}"), &[]);
        }
        chronicle.delete(&bob, two);
        chronicle.commit(&store).await;
        chronicle.check(&store).await;
        assert_eq!(store.log.message(two.id).await.unwrap().unwrap().content, "".into());
    }

    async fn changes_of_another_group_do_nothing_to_a_message(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let alice = chronicle.alice.clone();
        let one = chronicle.say(&alice, "one", None);
        chronicle.commit(&store).await;
        let mut change = chronicle.delete(&alice, one);
        chronicle.batch.changes.clear();
        change.group = super::group(&store, "other").await;
        let edited = groupcast::model::Change {
            seq: Seq(3),
            kind: ChangeKind::Edited { message: one, content: "bad".into(), mentions: [].into() },
            ..change.clone()
        };
        let batch = groupcast::store::LogBatch { messages: Vec::new(), changes: vec![edited, change] };
        store.log.append(std::sync::Arc::new(batch)).await.unwrap();
        let message = store.log.message(one.id).await.unwrap().unwrap();
        assert_eq!((&*message.content, message.details), ("one", None));
    }

    async fn a_log_goes_with_its_group_and_its_times_do_not_come_again(backend: Backend) {
        let store = backend.open().await;
        let (mut chronicle, messages) = secrets(&store).await;
        let alice = chronicle.alice.clone();
        let last = chronicle.react(&alice, messages[0], "🎉", true);
        chronicle.commit(&store).await;
        assert!(store.moderation.delete_group(chronicle.group.id).await.unwrap());
        assert_eq!(store.log.entries(chronicle.group.id, Seq(0), Seq(99), 99).await.unwrap(), []);
        assert_eq!(store.log.heads(vec![chronicle.group.id]).await.unwrap(), [Seq(0)]);
        assert_eq!(store.log.message(messages[0].id).await.unwrap(), None);
        assert_eq!(store.log.annotations(vec![messages[0].id]).await.unwrap(), [Annotations::default()]);
        assert_eq!(store.log.last_message().await.unwrap(), (MessageId(2), last.created_at));
        store.lifecycle.close().await.unwrap();
        assert_eq!(remains(&backend.database), Vec::<String>::new());
        let store = backend.open().await;
        assert_eq!(store.log.last_message().await.unwrap(), (MessageId(2), last.created_at));
        assert!(last.created_at > Timestamp(NOW.0 + 2));
        assert!(!store.moderation.delete_group(chronicle.group.id).await.unwrap());
    }

    async fn with_a_user_go_contents_and_mentions_and_no_entry(backend: Backend) {
        let store = backend.open().await;
        let (mut chronicle, messages) = secrets(&store).await;
        let (alice, bob) = (chronicle.alice.clone(), chronicle.bob.clone());
        let kept = chronicle.say(&bob, "kept", None);
        chronicle.commit(&store).await;
        chronicle.react(&alice, kept, "+1", true);
        chronicle.commit(&store).await;
        store.accounts.erase_user(alice.id, true).await.unwrap().unwrap();
        let entries = store.log.entries(chronicle.group.id, Seq(0), Seq(99), 99).await.unwrap();
        assert!(entries.iter().map(Entry::seq).eq((1..=chronicle.entries().len() as i64).map(Seq)));
        for entry in &entries {
            let (content, mentions, is_hers) = match entry {
                Entry::Message(message) => {
                    let mentions = message.details.as_ref().map(|details| details.mentions.clone());
                    (message.content.clone(), mentions.unwrap_or_default(), message.user.id == alice.id)
                }
                Entry::Change(change) => match &change.kind {
                    ChangeKind::Edited { content, mentions, .. } => (content.clone(), mentions.clone(), true),
                    _ => continue,
                },
            };
            assert_eq!((&*content, &*mentions), (if is_hers { "" } else { "kept" }, &[][..]));
        }
        let counts = store.log.annotations(vec![messages[0].id, kept.id]).await.unwrap();
        assert_eq!(counts[1].reactions[0].users, [alice.id]);
        store.lifecycle.close().await.unwrap();
        assert_eq!(remains(&backend.database), Vec::<String>::new());
    }
}
