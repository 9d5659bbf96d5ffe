//! The contract of [`Store`], held against SQLite and a real Postgres: what is asked and what must be answered
//! stands in one function, which runs over both.

use std::sync::Arc;

use groupcast::model::{
    Group, GroupId, Message, MessageId, NewUser, Role, Seq, Standing, Timestamp, User, UserId,
};
use groupcast::store::{self, Database, LogBatch, Store, StoreResult};
use tempfile::TempDir;

use crate::support::postgres::Postgres;

/// Makes of each function two tests, one for each store.
macro_rules! on_both {
    ($(async fn $name:ident($backend:ident: Backend) $body:block)*) => {
        $(async fn $name($backend: crate::store::Backend) $body)*

        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::store::Backend::sqlite()).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::store::Backend::postgres()).await;
            })*
        }
    };
}

mod accounts;
pub(crate) mod adoption;
mod annotations;
mod append;
mod beside;
mod changes;
mod chronicle;
mod erasure;
mod groups;
mod keys;
mod log;
mod marks;
mod messages;
mod moderation;
mod nodes;
mod outage;
mod overview;
mod ownership;
mod plans;
mod retention;
mod sanctions;
mod sessions;
mod users;

/// An empty database.
struct Backend {
    database: Database,
    _folder: Option<TempDir>,
}

impl Backend {
    fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { database: Database::Sqlite(folder.path().join("chat.db")), _folder: Some(folder) }
    }

    fn postgres() -> Self {
        Self { database: Database::Postgres(Postgres::shared().create_database()), _folder: None }
    }

    async fn try_open(&self) -> StoreResult<Store> {
        Ok(store::open(&self.database, 4).await?.store)
    }

    async fn open(&self) -> Store {
        self.try_open().await.unwrap()
    }
}

fn new_user(name: &str) -> NewUser {
    NewUser {
        username: name.into(),
        email: format!("{name}@example.com"),
        password_hash: "$argon2id$".into(),
    }
}

async fn user(store: &Store, name: &str) -> Arc<User> {
    Arc::new(store.directory.create_user(new_user(name)).await.unwrap())
}

async fn group(store: &Store, name: &str) -> Arc<Group> {
    Arc::new(store.directory.create_group(name, false, None, NOW).await.unwrap())
}

/// A private group without members.
async fn private(store: &Store, name: &str) -> Arc<Group> {
    Arc::new(store.directory.create_group(name, true, None, NOW).await.unwrap())
}

async fn is_member(store: &Store, group: GroupId, user: UserId) -> bool {
    store.moderation.standing(group, user).await.unwrap().role.is_some()
}

/// Of who only is a member.
const MEMBER: Standing = Standing { role: Some(Role::Member), muted_until: None, banned_until: None };

/// The time at which these tests are made to play.
const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

/// So many seconds after that.
fn later(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1_000_000)
}

fn message(id: i64, seq: i64, group: &Arc<Group>, user: &Arc<User>, content: &str) -> Message {
    Message {
        id: MessageId(id),
        seq: Seq(seq),
        group: group.clone(),
        user: user.clone(),
        content: content.into(),
        client_id: None,
        created_at: Timestamp(1_700_000_000_000_000 + id),
        details: None,
    }
}

/// A batch of nothing but messages.
fn batch(messages: impl Into<Vec<Message>>) -> Arc<LogBatch> {
    Arc::new(LogBatch { messages: messages.into(), changes: Vec::new() })
}
