//! The numbers by which the protocol names things. Each is its own type, so that none passes for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
        #[serde(transparent)]
        pub(crate) struct $name(pub(crate) i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A user's number.
    UserId
}
id! {
    /// A group's number.
    GroupId
}
id! {
    /// A message's number, unique over all groups.
    MessageId
}
id! {
    /// A message's place in its group: 1, 2, 3, without gaps. 0 stands for "before the first".
    Seq
}

impl Seq {
    /// The place after this one.
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
