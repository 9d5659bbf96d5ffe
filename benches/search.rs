//! How long a search takes among a million messages, in both stores, and how long they take to be indexed.
//!
//! Words are as common as in a language: the n-th is said once for n times that the first is. Asked is the store, as the
//! server asks it. Postgres is one that this program starts.
//!
//! `cargo bench --profile dist --bench search`

use std::sync::Arc;
use std::time::Duration;

use groupcast::model::{Group, GroupId, Message, MessageId, NewUser, Role, Seq, Timestamp, User, UserId};
use groupcast::search::SearchQuery;
use groupcast::store::{self, Database, LogBatch, Search, SearchPlace, SearchScope, Store};
use groupcast_kit::postgres::Postgres;
use groupcast_kit::random::Random;
use tokio::time::Instant;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const MESSAGES: i64 = 1_000_000;
const BATCH: i64 = 1_000;
const GROUPS: usize = 100;
const WORDS: u64 = 100_000;
const CHARACTERS: u64 = 3_000;
const SAMPLES: usize = 100;
/// Messages in an answer.
const LIMIT: usize = 20;
/// Messages that are stored to see what indexing costs those who send them.
const LOSS_MESSAGES: i64 = 600_000;
const LOSS_ROUNDS: usize = 4;
/// Makes the index think that it has everything.
const INDEXED: &str = "UPDATE search_progress SET last_message_id = 1 << 30";
const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for round in 0..LOSS_ROUNDS {
        // What comes second finds another machine.
        for holds_off in [round % 2 == 0, round % 2 != 0] {
            let said = if holds_off { "not indexed" } else { "indexed meanwhile" };
            println!("{said}:");
            let file = folder.path().join(format!("{round}{holds_off}.db"));
            let database = Database::Sqlite(file.clone());
            store::open(&database, 1).await?.store.lifecycle.close().await?;
            if holds_off {
                rusqlite::Connection::open(&file)?.execute(INDEXED, [])?;
            }
            lose(database, "SQLite").await?;
            let url = tokio::task::spawn_blocking(|| Postgres::shared().create_database()).await?;
            let database = Database::Postgres(url.clone());
            store::open(&database, 1).await?.store.lifecycle.close().await?;
            if holds_off {
                tokio::task::spawn_blocking(move || Postgres::shared().psql(&url, INDEXED)).await?;
            }
            lose(database, "Postgres").await?;
        }
    }
    let postgres = tokio::task::spawn_blocking(|| Postgres::shared().create_database()).await?;
    for (name, database) in [
        ("SQLite", Database::Sqlite(folder.path().join("chat.db"))),
        ("Postgres", Database::Postgres(postgres)),
    ] {
        let store = store::open(&database, 4).await?.store;
        let scene = Scene::fill(&store, MESSAGES).await?;
        scene.wait(&store, name, MESSAGES).await?;
        scene.ask_all(&store, name).await?;
        store.lifecycle.close().await?;
    }
    Ok(())
}

/// Stores messages as fast as it goes.
async fn lose(database: Database, name: &str) -> Result<()> {
    let store = store::open(&database, 4).await?.store;
    print!("{name}: ");
    Scene::fill(&store, LOSS_MESSAGES).await?;
    Ok(store.lifecycle.close().await?)
}

/// A question of a kind.
type Kind = fn(&mut Random) -> String;

struct Scene {
    /// A member of all groups, and one of ten of them.
    everywhere: UserId,
    somewhere: UserId,
    begun: Instant,
}

impl Scene {
    async fn fill(store: &Store, messages: i64) -> Result<Self> {
        let mut users = Vec::new();
        for n in 0..10 {
            let new = NewUser {
                username: format!("u{n}"),
                email: format!("u{n}@example.com"),
                password_hash: "".into(),
            };
            users.push(Arc::new(store.directory.create_user(new).await?));
        }
        let mut groups = Vec::new();
        for n in 0..GROUPS {
            let group = Arc::new(store.directory.create_group(&format!("g{n}"), false, None, NOW).await?);
            store.moderation.add_member(group.id, users[0].id, Role::Member, NOW).await?;
            if n % 10 == 0 {
                store.moderation.add_member(group.id, users[1].id, Role::Member, NOW).await?;
            }
            groups.push(group);
        }
        let (begun, mut random) = (Instant::now(), Random::new(1));
        let mut heads = vec![0; GROUPS];
        for first in (1..=messages).step_by(BATCH as usize) {
            let batch = (first..first + BATCH).map(|id| said(id, &users, &groups, &mut heads, &mut random));
            store.log.append(Arc::new(LogBatch { messages: batch.collect(), changes: Vec::new() })).await?;
        }
        println!("{} messages a second stored", per_second(messages, begun));
        Ok(Self { everywhere: users[0].id, somewhere: users[1].id, begun })
    }

    /// Waits until the oldest and the newest are found.
    async fn wait(&self, store: &Store, name: &str, messages: i64) -> Result<()> {
        let newest = format!("n{messages}");
        while ask(store, &newest, self.scope()).await? == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("{name}: {} messages a second stored and indexed", per_second(messages, self.begun));
        Ok(())
    }

