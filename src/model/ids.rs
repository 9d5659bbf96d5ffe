//! Identifiers. Each is its own type, so that a user's number cannot be passed for a group's.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A user's number, given by the database; positive.
    UserId
}
id! {
    /// A group's number, given by the database; positive.
    GroupId
}
id! {
    /// A message's number, unique over all groups, ascending in commit order; from 1 and below 2^53, so
    /// that a JavaScript client can hold it exactly.
    MessageId
}
id! {
    /// A message's number in its group: 1, 2, 3, without gaps. 0 stands for "before the first".
    Seq
}

id! {
    /// One process of several on one database, from its start to its end; random and positive.
    NodeId
}

impl Seq {
    /// The number after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl MessageId {
    /// The number after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
