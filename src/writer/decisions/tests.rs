use std::sync::Arc;

use super::{About, Decision, Decisions, Denial};
use crate::model::{
    Group, GroupId, JoinPolicy, MemberState, MessageId, NewEntry, NewEntryKind, Role, Seq, Standing,
    Timestamp, User, UserId,
};
use crate::store::{Sent, Target};

const MESSAGE: MessageId = MessageId(7);

fn entry(user: i64, kind: NewEntryKind) -> NewEntry {
    let group = Group {
        id: GroupId(1),
        name: "g".into(),
        is_private: false,
        topic: "".into(),
        join: JoinPolicy::Open,
    };
    let user = User { id: UserId(user), username: "u".into(), email: "".into(), is_admin: false };
    let standing = Standing { role: Some(Role::Member), ..Standing::default() };
    NewEntry {
        group: Arc::new(group),
        user: Arc::new(user),
        kind,
        client_id: None,
        received_at: Timestamp(0),
        member: Arc::new(MemberState::new(standing)),
        validity: None,
    }
}

fn edit(user: i64, content: &str) -> NewEntry {
    entry(user, NewEntryKind::Edit { message: MESSAGE, content: content.into(), mentions_all: false })
}

fn delete(user: i64, governs: bool) -> NewEntry {
    entry(user, NewEntryKind::Delete { message: MESSAGE, governs, as_admin: false })
}

fn react(user: i64, on: bool) -> NewEntry {
    entry(user, NewEntryKind::React { message: MESSAGE, emoji: "+".into(), on })
}

/// A message of user 1, edited before, on which there are other reactions.
fn target() -> Option<Target> {
    Some(Target {
        seq: Seq(3),
        thread_id: None,
        sent_at: Timestamp(30),
        sender: UserId(1),
        content: "now".into(),
        made_by: (Seq(5), Timestamp(50)),
        is_deleted: false,
        reaction: None,
        emojis: (49, false),
    })
}

fn as_stored(seq: i64, at: i64) -> Sent {
    Sent { id: MESSAGE, seq: Seq(seq), created_at: Timestamp(at) }
}

/// What becomes of these, one after the other, all about the same message.
fn decide(entries: Vec<(NewEntry, Option<Target>)>) -> Vec<String> {
    let mut decisions = Decisions::new(Vec::new(), Vec::new());
    let mut ready = 0;
    let told = entries.into_iter().map(|(entry, target)| {
        let about = About { target, ..About::default() };
        match decisions.decide(entry, about, ready) {
            Decision::Ready(_) => {
                ready += 1;
                "ready".to_owned()
            }
            Decision::As(index) => format!("as {index}"),
            Decision::AsStored(sent) => format!("as seq {} at {}", sent.seq.0, sent.created_at.0),
            Decision::Denied(denial) => format!("{denial:?}"),
        }
    });
    told.collect()
}

#[test]
fn only_the_sender_edits_and_the_same_content_is_no_change() {
    let entries = vec![
        (edit(2, "x"), target()),
        (edit(1, "now"), target()),
        (edit(1, "x"), target()),
        (edit(1, "x"), target()),
        (edit(1, "x"), None),
    ];
    assert_eq!(decide(entries), ["NotYours", "as seq 5 at 50", "ready", "as 0", "NoMessage"]);
    assert_eq!(as_stored(5, 50).id, MESSAGE);
}

#[test]
fn a_deleted_message_is_deleted_once_and_for_all() {
    let entries = vec![
        (delete(2, false), target()),
        (delete(2, true), target()),
        (delete(1, false), target()),
        (edit(1, "x"), target()),
        (react(1, true), target()),
    ];
    assert_eq!(decide(entries), ["NotYours", "ready", "as 0", "NoMessage", "NoMessage"]);
}

#[test]
fn a_reaction_comes_once_and_goes_once() {
    let entries = vec![
        (react(2, false), target()),
        (react(2, true), target()),
        (react(2, true), target()),
        (react(2, false), target()),
        (react(2, false), target()),
    ];
    assert_eq!(decide(entries), ["as seq 3 at 30", "ready", "as 0", "ready", "as 1"]);
    let there = || target().map(|target| Target { reaction: Some((true, Seq(6), Timestamp(60))), ..target });
    assert_eq!(
        decide(vec![(react(2, true), there()), (react(2, false), there())]),
        ["as seq 6 at 60", "ready"]
    );
}

#[test]
fn there_are_fifty_different_reactions_at_most() {
    let full = || target().map(|target| Target { emojis: (50, false), ..target });
    let known = || target().map(|target| Target { emojis: (50, true), ..target });
    assert_eq!(decide(vec![(react(2, true), full())]), [format!("{:?}", Denial::TooManyReactions)]);
    assert_eq!(decide(vec![(react(2, true), known())]), ["ready"]);
}