    fn scope(&self) -> SearchScope {
        SearchScope { reader: Some(self.everywhere), ..SearchScope::default() }
    }

    async fn ask_all(&self, store: &Store, name: &str) -> Result<()> {
        let kinds: [(&str, Kind); 12] = [
            ("common word", |random| word(random.below(20))),
            ("middling word", |random| word(1_000 + random.below(1_000))),
            ("rare word", |random| format!("n{}", 1 + random.below(MESSAGES as u64))),
            ("absent word", |random| format!("absent{}", random.below(1_000))),
            ("two common", |random| format!("{} {}", word(random.below(20)), word(20 + random.below(20)))),
            ("common, middling", |random| {
                format!("{} {}", word(random.below(20)), word(2_000 + random.below(2_000)))
            }),
            ("phrase", |random| format!("\"{} {}\"", word(random.below(10)), word(random.below(10)))),
            ("rare phrase", |random| {
                format!("\"{} {}\"", word(100 + random.below(100)), word(100 + random.below(100)))
            }),
            ("prefix of 1", |random| format!("{}*", &word(random.below(1_000))[..1])),
            ("prefix of 3", |random| format!("{}*", &word(random.below(10_000))[..3])),
            ("one Han", |random| character(random.below(CHARACTERS)).into()),
            ("two Han", |random| {
                [character(random.below(30)), character(random.below(300))].iter().collect()
            }),
        ];
        let scopes: [(&str, SearchScope); 4] = [
            ("100 groups", self.scope()),
            ("10 groups", SearchScope { reader: Some(self.somewhere), ..SearchScope::default() }),
            ("1 group", SearchScope { group: Some(GroupId(7)), ..self.scope() }),
            ("1 sender", SearchScope { sender: Some(UserId(3)), ..self.scope() }),
        ];
        println!("{name:18} {:11} {:>9} {:>9} {:>9} {:>6}", "", "p50 ms", "p99 ms", "max ms", "hits");
        for (kind, query) in kinds {
            for (of, scope) in scopes {
                let mut random = Random::new(2);
                let (mut times, mut hits) = (Vec::new(), 0);
                for _ in 0..SAMPLES {
                    let query = query(&mut random);
                    let begun = Instant::now();
                    hits += ask(store, &query, scope).await?;
                    times.push(begun.elapsed().as_secs_f64() * 1e3);
                }
                times.sort_by(f64::total_cmp);
                let [p50, p99] = [SAMPLES / 2, SAMPLES * 99 / 100].map(|rank| times[rank]);
                let (max, hits) = (times[SAMPLES - 1], hits as f64 / SAMPLES as f64);
                println!("{kind:18} {of:11} {p50:9.2} {p99:9.2} {max:9.2} {hits:6.1}");
            }
        }
        Ok(())
    }
}

/// How many messages are found, as the server looks for them.
async fn ask(store: &Store, query: &str, scope: SearchScope) -> Result<usize> {
    let query = Arc::new(SearchQuery::parse(query)?);
    let (mut next, mut hits) = (Some(SearchPlace::below(MessageId(i64::MAX))), 0);
    while let Some(from) = next
        && hits < LIMIT
    {
        let search = Search { query: Arc::clone(&query), scope, from, limit: LIMIT - hits };
        let page = store.search.search(search).await?;
        hits += page.hits.len();
        next = page.next;
    }
    Ok(hits)
}

fn said(
    id: i64,
    users: &[Arc<User>],
    groups: &[Arc<Group>],
    heads: &mut [i64],
    random: &mut Random,
) -> Message {
    let group = random.size(groups.len());
    heads[group] += 1;
    let mut content = format!("n{id}");
    for _ in 0..3 + random.below(15) {
        content.push(' ');
        content.push_str(&word(zipf(random, WORDS)));
    }
    if random.chance(10) {
        content.push(' ');
        content.extend((0..10).map(|_| character(zipf(random, CHARACTERS))));
    }
    Message {
        id: MessageId(id),
        seq: Seq(heads[group]),
        group: Arc::clone(&groups[group]),
        user: Arc::clone(&users[random.size(users.len())]),
        content: content.into(),
        client_id: None,
        created_at: Timestamp(NOW.0 + id),
        details: None,
    }
}

/// A rank below `count`, each as likely as its place says.
fn zipf(random: &mut Random, count: u64) -> u64 {
    let uniform = random.below(1 << 53) as f64 / (1u64 << 53) as f64;
    ((count as f64).powf(uniform) as u64 - 1).min(count - 1)
}

/// The word of this rank: syllables, the more the rarer.
fn word(rank: u64) -> String {
    let (mut word, mut rest) = (String::new(), rank * 7 + 3);
    while rest > 0 {
        word.push(char::from(b"bdfgklmnprst"[(rest % 12) as usize]));
        rest /= 12;
        word.push(char::from(b"aeiou"[(rest % 5) as usize]));
        rest /= 5;
    }
    word
}

fn character(rank: u64) -> char {
    char::from_u32(0x4e00 + rank as u32).unwrap_or('京')
}

fn per_second(messages: i64, begun: Instant) -> i64 {
    (messages as f64 / begun.elapsed().as_secs_f64()) as i64
}
