//! The messages in SQLite.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use groupcast::model::{Group, GroupId, JoinPolicy, Message, MessageId, Seq, Timestamp, User, UserId};
use rusqlite::types::Null;
use rusqlite::{Connection, OpenFlags, params};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::LIMIT;
use crate::support::Result;

/// Connections and as many permits to take one.
pub(super) struct Pool {
    connections: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
}

/// The page as groupcast asks for it.
const SELECT: &str = "
    SELECT id, seq, group_id, user_id, content, client_id, created_at FROM messages
    WHERE group_id = ?1 AND id > ?5 AND seq < ?4 AND seq > max(?3,
        coalesce((SELECT seq FROM messages WHERE id = ?5 AND group_id = ?1), 0))
    ORDER BY seq LIMIT ?6 OFFSET ?7";

pub(super) fn open(file: &str, connections: usize) -> Result<Pool> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = (0..connections).map(|_| Connection::open_with_flags(file, flags));
    Ok(Pool {
        connections: Arc::new(Mutex::new(open.collect::<rusqlite::Result<_>>()?)),
        free: Arc::new(Semaphore::new(connections)),
    })
}

pub(super) async fn page(pool: &Pool, group: i64) -> Result<Vec<Message>> {
    let permit = Arc::clone(&pool.free).acquire_owned().await?;
    let connections = Arc::clone(&pool.connections);
    let page = spawn_blocking(move || {
        let taken = connections.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let page = taken.as_ref().map(|connection| read(connection, group));
        connections.lock().unwrap_or_else(PoisonError::into_inner).extend(taken);
        drop(permit);
        page
    });
    Ok(page.await?.ok_or("no connection")??)
}

fn read(connection: &Connection, group: i64) -> rusqlite::Result<Vec<Message>> {
    let group = connection
        .prepare_cached("SELECT id, name, is_private, topic, invite_only FROM groups WHERE id = ?1")?
        .query_row([group], |row| {
            Ok(Arc::new(Group {
                id: GroupId(row.get(0)?),
                name: row.get(1)?,
                is_private: row.get(2)?,
                topic: row.get(3)?,
                join: if row.get(4)? { JoinPolicy::Invite } else { JoinPolicy::Open },
            }))
        })?;
    let mut select_user =
        connection.prepare_cached("SELECT id, username, email, is_admin FROM users WHERE id = ?1")?;
    let mut users: HashMap<i64, Arc<User>> = HashMap::new();
    let mut select = connection.prepare_cached(SELECT)?;
    let mut rows = select.query(params![group.id.0, Null, 0, i64::MAX, 0, LIMIT, 0])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(3)?;
        let user = match users.get(&id) {
            Some(user) => Arc::clone(user),
            None => {
                let user = Arc::new(select_user.query_row([id], |row| {
                    Ok(User {
                        id: UserId(row.get(0)?),
                        username: row.get(1)?,
                        email: row.get(2)?,
                        is_admin: row.get(3)?,
                    })
                })?);
                users.insert(id, Arc::clone(&user));
                user
            }
        };
        page.push(Message {
            id: MessageId(row.get(0)?),
            seq: Seq(row.get(1)?),
            group: Arc::clone(&group),
            user,
            content: row.get(4)?,
            client_id: row.get(5)?,
            created_at: Timestamp(row.get(6)?),
            details: None,
        });
    }
    Ok(page)
}
