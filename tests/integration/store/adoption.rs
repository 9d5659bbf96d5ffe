//! Taking over the Postgres database of the FastAPI program that this server replaces.

use std::sync::Arc;

use groupcast::model::{GroupId, MessageId, Role, Seq, Timestamp, UserId};
use groupcast::store::{Database, MessagePage};

use super::{Backend, NOW, batch, message, new_user};
use crate::support::postgres::Postgres;

/// The tables as that program's migrations leave them, with what its races and time stamps leave in them. The password
/// of alice is `wonderland`.
pub(crate) const ORIGINAL: &str = "
    CREATE TABLE users (id serial PRIMARY KEY, username varchar(50) NOT NULL, email varchar(100) NOT NULL,
        password varchar(255) NOT NULL);
    CREATE UNIQUE INDEX ix_users_email ON users (email);
    CREATE UNIQUE INDEX ix_users_username ON users (username);
    CREATE INDEX ix_users_id ON users (id);
    CREATE TABLE groups (id serial PRIMARY KEY, name varchar, is_private boolean, UNIQUE (name));
    CREATE INDEX ix_groups_id ON groups (id);
    CREATE TABLE group_memberships (id serial PRIMARY KEY, user_id integer REFERENCES users (id),
        group_id integer REFERENCES groups (id));
    CREATE INDEX ix_group_memberships_id ON group_memberships (id);
    CREATE TABLE messages (id serial PRIMARY KEY, content varchar NOT NULL,
        user_id integer NOT NULL REFERENCES users (id), created_at timestamp NOT NULL,
        group_id integer NOT NULL REFERENCES groups (id));
    CREATE INDEX ix_messages_id ON messages (id);
    INSERT INTO users (username, email, password)
        VALUES ('alice', 'alice@example.com', '$2b$12$.z3pyYiW0wnN/S9qIxywuea7dDxP8E6udUFoWtlFrFemnqBnflWRa'), ('bob', 'bob@example.com', 'x');
    INSERT INTO groups (name, is_private) VALUES ('general', NULL), ('two', true);
    INSERT INTO group_memberships (user_id, group_id)
        VALUES (1, 1), (1, 1), (NULL, 1), (1, 2), (2, 2), (2, 2);
    INSERT INTO messages (content, user_id, created_at, group_id)
        SELECT 'm' || n, 1 + n % 2, timestamp '2024-11-25 12:00:00.123456', 1 + n / 3 % 2
        FROM generate_series(1, 10) n;";

/// What a database looks like: its columns, constraints and indexes.
const SHAPE: &str = "
    SELECT table_name, column_name, data_type, is_nullable, coalesce(character_maximum_length, 0)
        FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2;
    SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2;
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1;
    SELECT sequencename, data_type FROM pg_sequences ORDER BY 1";

#[tokio::test]
async fn a_database_of_the_original_goes_on_where_it_stood() {
    let postgres = Postgres::shared();
    let url = postgres.create_database();
    postgres.psql(&url, ORIGINAL);
    let backend = Backend { database: Database::Postgres(url.clone()), _folder: None };
    let store = backend.open().await;

    let alice = store.directory.user(UserId(1)).await.unwrap().unwrap();
    let bob = Arc::new(store.directory.user(UserId(2)).await.unwrap().unwrap());
    let general = Arc::new(store.directory.group_by_name("general").await.unwrap().unwrap());
    assert_eq!((&*alice.username, &*bob.username, general.is_private), ("alice", "bob", false));
    assert_eq!(
        store.directory.members(general.id, UserId(0), 10).await.unwrap(),
        [(alice.clone(), Role::Member)]
    );
    assert_eq!(
        store.directory.private_group(bob.id, alice.id, "private_1", NOW).await.unwrap().id,
        GroupId(2)
    );

    let page = MessagePage { limit: 100, ..MessagePage::default() };
    let messages = store.log.messages(page).await.unwrap();
    let numbers: Vec<_> = messages.iter().map(|row| (row.id.0, row.group.id.0, row.seq.0)).collect();
    let places = [1, 2, 1, 2, 3, 3, 4, 5, 4, 5];
    let groups = [1, 1, 2, 2, 2, 1, 1, 1, 2, 2];
    let expected: Vec<_> = (1..).zip(groups).zip(places).map(|((id, group), seq)| (id, group, seq)).collect();
    assert_eq!(numbers, expected);
    assert!(messages.iter().all(|row| row.created_at == Timestamp(1_732_536_000_123_456)));
    assert_eq!(store.log.last_message().await.unwrap().0, MessageId(10));
    assert_eq!(store.log.heads(vec![GroupId(1), GroupId(2)]).await.unwrap(), [Seq(5), Seq(5)]);

    assert_eq!(store.directory.create_user(new_user("carol")).await.unwrap().id, UserId(3));
    assert_eq!(store.directory.create_group("new", false, None, NOW).await.unwrap().id, GroupId(3));
    store.log.append(batch([message(11, 6, &general, &bob, "new")])).await.unwrap();
    store.lifecycle.close().await.unwrap();
    backend.open().await.lifecycle.close().await.unwrap();
}

#[tokio::test]
async fn a_database_taken_over_has_the_shape_of_a_new_one() {
    let postgres = Postgres::shared();
    let mut shapes = Vec::new();
    for before in ["", ORIGINAL] {
        let url = postgres.create_database();
        postgres.psql(&url, before);
        let backend = Backend { database: Database::Postgres(url.clone()), _folder: None };
        backend.open().await.lifecycle.close().await.unwrap();
        shapes.push(postgres.psql(&url, SHAPE));
    }
    assert_eq!(shapes[0], shapes[1]);
}
