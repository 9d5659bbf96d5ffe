//! Long lists are read along an index, in time that grows with their length and not with its square.

use std::num::NonZeroU32;

use futures_util::future::{BoxFuture, FutureExt, join_all};
use groupcast::model::{Digest, GroupId, MessageId, Seq, SessionId, UserId};
use groupcast::store::{
    CutEnd, Database, Login, MentionQuestion, MessageFilter, MessagePage, SentKey, Store, Swept,
    TargetQuestion,
};

use super::{Backend, NOW};
use crate::support::postgres::Postgres;
use crate::support::until_blocking;

const MESSAGES: u64 = 60_000;

/// Two of three messages are in the first group, every other one is of the first user.
const FILL: &str = "
    INSERT INTO users (username, email, password) VALUES ('a', 'a', ''), ('b', 'b', '');
    INSERT INTO groups (name, is_private) VALUES ('x', false), ('y', false);
    INSERT INTO group_memberships (group_id, user_id) VALUES (1, 1);
    INSERT INTO messages (id, content, user_id, created_at, group_id, seq)
        SELECT n, 'content', 1 + n % 2, now(), 1 + (n % 3) / 2,
               row_number() OVER (PARTITION BY (n % 3) / 2 ORDER BY n)
        FROM generate_series(1, 60000) n";

/// These are not what is looked at here.
const INDEXED: &str = "UPDATE search_progress SET last_message_id = 60000";

/// A hundred thousand users with a session and a key each. The first belongs to the first twenty groups, in which the
/// messages are; the others to one of a thousand each, some of them banned or muted.
const CROWD: &str = "
    INSERT INTO users (username, email, password, username_lower)
        SELECT 'User' || n, 'user' || n, '', 'user' || n FROM generate_series(1, 100000) n;
    INSERT INTO groups (name, is_private) SELECT 'g' || n, n % 2 = 0 FROM generate_series(1, 1000) n;
    INSERT INTO group_memberships (group_id, user_id) SELECT n, 1 FROM generate_series(1, 20) n;
    INSERT INTO group_memberships (group_id, user_id) SELECT 1 + n % 1000, n FROM generate_series(2, 100000) n;
    INSERT INTO group_bans (group_id, user_id, created_at)
        SELECT 1 + n % 1000, n, now() FROM generate_series(1, 100000, 7) n;
    INSERT INTO group_mutes (group_id, user_id, created_at)
        SELECT 1 + n % 1000, n, now() FROM generate_series(1, 100000, 5) n;
    INSERT INTO sessions (id, user_id, created_at, renewed_at, expires_at, client, family_digest, current_digest)
        SELECT n, n, now(), now(), now() + interval '1 day', '', sha256(n::text::bytea), sha256(n::text::bytea)
        FROM generate_series(1, 100000) n;
    INSERT INTO api_keys (name, digest, scope, actor, user_id, created_at)
        SELECT 'key' || n, decode(lpad(to_hex(n), 64, '0'), 'hex'), 0, 0, n, now()
        FROM generate_series(1, 100000) n;
    INSERT INTO messages (id, content, user_id, created_at, group_id, seq, thread_id, client_id)
        SELECT n, 'content', 1 + n % 2, now(), 1 + n % 20, 1 + n / 20, nullif(n - n % 7, n), 'm' || n
        FROM generate_series(1, 60000) n;
    UPDATE messages SET deleted_seq = 1 WHERE id % 13 = 0;
    UPDATE group_memberships SET read_seq = 2980;
    UPDATE server SET marked_id = 59900;
    INSERT INTO mentions (user_id, group_id, seq)
        SELECT n, 1 + m % 20, 1 + m / 20 FROM generate_series(1, 2) n, generate_series(1, 60000, 60) m;
    INSERT INTO log_entries (group_id, seq, user_id, kind, message_id, message_seq, client_id, created_at, place)
        SELECT 1 + n % 20, 10000 + n / 20, 1 + n % 2, 0, n, 1 + n / 20, 'e' || n, now(), 1 + n / 20
        FROM generate_series(1, 60000) n;
    INSERT INTO reactions (message_id, emoji, user_id, is_on, seq, created_at)
        SELECT n % 60000 + 1, 'e' || n / 60000, n % 1000 + 1, n % 5 > 0, n, now() FROM generate_series(1, 180000) n";

/// Sessions report this when they end.
fn rows_read(postgres: &Postgres, url: &str, tables: &str) -> u64 {
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'groupcast'";
    until_blocking("all sessions to end", || (postgres.psql(url, others) == "0").then_some(()));
    let read = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables";
    postgres.psql(url, &format!("{read} WHERE {tables}")).parse().unwrap()
}

