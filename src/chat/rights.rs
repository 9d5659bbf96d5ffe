//! The table of rights: who may do what in a group, or with the server as a whole.
//!
//! Every use case that is about a group or the server asks [`decide`]; nothing about rights is decided elsewhere. Whom one may act on
//! is the second question, [`outranks`].

use crate::model::{Role, Scope};

/// What somebody wants to do in a group, or with the server as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// See that the group is there: its name, topic and how one joins.
    Look,
    /// Read messages, members and presence, and be told of new ones.
    Read,
    /// Become a member.
    Join,
    /// Send messages, stored or not.
    Send,
    /// Let the others know that one types.
    Type,
    /// Note how far one has read.
    MarkRead,
    /// Be a member no longer.
    Leave,
    /// Make others members.
    Add,
    /// Take members out.
    Kick,
    /// See who is kept out, and who may not write.
    Review,
    /// Keep others out, and let them in again.
    Ban,
    /// Let members not write, or again.
    Mute,
    /// Take the content of others' messages away.
    Redact,
    /// Change name, topic and how one joins.
    Change,
    /// Make members admins, or owner.
    SetRole,
    /// Say how much of the log is kept.
    Retain,
    /// Delete the group.
    Delete,
    /// Look at the server as a whole: how it is, and all users, groups, sessions, keys and settings.
    Oversee,
    /// Make admins of the server, end sessions of others, make and revoke keys.
    Govern,
}

/// What somebody may do in groups whatever they are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Power {
    /// Nothing.
    #[default]
    None,
    /// Read all: a key that acts as nobody, an admin's key that may not govern, or who reads without a name where names
    /// are believed.
    Reader,
    /// Govern all: an admin of the server.
    Governor,
}

/// What somebody is to a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// What they are there.
    pub(super) role: Option<Role>,
    pub(super) is_banned: bool,
    pub(super) is_muted: bool,
    /// Whether only those know of the group who belong to it.
    pub(super) is_hidden: bool,
    pub(super) power: Power,
    /// What their proof may be used for.
    pub(super) scope: Scope,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            role: None,
            is_banned: false,
            is_muted: false,
            is_hidden: false,
            power: Power::None,
            scope: Scope::Read,
        }
    }
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Yes,
    /// They may not.
    Forbidden,
    /// For them there is no such group.
    Absent,
    /// They may not, being banned.
    Banned,
    /// They may not, being muted.
    Muted,
    /// They may, but not by this key.
    OutOfScope,
}

/// Who may: a row of the table.
struct Rule {
    action: Action,
    /// The least scope of a key for it.
    scope: Scope,
    /// Whether those who are muted may not.
    is_for_the_unmuted: bool,
    who: Who,
}

/// Each who is named may.
struct Who {
    banned: bool,
    stranger: bool,
    member: bool,
    admin: bool,
    owner: bool,
    reader: bool,
    governor: bool,
}

/// A row: its marks are in the order of the heading, `x` for who may.
const fn rule(action: Action, scope: Scope, is_for_the_unmuted: bool, marks: &[u8; 13]) -> Rule {
    let [banned, _, stranger, _, member, _, admin, _, owner, _, reader, _, governor] = *marks;
    let who = Who {
        banned: banned == b'x',
        stranger: stranger == b'x',
        member: member == b'x',
        admin: admin == b'x',
        owner: owner == b'x',
        reader: reader == b'x',
        governor: governor == b'x',
    };
    Rule { action, scope, is_for_the_unmuted, who }
}

/// Strangers and banned users stand here for groups that they may know of; of hidden ones they may nothing.
#[rustfmt::skip]
const TABLE: &[Rule] = &[
    //                                             banned
    //                                             | stranger
    //                                             | | member
    //                                             | | | admin
    //                                             | | | | owner
    //                                             | | | | | reader
    //                     scope         unmuted   | | | | | | governor
    rule(Action::Look,      Scope::Read,  false,  b"x x x x x x x"),
    rule(Action::Read,      Scope::Read,  false,  b". . x x x x x"),
    rule(Action::Join,      Scope::Write, false,  b". x x x x . x"),
    rule(Action::Send,      Scope::Write, true,   b". . x x x . ."),
    rule(Action::Type,      Scope::Write, true,   b". . x x x . ."),
    rule(Action::MarkRead,  Scope::Write, false,  b". . x x x . ."),
    rule(Action::Leave,     Scope::Write, false,  b". . x x x . ."),
    rule(Action::Add,       Scope::Admin, false,  b". . . x x . x"),
    rule(Action::Kick,      Scope::Admin, false,  b". . . x x . x"),
    rule(Action::Review,    Scope::Read,  false,  b". . . x x x x"),
    rule(Action::Ban,       Scope::Admin, false,  b". . . x x . x"),
    rule(Action::Mute,      Scope::Admin, false,  b". . . x x . x"),
    rule(Action::Redact,    Scope::Admin, false,  b". . . x x . x"),
    rule(Action::Change,    Scope::Admin, false,  b". . . x x . x"),
    rule(Action::SetRole,   Scope::Admin, false,  b". . . . x . x"),
    rule(Action::Retain,    Scope::Admin, false,  b". . . . x . x"),
    rule(Action::Delete,    Scope::Admin, false,  b". . . . x . x"),
    rule(Action::Oversee,   Scope::Admin, false,  b". . . . . . x"),
    rule(Action::Govern,    Scope::Admin, false,  b". . . . . . x"),
];

/// Whether somebody may do this.
pub(super) fn decide(place: Place, action: Action) -> Verdict {
    let Some(Rule { scope, is_for_the_unmuted, who, .. }) = TABLE.iter().find(|rule| rule.action == action)
    else {
        return Verdict::Forbidden;
    };
    let by_role = match place.role {
        Some(Role::Member) => who.member,
        Some(Role::Admin) => who.admin,
        Some(Role::Owner) => who.owner,
        None if place.is_hidden => false,
        None if place.is_banned => who.banned,
        None => who.stranger,
    };
    let by_power = match place.power {
        Power::None => false,
        Power::Reader => who.reader,
        Power::Governor => who.governor && !(place.is_banned && action == Action::Join),
    };
    if by_role || by_power {
        return match () {
            () if place.scope < *scope => Verdict::OutOfScope,
            () if *is_for_the_unmuted && place.is_muted => Verdict::Muted,
            () => Verdict::Yes,
        };
    }
    match place {
        Place { role: None, is_hidden: true, power: Power::None, .. } => Verdict::Absent,
        Place { role: None, is_banned: true, .. } => Verdict::Banned,
        _ => Verdict::Forbidden,
    }
}

/// Whether somebody may act on another, who has this role or is no member.
pub(super) fn outranks(place: Place, target: Option<Role>) -> bool {
    place.power == Power::Governor || place.role > target
}

#[cfg(test)]
mod tests;
