//! The limit of a server that stores what it sends: coalescing and a bare database.

use std::collections::HashMap;
use std::env;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, params};

use super::coalescing::Coalescing;
use super::{FanOut, Member, Members};

/// Stores all that is pending in one transaction of prepared inserts, then does what [`Coalescing`] does. Nothing is
/// looked up, checked or kept beside that: the tables are the server's, and whose row it is stands in the names.
pub(super) struct Storing {
    coalescing: Coalescing,
    connection: Connection,
    rows: Vec<Row>,
    heads: HashMap<i64, i64>,
    last_id: i64,
}

struct Row {
    group: i64,
    user: i64,
    content: String,
}

impl Storing {
    /// On the SQLite file that `DATABASE_URL` names, whose users and groups were seeded.
    pub(super) fn open() -> io::Result<Self> {
        let file = env::var("DATABASE_URL").map_err(io::Error::other)?;
        let connection = Connection::open(file.trim_start_matches("sqlite:")).map_err(io::Error::other)?;
        connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384;")
            .map_err(io::Error::other)?;
        let (coalescing, rows) = (Coalescing::default(), Vec::new());
        Ok(Self { coalescing, connection, rows, heads: HashMap::new(), last_id: 0 })
    }

    fn store(&mut self) -> rusqlite::Result<()> {
        let execute = |sql| self.connection.prepare_cached(sql)?.execute([]);
        execute("BEGIN IMMEDIATE")?;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO messages (id, seq, group_id, user_id, content, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as i64;
        for Row { group, user, content } in self.rows.drain(..) {
            self.last_id += 1;
            let head = self.heads.entry(group).or_default();
            *head += 1;
            insert.execute(params![self.last_id, *head, group, user, content, now])?;
        }
        execute("COMMIT")?;
        Ok(())
    }
}

impl FanOut for Storing {
    fn publish(&mut self, from: &Member, content: &[u8], frame: &[u8], members: &Members) -> io::Result<()> {
        let content = String::from_utf8_lossy(content).into_owned();
        self.rows.push(Row { group: from.group_id, user: from.user_id, content });
        self.coalescing.publish(from, b"", frame, members)
    }

    fn flush(&mut self, members: &Members) -> io::Result<()> {
        if !self.rows.is_empty() {
            self.store().map_err(io::Error::other)?;
        }
        self.coalescing.flush(members)
    }
}