#[tokio::test]
async fn paging_reads_each_row_about_once() {
    let postgres = Postgres::shared();
    let url = postgres.create_database();
    let backend = Backend { database: Database::Postgres(url.clone()), _folder: None };
    backend.open().await.lifecycle.close().await.unwrap();
    postgres.psql(&url, FILL);
    postgres.psql(&url, INDEXED);
    // With statistics and, as right after a start, without.
    for analyze in ["", "ANALYZE"] {
        postgres.psql(&url, analyze);
        let (x, a) = (Some(GroupId(1)), Some(UserId(1)));
        for filter in [
            MessageFilter::default(),
            MessageFilter { group: x, ..MessageFilter::default() },
            MessageFilter { group: x, after_seq: Some(Seq(20_000)), ..MessageFilter::default() },
            MessageFilter { group: x, before_seq: Some(Seq(20_000)), ..MessageFilter::default() },
            MessageFilter { user: a, ..MessageFilter::default() },
            MessageFilter { group: x, user: a, ..MessageFilter::default() },
            MessageFilter { reader: a, ..MessageFilter::default() },
            MessageFilter { group: x, reader: a, ..MessageFilter::default() },
            MessageFilter { user: a, reader: a, ..MessageFilter::default() },
        ] {
            let before = rows_read(postgres, &url, "relname = 'messages'");
            let store = backend.open().await;
            let mut page = MessagePage { filter, limit: 500, ..MessagePage::default() };
            let mut rows = 0;
            while let Some(last) = store.log.messages(page).await.unwrap().last() {
                page.after = last.id;
                rows += 1;
            }
            store.log.newest(filter, 100).await.unwrap();
            store.log.heads(vec![GroupId(1), GroupId(2)]).await.unwrap();
            store.lifecycle.close().await.unwrap();
            let read = rows_read(postgres, &url, "relname = 'messages'") - before;
            println!("{analyze:8} {filter:?}: {rows} pages, {read} rows read");
            assert!(read < 2 * MESSAGES, "{filter:?}: {read} rows read");
        }
    }
}

/// What is asked when somebody comes, by the number of the one who asks.
type Question = for<'s> fn(&'s Store, i64) -> BoxFuture<'s, ()>;

