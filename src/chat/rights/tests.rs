use super::{Action, Place, Power, TABLE, Verdict, decide, outranks};
use crate::model::{Role, Scope};

const EVERY_ACTION: [Action; 19] = [
    Action::Look,
    Action::Read,
    Action::Join,
    Action::Send,
    Action::Type,
    Action::MarkRead,
    Action::Leave,
    Action::Review,
    Action::Add,
    Action::Kick,
    Action::Ban,
    Action::Mute,
    Action::Redact,
    Action::Change,
    Action::SetRole,
    Action::Retain,
    Action::Delete,
    Action::Oversee,
    Action::Govern,
];

fn stranger() -> Place {
    Place {
        role: None,
        is_banned: false,
        is_muted: false,
        is_hidden: false,
        power: Power::None,
        scope: Scope::Admin,
    }
}

fn of_role(role: Role) -> Place {
    Place { role: Some(role), ..stranger() }
}

/// The actions that get this verdict.
fn with(place: Place, verdict: Verdict) -> Vec<Action> {
    EVERY_ACTION.into_iter().filter(|&action| decide(place, action) == verdict).collect()
}

#[test]
fn every_action_has_one_rule() {
    for action in EVERY_ACTION {
        assert_eq!(TABLE.iter().filter(|rule| rule.action == action).count(), 1, "{action:?}");
    }
    assert_eq!(TABLE.len(), EVERY_ACTION.len());
}

#[test]
fn whoever_may_not_know_of_a_group_finds_nothing() {
    let outsider = Place { is_hidden: true, ..stranger() };
    assert_eq!(with(outsider, Verdict::Absent), EVERY_ACTION);
    assert_eq!(with(Place { is_banned: true, ..outsider }, Verdict::Absent), EVERY_ACTION);
    assert_eq!(with(Place { scope: Scope::Read, ..outsider }, Verdict::Absent), EVERY_ACTION);
}

#[test]
fn strangers_look_and_join() {
    assert_eq!(with(stranger(), Verdict::Yes), [Action::Look, Action::Join]);
    assert_eq!(with(Place { is_banned: true, ..stranger() }, Verdict::Yes), [Action::Look]);
    let banned = with(Place { is_banned: true, ..stranger() }, Verdict::Banned);
    assert_eq!(banned, EVERY_ACTION[1..]);
}

#[test]
fn each_role_adds_to_the_one_below() {
    let of_member = [
        Action::Look,
        Action::Read,
        Action::Join,
        Action::Send,
        Action::Type,
        Action::MarkRead,
        Action::Leave,
    ];
    assert_eq!(with(of_role(Role::Member), Verdict::Yes), of_member);
    assert_eq!(with(of_role(Role::Admin), Verdict::Yes), EVERY_ACTION[..14]);
    assert_eq!(with(of_role(Role::Owner), Verdict::Yes), EVERY_ACTION[..17]);
    // Members know of their group, hidden or not.
    assert_eq!(with(Place { is_hidden: true, ..of_role(Role::Member) }, Verdict::Yes), of_member);
}

#[test]
fn the_muted_do_not_write_but_govern_if_they_may() {
    let muted = Place { is_muted: true, ..of_role(Role::Admin) };
    assert_eq!(with(muted, Verdict::Muted), [Action::Send, Action::Type]);
    assert_eq!(decide(muted, Action::Kick), Verdict::Yes);
}

#[test]
fn admins_of_the_server_govern_and_read_but_do_not_write_where_they_are_no_members() {
    let governor = Place { power: Power::Governor, is_hidden: true, ..stranger() };
    assert_eq!(
        with(governor, Verdict::Forbidden),
        [Action::Send, Action::Type, Action::MarkRead, Action::Leave]
    );
    let reader = Place { power: Power::Reader, is_hidden: true, ..stranger() };
    assert_eq!(with(reader, Verdict::Yes), [Action::Look, Action::Read, Action::Review]);
    let member = Place { role: Some(Role::Member), ..governor };
    assert_eq!(with(member, Verdict::Yes), EVERY_ACTION);
    let banned = Place { is_banned: true, ..governor };
    assert_eq!(decide(banned, Action::Join), Verdict::Banned);
}

#[test]
fn a_key_does_what_its_scope_allows() {
    let read = Place { scope: Scope::Read, ..of_role(Role::Owner) };
    assert_eq!(with(read, Verdict::Yes), [Action::Look, Action::Read, Action::Review]);
    let write = Place { scope: Scope::Write, ..of_role(Role::Owner) };
    assert_eq!(with(write, Verdict::OutOfScope), EVERY_ACTION[8..17]);
}

#[test]
fn one_acts_on_those_below() {
    for (actor, target, may) in [
        (Role::Admin, None, true),
        (Role::Admin, Some(Role::Member), true),
        (Role::Admin, Some(Role::Admin), false),
        (Role::Admin, Some(Role::Owner), false),
        (Role::Owner, Some(Role::Admin), true),
        (Role::Owner, Some(Role::Owner), false),
    ] {
        assert_eq!(outranks(of_role(actor), target), may, "{actor:?} {target:?}");
    }
    assert!(outranks(Place { power: Power::Governor, ..stranger() }, Some(Role::Owner)));
}
