//! Read marks.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::{SqliteStore, numbers, unread};
use crate::model::{GroupId, ReadMark, Seq, UserId};
use crate::store::row::MARKED_MESSAGES_MAX;
use crate::store::{Asked, Marks, StoreResult, Swept};

/// Marks that a sweep moves in one transaction: batches of messages have their turns in between.
const MOVED_A_TURN: usize = 500;

impl Marks for SqliteStore {
    fn mark(&self, group: GroupId, user: UserId, seq: Seq) -> Asked<'_, Option<ReadMark>> {
        Box::pin(async move {
            let to = match self.read(move |connection| find(connection, group, user, seq)).await? {
                None => return Ok(None),
                Some(Found::There(mark)) => return Ok(Some(mark)),
                Some(Found::Behind(to)) => to,
            };
            self.writer.write(move |connection| advance(connection, &[(group, user, to)])).await?;
            // Counted by a connection that reads: there may be much to count.
            match self.read(move |connection| find(connection, group, user, to)).await? {
                Some(Found::There(mark)) => Ok(Some(ReadMark { has_moved: true, ..mark })),
                // Removed in between, and perhaps let in again.
                None | Some(Found::Behind(_)) => Ok(None),
            }
        })
    }

    fn sweep(&self) -> Asked<'_, Swept> {
        Box::pin(async move {
            let sent = self.read(|connection| sent(connection)).await?;
            let Some(Sent { upto, moves, swept }) = sent else { return Ok(Swept::All) };
            for moves in moves.chunks(MOVED_A_TURN) {
                let moves = moves.to_vec();
                self.writer.write(move |connection| advance(connection, &moves)).await?;
            }
            // Last: until then what they have sent is looked up.
            self.writer
                .write(move |connection| {
                    let mut update =
                        connection.prepare_cached("UPDATE server SET marked_id = ?1 WHERE marked_id < ?1")?;
                    Ok(update.execute([upto]).map(drop)?)
                })
                .await?;
            Ok(swept)
        })
    }
}

/// What comes of a look at a mark that is to be moved.
enum Found {
    /// It is there already, or farther.
    There(ReadMark),
    /// It has to be moved up to here.
    Behind(Seq),
}

fn find(connection: &Connection, group: GroupId, user: UserId, wanted: Seq) -> StoreResult<Option<Found>> {
    // All of it is read as of one moment.
    let _view = connection.unchecked_transaction()?;
    let mut select = connection.prepare_cached(&format!(
        "SELECT max(m.read_seq, coalesce((
                    SELECT max(+seq) FROM messages INDEXED BY ix_messages_user
                    WHERE user_id = ?2 AND id > (SELECT marked_id FROM server) AND +group_id = ?1), 0)),
                {}
         FROM group_memberships m WHERE m.group_id = ?1 AND m.user_id = ?2",
        numbers::head_sql("?1")
    ))?;
    let found =
        select.query_row([group.0, user.0], |row| Ok((Seq(row.get(0)?), Seq(row.get(1)?)))).optional()?;
    let Some((seq, head)) = found else { return Ok(None) };
    if wanted.min(head) > seq {
        return Ok(Some(Found::Behind(wanted.min(head))));
    }
    let unread = unread::after(connection, group, user, seq, head)?;
    Ok(Some(Found::There(ReadMark { seq, has_moved: false, unread })))
}

/// What a user has sent after the last sweep: the newest `seq` in each group.
pub(super) fn sent_since(connection: &Connection, user: UserId) -> StoreResult<HashMap<i64, i64>> {
    let mut select = connection.prepare_cached(
        "SELECT +group_id, max(+seq) FROM messages INDEXED BY ix_messages_user
         WHERE user_id = ?1 AND id > (SELECT marked_id FROM server) GROUP BY 1",
    )?;
    let rows = select.query_map([user.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Moves marks that are behind.
fn advance(connection: &Connection, moves: &[(GroupId, UserId, Seq)]) -> StoreResult<()> {
    let mut update = connection.prepare_cached(
        "UPDATE group_memberships SET read_seq = ?3 WHERE group_id = ?1 AND user_id = ?2 AND read_seq < ?3",
    )?;
    for (group, user, seq) in moves {
        update.execute(params![group.0, user.0, seq.0])?;
    }
    Ok(())
}

/// The messages that are to be swept.
struct Sent {
    /// The last of them.
    upto: i64,
    /// The marks that are behind.
    moves: Vec<(GroupId, UserId, Seq)>,
    swept: Swept,
}

/// Looks for them. This takes the writing connection no time.
fn sent(connection: &Connection) -> StoreResult<Option<Sent>> {
    let _view = connection.unchecked_transaction()?;
    let (after, upto, count): (i64, Option<i64>, i64) = connection
        .prepare_cached(
            "SELECT marked_id, max(id), count(id) FROM server LEFT JOIN (
                 SELECT id FROM messages WHERE id > (SELECT marked_id FROM server) ORDER BY id LIMIT ?1)",
        )?
        .query_row([MARKED_MESSAGES_MAX], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let Some(upto) = upto else { return Ok(None) };
    let mut select = connection.prepare_cached(
        "SELECT s.group_id, s.user_id, s.seq FROM (
             SELECT group_id, user_id, max(seq) AS seq FROM messages WHERE id > ?1 AND id <= ?2
             GROUP BY +group_id, +user_id) s
         JOIN group_memberships m ON m.group_id = s.group_id AND m.user_id = s.user_id AND m.read_seq < s.seq",
    )?;
    let moves = select
        .query_map([after, upto], |row| Ok((GroupId(row.get(0)?), UserId(row.get(1)?), Seq(row.get(2)?))))?
        .collect::<Result<_, _>>()?;
    let swept = if count < MARKED_MESSAGES_MAX { Swept::All } else { Swept::Part };
    Ok(Some(Sent { upto, moves, swept }))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{Sent, advance, sent};
    use crate::store::Swept;
    use crate::store::sqlite::migrations;

    #[test]
    fn a_sweep_finds_the_marks_that_are_behind() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        assert!(sent(&connection).unwrap().is_none());
        connection
            .execute_batch(
                "INSERT INTO users (id, username, email, password) VALUES (1, 'a', 'a', ''), (2, 'b', 'b', '');
                 INSERT INTO groups (id, name, is_private) VALUES (1, 'g', 0), (2, 'h', 0);
                 INSERT INTO group_memberships (group_id, user_id, read_seq) VALUES (1, 1, 0), (1, 2, 9), (2, 1, 1);
                 INSERT INTO messages (id, content, user_id, group_id, created_at, seq)
                 VALUES (1, '', 1, 1, 0, 1), (2, '', 1, 1, 0, 2), (3, '', 2, 1, 0, 3), (4, '', 1, 2, 0, 1),
                        (5, '', 2, 2, 0, 2);",
            )
            .unwrap();
        let Some(Sent { upto, moves, swept }) = sent(&connection).unwrap() else { panic!("there are some") };
        assert_eq!(
            (upto, moves.len(), swept),
            (5, 1, Swept::All),
            "the others have read more, or are no members"
        );
        advance(&connection, &moves).unwrap();
        let marks = "SELECT read_seq FROM group_memberships ORDER BY group_id, user_id";
        let mut marks = connection.prepare(marks).unwrap();
        let marks = marks.query_map([], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(marks.collect::<Result<Vec<_>, _>>().unwrap(), [2, 9, 1]);
    }
}
