//! How long the list of one's own groups takes, with all that is unread in them, and how long a mark does: straight from
//! the store, for a user in 1,000 groups, on a database of a million messages.
//!
//! `DATABASE_URL` names an empty Postgres, without it SQLite is measured.
//!
//! `cargo bench --bench own_groups` runs all; `cargo test --bench own_groups` a small part, to see that it works.

#![expect(clippy::disallowed_methods, reason = "a benchmark goes by the real clock and its own command line")]

#[path = "support/figures.rs"]
#[expect(dead_code, reason = "this uses a part of it")]
mod figures;

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use groupcast::model::{
    Change, ChangeKind, Group, Message, MessageDetails, MessageId, MessageKey, NewUser, Seq, Timestamp, User,
};
use groupcast::store::{self, LogBatch, Store, StoreResult, Swept};

use figures::{Table, milliseconds};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const COLUMNS: &[&str] = &["", "median", "worst"];
const NOW: Timestamp = Timestamp(1_700_000_000_000_000);
const RUNS: usize = 20;
/// Entries stored at once.
const BATCH: usize = 1_000;

/// How much there is.
struct Size {
    groups: usize,
    messages_each: usize,
    reactions_each: usize,
}

const LARGE: Size = Size { groups: 1_000, messages_each: 1_000, reactions_each: 100 };
const SMALL: Size = Size { groups: 20, messages_each: 20, reactions_each: 5 };

fn main() -> Result<()> {
    // Without `--bench` this is `cargo test`.
    let is_small = !env::args().any(|argument| argument == "--bench");
    if env::args().any(|argument| argument == "--list") {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let database = match env::var("DATABASE_URL") {
        Ok(url) if !is_small && url.starts_with("postgres") => store::Database::Postgres(url),
        _ => store::Database::Sqlite(folder.path().join("chat.sqlite")),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = store::open(&database, 4).await?.store;
        let name = if matches!(database, store::Database::Postgres(_)) { "postgres" } else { "sqlite" };
        run(&store, if is_small { &SMALL } else { &LARGE }, name).await?;
        Ok(store.lifecycle.close().await?)
    })
}

async fn run(store: &Store, size: &Size, name: &str) -> Result<()> {
    let new =
        |name: &str| NewUser { username: name.into(), email: name.into(), password_hash: String::new() };
    let me = Arc::new(store.directory.create_user(new("me")).await?);
    let other = Arc::new(store.directory.create_user(new("other")).await?);
    let mut groups = Vec::new();
    for number in 0..size.groups {
        let group = store.directory.create_group(&format!("g{number}"), false, None, NOW).await?;
        store.directory.join(group.id, me.id, NOW).await?;
        groups.push(Arc::new(group));
    }
    fill(store, size, &groups, &me, &other).await?;
    while store.marks.sweep().await? == Swept::Part {}
    let title = format!("{name}: {} groups of {} messages", size.groups, size.messages_each);
    let table = Table::new(&title, COLUMNS);
    measure(&table, "all unread", async || store.moderation.own_groups(me.id).await).await?;
    react(store, size, &groups, &other).await?;
    measure(&table, "and many reactions", async || store.moderation.own_groups(me.id).await).await?;
    let mut seq = 0;
    measure(&table, "a mark", async || {
        seq += 1;
        store.marks.mark(groups[0].id, me.id, Seq(seq)).await
    })
    .await?;
    measure(&table, "a mark in each at once", async || {
        seq += 1;
        let marks = groups.iter().map(|group| store.marks.mark(group.id, me.id, Seq(seq)));
        try_join_all(marks).await
    })
    .await?;
    try_join_all(groups.iter().map(|group| store.marks.mark(group.id, me.id, Seq(i64::MAX)))).await?;
    measure(&table, "all read", async || store.moderation.own_groups(me.id).await).await
}

/// Sends messages to all groups in turn, every hundredth of which mentions the user.
async fn fill(store: &Store, size: &Size, groups: &[Arc<Group>], me: &User, other: &Arc<User>) -> Result<()> {
    let numbers: Vec<usize> = (0..size.groups * size.messages_each).collect();
    for numbers in numbers.chunks(BATCH) {
        let message = |&number: &usize| {
            let place = number / groups.len();
            let mention = MessageDetails { mentions: [me.id].into(), ..MessageDetails::default() };
            Message {
                id: MessageId(number as i64 + 1),
                seq: Seq(place as i64 + 1),
                group: Arc::clone(&groups[number % groups.len()]),
                user: Arc::clone(other),
                content: "x".repeat(100).into(),
                client_id: None,
                created_at: NOW,
                details: (place.is_multiple_of(100)).then(|| Box::new(mention)),
            }
        };
        let messages = numbers.iter().map(message).collect();
        store.log.append(Arc::new(LogBatch { messages, changes: Vec::new() })).await?;
    }
    Ok(())
}

/// Reacts to the first message of each group.
async fn react(store: &Store, size: &Size, groups: &[Arc<Group>], user: &Arc<User>) -> Result<()> {
    let numbers: Vec<usize> = (0..size.groups * size.reactions_each).collect();
    for numbers in numbers.chunks(BATCH) {
        let change = |&number: &usize| {
            let (group, place) = (number % groups.len(), number / groups.len());
            let message = MessageKey { id: MessageId(group as i64 + 1), seq: Seq(1) };
            Change {
                seq: Seq((size.messages_each + place) as i64 + 1),
                group: Arc::clone(&groups[group]),
                user: Arc::clone(user),
                kind: ChangeKind::Reaction { message, emoji: "+1".into(), on: place.is_multiple_of(2) },
                client_id: None,
                created_at: NOW,
            }
        };
        let changes = numbers.iter().map(change).collect();
        store.log.append(Arc::new(LogBatch { messages: Vec::new(), changes })).await?;
    }
    Ok(())
}

async fn measure<T>(table: &Table, name: &str, mut work: impl AsyncFnMut() -> StoreResult<T>) -> Result<()> {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let begun = Instant::now();
        work().await?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let worst = times.last().copied().unwrap_or(Duration::ZERO);
    table.row(&[name.to_owned(), milliseconds(times[RUNS / 2]), milliseconds(worst)]);
    Ok(())
}
