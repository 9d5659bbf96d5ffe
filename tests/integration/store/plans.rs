//! Long lists are read along an index, in time that grows with their length and not with its square.

use groupcast::model::{GroupId, Seq, UserId};
use groupcast::store::{Database, MessageFilter, MessagePage};

use super::Backend;
use crate::support::postgres::Postgres;

const MESSAGES: u64 = 60_000;

/// Two of three messages are in the first group, every other one is of the first user.
const FILL: &str = "
    INSERT INTO users (username, email, password) VALUES ('a', 'a', ''), ('b', 'b', '');
    INSERT INTO groups (name, is_private) VALUES ('x', false), ('y', false);
    INSERT INTO messages (id, content, user_id, created_at, group_id, seq)
        SELECT n, 'content', 1 + n % 2, now(), 1 + (n % 3) / 2,
               row_number() OVER (PARTITION BY (n % 3) / 2 ORDER BY n)
        FROM generate_series(1, 60000) n";

const ROWS_READ: &str =
    "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 'messages'";

/// Rows of `messages` that Postgres has read so far. Sessions report this when they end.
fn rows_read(postgres: &Postgres, url: &str) -> u64 {
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'groupcast'";
    while postgres.psql(url, others) != "0" {}
    postgres.psql(url, ROWS_READ).parse().unwrap()
}

#[tokio::test]
async fn paging_reads_each_row_about_once() {
    let postgres = Postgres::shared();
    let url = postgres.create_database();
    let backend = Backend { database: Database::Postgres(url.clone()), _folder: None };
    backend.open().await.lifecycle.close().await.unwrap();
    postgres.psql(&url, FILL);
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
        ] {
            let before = rows_read(postgres, &url);
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
            let read = rows_read(postgres, &url) - before;
            println!("{analyze:8} {filter:?}: {rows} pages, {read} rows read");
            assert!(read < 2 * MESSAGES, "{filter:?}: {read} rows read");
        }
    }
}
