//! What a node tells others of what is true no more, in the transaction that makes it so.

use deadpool_postgres::Transaction;
use tokio_postgres::Row;

use super::columns::each;
use super::error::column;
use crate::model::{Digest, GroupId, NodeId, Removal, Seq, SessionId, UserId};
use crate::store::row::{self, unknown};
use crate::store::{Notice, StoreError, StoreResult};

/// How `notices.kind` has them.
#[derive(Clone, Copy)]
#[repr(i16)]
pub(super) enum Kind {
    Removed,
    Member,
    Group,
    GroupDeleted,
    Cut,
    User,
    UserErased,
    Session,
    Tokens,
    Key,
    Token,
}

/// One more part of a `WITH` query: writes a notice for each row of `source`, which has the value of the column, if the
/// `node` is not NULL.
pub(super) fn noted(source: &str, kind: Kind, columns: &str, values: &str, node: &str) -> String {
    format!(
        "noted AS (INSERT INTO notices (node, kind, {columns})
             SELECT {node}::bigint, {}, {values} FROM {source} WHERE {node}::bigint IS NOT NULL)",
        kind as i16
    )
}

/// Writes notices, unless nobody else uses the database. They come last in a transaction.
pub(super) async fn write(
    transaction: &Transaction<'_>,
    node: Option<NodeId>,
    notices: &[Notice],
) -> StoreResult<()> {
    let Some(node) = node.filter(|_| !notices.is_empty()) else { return Ok(()) };
    let insert = transaction
        .prepare_cached(
            "INSERT INTO notices (node, kind, group_id, user_id, number, digest)
             SELECT $1, new.* FROM unnest($2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[])
                 AS new (kind, group_id, user_id, number, digest)",
        )
        .await?;
    let rows: Vec<NoticeRow<'_>> = notices.iter().map(NoticeRow::of).collect();
    let (kinds, digests) = (each(&rows, |row| row.kind as i16), each(&rows, |row| row.digest));
    let (groups, users) = (each(&rows, |row| row.group), each(&rows, |row| row.user));
    let numbers = each(&rows, |row| row.number);
    transaction.execute(&insert, &[&node.0, &kinds, &groups, &users, &numbers, &digests]).await?;
    Ok(())
}

struct NoticeRow<'a> {
    kind: Kind,
    group: Option<i64>,
    user: Option<i64>,
    number: Option<i64>,
    digest: Option<&'a [u8]>,
}

impl<'a> NoticeRow<'a> {
    fn of(notice: &'a Notice) -> Self {
        let (kind, group, user, number, digest): (_, _, _, _, Option<&'a [u8]>) = match notice {
            Notice::Removed { group, user, removal } => {
                (Kind::Removed, Some(group.0), Some(user.0), Some(*removal as i64), None)
            }
            Notice::Member { group, user } => (Kind::Member, Some(group.0), Some(user.0), None, None),
            Notice::Group(group) => (Kind::Group, Some(group.0), None, None, None),
            Notice::GroupDeleted(group) => (Kind::GroupDeleted, Some(group.0), None, None, None),
            Notice::Cut { group, first } => (Kind::Cut, Some(group.0), None, Some(first.0), None),
            Notice::User(user) => (Kind::User, None, Some(user.0), None, None),
            Notice::UserErased(user) => (Kind::UserErased, None, Some(user.0), None, None),
            Notice::Session(session) => (Kind::Session, None, None, Some(session.0), None),
            Notice::Tokens(user) => (Kind::Tokens, None, Some(user.0), None, None),
            Notice::Key(digest) => (Kind::Key, None, None, None, Some(digest)),
            Notice::Token(digest) => (Kind::Token, None, None, None, Some(digest)),
        };
        Self { kind, group, user, number, digest }
    }
}

/// Those of a row, from five columns that begin at `first`, each a list: `kind`, `group_id`, `user_id`, `number`,
/// `digest`.
pub(super) fn read(row: &Row, first: usize) -> StoreResult<Vec<Notice>> {
    let kinds: Vec<i16> = column(row, first, "notices", "kind")?;
    let groups: Vec<Option<i64>> = column(row, first + 1, "notices", "group_id")?;
    let users: Vec<Option<i64>> = column(row, first + 2, "notices", "user_id")?;
    let numbers: Vec<Option<i64>> = column(row, first + 3, "notices", "number")?;
    let digests: Vec<Option<&[u8]>> = column(row, first + 4, "notices", "digest")?;
    let rows = kinds.into_iter().zip(groups).zip(users).zip(numbers).zip(digests);
    rows.map(|((((kind, group), user), number), digest)| notice(kind, group, user, number, digest)).collect()
}

fn notice(
    kind: i16,
    group: Option<i64>,
    user: Option<i64>,
    number: Option<i64>,
    digest: Option<&[u8]>,
) -> StoreResult<Notice> {
    let group = || row::group_id(there(group, "group_id")?, "notices", "group_id");
    let user = || row::user_id(there(user, "user_id")?, "notices", "user_id");
    let number = || there(number, "number");
    let digest = || -> StoreResult<Digest> {
        let digest = there(digest, "digest")?;
        digest.try_into().map_err(|_| corrupt("digest", format!("{} bytes are no SHA-256", digest.len())))
    };
    Ok(match kind {
        kind if kind == Kind::Removed as i16 => {
            Notice::Removed { group: group()?, user: user()?, removal: removal(number()?)? }
        }
        kind if kind == Kind::Member as i16 => Notice::Member { group: group()?, user: user()? },
        kind if kind == Kind::Group as i16 => Notice::Group(group()?),
        kind if kind == Kind::GroupDeleted as i16 => Notice::GroupDeleted(group()?),
        kind if kind == Kind::Cut as i16 => Notice::Cut { group: group()?, first: Seq(number()?) },
        kind if kind == Kind::User as i16 => Notice::User(user()?),
        kind if kind == Kind::UserErased as i16 => Notice::UserErased(user()?),
        kind if kind == Kind::Session as i16 => Notice::Session(SessionId(number()?)),
        kind if kind == Kind::Tokens as i16 => Notice::Tokens(user()?),
        kind if kind == Kind::Key as i16 => Notice::Key(digest()?),
        kind if kind == Kind::Token as i16 => Notice::Token(digest()?),
        kind => return Err(unknown(kind.into(), "notices", "kind")),
    })
}

fn removal(number: i64) -> StoreResult<Removal> {
    let removal = Removal::ALL.into_iter().find(|&removal| removal as i64 == number);
    removal.ok_or_else(|| unknown(number, "notices", "number"))
}

fn there<T>(value: Option<T>, column: &'static str) -> StoreResult<T> {
    value.ok_or_else(|| corrupt(column, "is missing".into()))
}

fn corrupt(column: &'static str, reason: String) -> StoreError {
    StoreError::Corrupt { table: "notices", column, reason }
}

/// That a user was taken out of a group, and who owns it from then on.
pub(super) fn removed(group: GroupId, user: UserId, removal: Removal, heir: Option<UserId>) -> Vec<Notice> {
    let heir = heir.map(|user| Notice::Member { group, user });
    [Notice::Removed { group, user, removal }].into_iter().chain(heir).collect()
}
