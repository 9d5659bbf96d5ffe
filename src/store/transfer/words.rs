//! What a database has as a number and an export as a word.

use serde::{Deserialize, Serialize};

use super::field::{Field, Kind, Value};

macro_rules! words {
    ($($(#[$doc:meta])* $Name:ident { $($Word:ident = $number:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(in crate::store) enum $Name {
            $($Word = $number,)+
        }

        impl Field for $Name {
            const KIND: Kind = Kind::Small;

            fn value(&self) -> Value<'_> {
                Value::Small(*self as i16)
            }

            fn of(value: Value<'_>) -> Option<Self> {
                match value {
                    $(Value::Small($number) => Some(Self::$Word),)+
                    _ => None,
                }
            }
        }
    )+};
}

words! {
    /// `group_memberships.role` and `log_entries.role`.
    RoleWord { Member = 0, Admin = 1, Owner = 2 }

    /// `api_keys.scope`.
    ScopeWord { Read = 0, Write = 1, Admin = 2 }

    /// `api_keys.actor`.
    ActorWord { User = 0, Any = 1, Server = 2 }

    /// `log_entries.kind`.
    EntryKind { Edited = 0, Deleted = 1, Reaction = 2, Member = 3, Group = 4 }

    /// `log_entries.member_change`.
    MemberChangeWord {
        Joined = 0,
        Left = 1,
        Kicked = 2,
        Banned = 3,
        Unbanned = 4,
        Muted = 5,
        Unmuted = 6,
        Erased = 7,
        Role = 8,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::to_value;

    use super::{Field, MemberChangeWord, RoleWord, ScopeWord, Value};
    use crate::model::{MemberChange, Role, Scope};
    use crate::store::row;

    #[test]
    fn words_and_numbers_are_those_of_the_model() {
        for role in [Role::Member, Role::Admin, Role::Owner] {
            let word = RoleWord::of(Value::Small(row::role_number(role))).unwrap();
            assert_eq!(to_value(word).unwrap(), role.name());
        }
        for scope in [Scope::Read, Scope::Write, Scope::Admin] {
            let word = ScopeWord::of(Value::Small(row::scope_number(scope))).unwrap();
            assert_eq!(to_value(word).unwrap(), scope.name());
        }
        for change in MemberChange::ALL {
            let word = MemberChangeWord::of(Value::Small(change as i16)).unwrap();
            assert_eq!(to_value(word).unwrap(), change.name());
        }
        assert_eq!(MemberChangeWord::of(Value::Small(MemberChange::ALL.len() as i16)), None);
    }
}
