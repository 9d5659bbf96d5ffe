//! What somebody is in a group.

/// A member's part in a group. What each may do stands in the table of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads and writes.
    #[default]
    Member,
    /// Also governs members.
    Admin,
    /// Also governs admins. A group has at most one.
    Owner,
}

impl Role {
    /// As clients write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role that clients write so.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Member, Self::Admin, Self::Owner].into_iter().find(|role| role.name() == name)
    }
}

/// What somebody is to a group, as the store has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// `None` for who is no member.
    pub role: Option<Role>,
    /// Until when they may not write; [`Timestamp::FOREVER`](super::Timestamp::FOREVER) without an end. May be over.
    pub muted_until: Option<super::Timestamp>,
    /// Until when they may not come in. May be over. A banned user is no member.
    pub banned_until: Option<super::Timestamp>,
}

/// How one becomes a member of a public group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JoinPolicy {
    /// Whoever wants to.
    #[default]
    Open,
    /// Who is added by an admin. Nobody else knows of the group.
    Invite,
}

impl JoinPolicy {
    /// As clients write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invite => "invite",
        }
    }

    /// The policy that clients write so.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Invite].into_iter().find(|policy| policy.name() == name)
    }
}

/// How a member went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// By themself.
    Left,
    /// Taken out.
    Kicked,
    /// Taken out, and kept out.
    Banned,
    /// With the group.
    Deleted,
}

impl Removal {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Left, Self::Kicked, Self::Banned, Self::Deleted];

    /// As clients are told.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Kicked => "kicked",
            Self::Banned => "banned",
            Self::Deleted => "deleted",
        }
    }
}
