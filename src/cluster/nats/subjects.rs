//! The names under which payloads go over NATS.

use async_nats::Subject as Name;
use bytes::Bytes;

use crate::cluster::carrier::Subject;

/// The longest name of a database, in bytes.
const DATABASE_BYTES_MAX: usize = 64;

/// The names of one database: `groupcast.DATABASE.all`, `groupcast.DATABASE.s.SHARD`, and for each node
/// `groupcast.DATABASE.echo.NODE`, on which it hears itself.
#[derive(Debug)]
pub(super) struct Subjects {
    prefix: String,
    all: Name,
}

impl Subjects {
    /// Those of this database; `None` if it cannot be a part of a name.
    pub(super) fn new(database: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let is_token = (1..=DATABASE_BYTES_MAX).contains(&database.len()) && database.bytes().all(is_plain);
        let prefix = format!("groupcast.{database}");
        let all = format!("{prefix}.all").into();
        is_token.then_some(Self { prefix, all })
    }

    /// The name of a subject.
    pub(super) fn name(&self, subject: Subject) -> Name {
        match subject {
            // A copy shares the text.
            Subject::All => self.all.clone(),
            Subject::Shard(shard) => format!("{}.s.{shard}", self.prefix).into(),
        }
    }

    /// A name that no other node has.
    pub(super) fn own_echo(&self) -> Result<Name, getrandom::Error> {
        Ok(format!("{}.echo.{:016x}", self.prefix, getrandom::u64()?).into())
    }
}

/// What a node says to itself: that the server has taken what was said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Echo {
    /// The last of the subscriptions that were asked for before.
    pub(super) ticket: u64,
    /// The connection on which it was said, or an earlier one.
    pub(super) connects: u64,
}

impl Echo {
    pub(super) fn to_bytes(self) -> Bytes {
        Bytes::copy_from_slice(&[self.ticket.to_be_bytes(), self.connects.to_be_bytes()].concat())
    }

    /// `None` if it is none of ours.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (ticket, connects) = bytes.split_first_chunk()?;
        Some(Self {
            ticket: u64::from_be_bytes(*ticket),
            connects: u64::from_be_bytes(connects.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_a_database() {
        let subjects = Subjects::new("a-1_B").unwrap();
        assert_eq!(subjects.name(Subject::All).as_str(), "groupcast.a-1_B.all");
        assert_eq!(subjects.name(Subject::Shard(-7)).as_str(), "groupcast.a-1_B.s.-7");
        assert_ne!(subjects.own_echo().unwrap(), subjects.own_echo().unwrap());
        for database in ["", "a.b", "a b", "*", ">", "ä", &"a".repeat(65)] {
            assert!(Subjects::new(database).is_none(), "{database}");
        }
    }

    #[test]
    fn an_echo_is_what_was_said() {
        let echo = Echo { ticket: 1, connects: u64::MAX };
        assert_eq!(Echo::from_bytes(&echo.to_bytes()), Some(echo));
        assert_eq!(Echo::from_bytes(&[0; 15]), None);
        assert_eq!(Echo::from_bytes(&[0; 17]), None);
    }
}