const QUESTIONS: &[(&str, Question)] = &[
    ("session", |store, n| {
        store.accounts.session(SessionId(n)).map(|found| drop(found.unwrap().unwrap())).boxed()
    }),
    ("live_sessions", |store, n| {
        let ids = (0..10).map(|k| SessionId(n + k)).collect();
        store.accounts.live_sessions(ids).map(|found| assert!(found.unwrap()[0])).boxed()
    }),
    ("key", |store, n| {
        let mut digest: Digest = [0; 32];
        digest[24..].copy_from_slice(&n.to_be_bytes());
        store.accounts.key(digest).map(|found| drop(found.unwrap().unwrap())).boxed()
    }),
    ("standing", |store, n| {
        store.moderation.standing(GroupId(1 + n % 1_000), UserId(n)).map(|found| _ = found.unwrap()).boxed()
    }),
    ("join", |store, n| {
        store.directory.join(GroupId(1 + n % 1_000), UserId(n), NOW).map(|found| _ = found.unwrap()).boxed()
    }),
    ("credentials", |store, n| {
        store
            .accounts
            .credentials(Login::Id(UserId(n)))
            .map(|found| assert!(found.unwrap().is_some()))
            .boxed()
    }),
    ("sessions", |store, n| {
        store.accounts.sessions(UserId(n)).map(|found| assert_eq!(found.unwrap().len(), 1)).boxed()
    }),
    ("search_users", |store, n| {
        let search = async move { store.accounts.search_users(&format!("USER{n}"), 1).await };
        search.map(|found| assert_eq!(found.unwrap().len(), 1)).boxed()
    }),
    ("listed_users", |store, n| {
        let list = async move { store.overview.listed_users(&format!("USER{n}"), UserId(0), 1, NOW).await };
        list.map(|found| assert_eq!(found.unwrap().len(), 1)).boxed()
    }),
    ("listed_groups", |store, n| {
        // The members of each are counted.
        if n % 3 > 0 {
            return async {}.boxed();
        }
        let list =
            async move { store.overview.listed_groups(&format!("G{}", 1 + n % 1_000), GroupId(0), 1).await };
        list.map(|found| assert_eq!(found.unwrap().len(), 1)).boxed()
    }),
    ("newest_sessions", |store, n| {
        let sessions = store.overview.newest_sessions(Some(SessionId(n)), 5, NOW);
        sessions.map(|found| assert_eq!(found.unwrap().unwrap().len(), 5)).boxed()
    }),
    ("own_groups", |store, n| {
        let user = UserId(n % 20);
        store.moderation.own_groups(user).map(move |found| assert_eq!(found.is_ok(), n > 0)).boxed()
    }),
    ("mark", |store, n| {
        let mark = store.marks.mark(GroupId(1 + n % 20), UserId(1), Seq(n % 3_000));
        mark.map(|mark| assert!(mark.unwrap().is_some())).boxed()
    }),
    ("mark of a stranger", |store, n| {
        let mark = store.marks.mark(GroupId(1 + n % 1_000), UserId(2), Seq(12_000));
        mark.map(|mark| _ = mark.unwrap()).boxed()
    }),
    ("sweep", |store, _| store.marks.sweep().map(|swept| assert_eq!(swept.unwrap(), Swept::All)).boxed()),
    ("entries", |store, n| {
        let (after, before) = (Seq(9_998), Seq(10_003));
        let entries = store.log.entries(GroupId(1 + n % 20), after, before, 4);
        entries.map(|found| assert!(found.unwrap().len() >= 2)).boxed()
    }),
    ("message", |store, n| {
        let message = store.log.message(MessageId(1 + n % 60_000));
        message.map(|found| assert!(found.unwrap().is_some())).boxed()
    }),
    ("annotations", |store, n| {
        let annotations = store.log.annotations(vec![MessageId(1 + n % 60_000)]);
        annotations.map(|found| assert_eq!(found.unwrap().len(), 1)).boxed()
    }),
    ("targets", |store, n| {
        let (number, reaction) = (1 + n % 60_000, Some((UserId(1), "e1".into())));
        let question =
            TargetQuestion { group: GroupId(1 + number % 20), message: MessageId(number), reaction };
        store.log.targets(vec![question]).map(|found| assert!(found.unwrap()[0].is_some())).boxed()
    }),
    ("find_sent", |store, n| {
        let key = SentKey {
            group: GroupId(1 + n % 20),
            user: UserId(1 + n % 2),
            client_id: format!("{}{}", ["m", "e"][n as usize / 2 % 2], n % 60_000).into(),
        };
        store.log.find_sent(vec![key]).map(|found| assert_eq!(found.unwrap().len(), 1)).boxed()
    }),
    ("mentioned", |store, n| {
        let names = vec![format!("User{n}").into()];
        let question = MentionQuestion { group: GroupId(1 + n % 1_000), names, everybody: false };
        store
            .log
            .mentioned(vec![question])
            .map(|found| assert_eq!(found.unwrap()[0].by_name.len(), 1))
            .boxed()
    }),
    ("heads", |store, n| {
        let heads = store.log.heads(vec![GroupId(1 + n % 20)]);
        heads.map(|found| assert!(found.unwrap()[0] > Seq(10_000))).boxed()
    }),
    ("last_message", |store, _| {
        store.log.last_message().map(|last| assert_eq!(last.unwrap().0, MessageId(60_000))).boxed()
    }),
    ("thread", |store, n| {
        let (group, thread) = (Some(GroupId(1 + n % 20)), Some(MessageId(7 * (1 + n % 8_000))));
        let filter = MessageFilter { group, thread, ..MessageFilter::default() };
        let page = MessagePage { filter, limit: 9, ..MessagePage::default() };
        store.log.messages(page).map(|found| assert!(found.unwrap().len() < 9)).boxed()
    }),
    ("first_seq", |store, n| {
        store.retention.first_seq(GroupId(n % 1_000)).map(|first| assert!(first.unwrap() >= Seq(1))).boxed()
    }),
    ("extents", |store, n| {
        let extents = store.retention.extents(GroupId(n % 20), true, 1);
        extents.map(|found| assert!(found.unwrap()[0].head > Seq(10_000))).boxed()
    }),
    ("extents of few", |store, n| {
        store.retention.extents(GroupId(n % 20), false, 1).map(|found| assert_eq!(found.unwrap(), [])).boxed()
    }),
    ("place_of_newest", |store, n| {
        let count = NonZeroU32::new(10).unwrap();
        let place = store.retention.place_of_newest(GroupId(1 + n % 20), count);
        place.map(|found| assert!(found.unwrap().is_some())).boxed()
    }),
    ("cut", |store, n| {
        // Each looks at a slice.
        if n % 5_000 > 0 {
            return async {}.boxed();
        }
        let end = CutEnd { before: Seq(1 + n / 5_000 * 20), until: None };
        let cut = store.retention.cut(GroupId(1 + n % 20), end);
        cut.map(|cut| assert!(cut.unwrap().is_none_or(|cut| cut.messages <= 20 && cut.changes == 0))).boxed()
    }),
];

#[tokio::test]
async fn what_is_asked_by_many_at_once_reads_few_rows_for_each() {
    let postgres = Postgres::shared();
    let url = postgres.create_database();
    let backend = Backend { database: Database::Postgres(url.clone()), _folder: None };
    backend.open().await.lifecycle.close().await.unwrap();
    postgres.psql(&url, CROWD);
    postgres.psql(&url, INDEXED);
    for analyze in ["", "ANALYZE"] {
        postgres.psql(&url, analyze);
        for (name, ask) in QUESTIONS {
            let before = rows_read(postgres, &url, "true");
            let store = backend.open().await;
            join_all((1..=1_000).map(|n| ask(&store, 97 * n))).await;
            store.lifecycle.close().await.unwrap();
            let read = rows_read(postgres, &url, "true") - before;
            println!("{analyze:8} {name}: {read} rows read");
            // Some are read for each, and some of small tables; a look through a table would be 100,000.
            assert!(read < 80_000, "{analyze} {name}: {read} rows read");
        }
    }
}
