use super::*;
use crate::action::Emoji;
use crate::content::content;
use crate::cursor::Step;
use crate::entry::{Change, Deleted, Edited, Entry, Message, Reaction, ReactionCount};
use crate::event::{Ack, Begun};

mod changes;

const SEED: u64 = 42;
const GROUP: GroupId = GroupId(7);
const OTHER_GROUP: GroupId = GroupId(8);

/// What is told of a log of this history and with this head.
fn begun(epoch: &str, head: i64) -> Option<Begun> {
    Some(Begun { epoch: epoch.to_owned(), head: Seq(head) })
}

/// Two senders and two receivers of one group, and a third sender of a group that nobody reads.
struct Scene {
    ledger: Ledger,
    stored: Vec<Entry>,
}

impl Scene {
    fn new() -> Self {
        let author = |user, group| Author { user: UserId(user), username: format!("u{user}"), group };
        let authors = vec![author(1, GROUP), author(2, GROUP), author(3, OTHER_GROUP)];
        let mut ledger = Ledger::new(SEED, authors, &[vec![GROUP], vec![GROUP]]);
        for receiver in 0..2 {
            ledger.goes_on(receiver, GROUP, Seq(0), begun("one", 9), false);
        }
        Self { ledger, stored: Vec::new() }
    }

    /// Sends a message and stores it at the next place.
    fn message(&mut self, sender: usize) -> Message {
        self.reply(sender, None)
    }

    fn reply(&mut self, sender: usize, reply_to: Option<&Message>) -> Message {
        let key = self.ledger.begin(sender, Action::Send { reply_to: reply_to.map(key_of) });
        let message = Message {
            id: MessageId(100 + self.next().0),
            group: GROUP,
            seq: self.next(),
            user: UserId(sender as i64 + 1),
            username: format!("u{}", sender + 1),
            client_id: Some(key.client_id()),
            content: content(SEED, key),
            created_at: self.time(),
            reply_to: reply_to.map(|message| message.id),
            thread_id: reply_to.map(|message| message.thread_id.unwrap_or(message.id)),
            edited_at: None,
            is_deleted: false,
            reactions: Vec::new(),
            replies: 0,
            last_reply_at: None,
        };
        self.stored.push(Entry::Message(message.clone()));
        message
    }

    /// The next place in the log, and a time for it.
    fn next(&self) -> Seq {
        Seq(self.stored.len() as i64 + 1)
    }

    fn time(&self) -> String {
        format!("2024-01-01T00:00:00.{:06}Z", self.next().0)
    }

    fn ack(&mut self, message: &Message) {
        let ack = ack_of(message);
        assert!(self.ledger.ack(message.user.0 as usize - 1, &ack).is_some());
    }

    fn see(&mut self, message: &Message) {
        self.see_entry(&Entry::Message(message.clone()));
    }

    fn see_entry(&mut self, entry: &Entry) {
        for receiver in 0..2 {
            self.ledger.see(receiver, entry);
        }
    }

    fn see_alone(&mut self, receiver: usize, message: &Message) -> Step {
        self.ledger.see(receiver, &Entry::Message(message.clone()))
    }

    /// Sends a message of the first sender that goes all the way.
    fn delivered(&mut self) -> Message {
        let message = self.message(0);
        self.ack(&message);
        self.see(&message);
        message
    }

    /// The faults, once all that is stored is told.
    fn faults(mut self) -> Vec<(Fault, u64)> {
        for entry in &self.stored {
            self.ledger.store(GROUP, entry);
        }
        self.ledger.conclude();
        let faults = self.ledger.faults();
        let counted = Fault::ALL.into_iter().map(|fault| (fault, faults.count(fault)));
        counted.filter(|(_, count)| *count > 0).collect()
    }
}

fn key_of(message: &Message) -> Key {
    let number = message.client_id.as_ref().unwrap().parse().unwrap();
    Key { sender: message.user.0 as usize - 1, number }
}

fn ack_of(message: &Message) -> Ack {
    Ack {
        number: key_of(message).number,
        client_id: message.client_id.clone(),
        message: message.id,
        seq: message.seq,
        is_duplicate: false,
    }
}

#[test]
fn nothing_is_at_fault_when_all_is_well() {
    let mut scene = Scene::new();
    for sender in [0, 1, 0, 0, 1] {
        let message = scene.message(sender);
        scene.ack(&message);
        scene.see(&message);
    }
    let counts = scene.ledger.counts();
    assert_eq!((counts.messages.sent, counts.messages.acked, counts.seen), (5, 5, 10));
    assert_eq!(scene.faults(), []);
}

#[test]
fn a_message_may_be_stored_and_its_ack_never_come() {
    let mut scene = Scene::new();
    let message = scene.message(0);
    scene.see(&message);
    assert_eq!(scene.faults(), []);
}

#[test]
fn an_ack_may_come_twice() {
    let mut scene = Scene::new();
    let message = scene.delivered();
    let ack = Ack { is_duplicate: true, ..ack_of(&message) };
    scene.ledger.send_again(key_of(&message));
    scene.ledger.ack(0, &ack);
    let counts = scene.ledger.counts();
    assert_eq!((counts.messages.acked, counts.known_before), (1, 1));
    assert_eq!(scene.faults(), []);
}

#[test]
fn an_acked_message_that_is_not_stored_is_lost() {
    let mut scene = Scene::new();
    scene.delivered();
    let message = scene.message(0);
    scene.ack(&message);
    scene.stored.pop();
    assert_eq!(scene.faults(), [(Fault::Lost, 1)]);
}

#[test]
fn a_seen_message_that_is_not_stored_is_found() {
    let mut scene = Scene::new();
    scene.delivered();
    let message = scene.message(0);
    scene.see(&message);
    scene.stored.pop();
    assert_eq!(scene.faults(), [(Fault::NotStored, 1)]);
}

#[test]
fn a_message_stored_twice_is_found() {
    let mut scene = Scene::new();
    let message = scene.delivered();
    let twin = Message { id: MessageId(200), seq: Seq(2), ..message };
    scene.stored.push(Entry::Message(twin.clone()));
    scene.see_alone(0, &twin);
    scene.see_alone(1, &twin);
    assert_eq!(scene.faults(), [(Fault::Duplicated, 3)]);
}

#[test]
fn a_message_acked_under_two_places_is_found() {
    let mut scene = Scene::new();
    let message = scene.delivered();
    scene.ledger.ack(0, &Ack { seq: Seq(2), ..ack_of(&message) });
    assert_eq!(scene.faults(), [(Fault::Duplicated, 1)]);
}

#[test]
fn a_message_shown_again_is_found() {
    let mut scene = Scene::new();
    let first = scene.delivered();
    scene.delivered();
    assert_eq!(scene.see_alone(0, &first), Step::Drop);
    assert_eq!(scene.faults(), [(Fault::Reordered, 1)]);
}

#[test]
fn a_message_shown_too_late_is_found() {
    let mut scene = Scene::new();
    scene.delivered();
    let (first, second) = (scene.message(0), scene.message(0));
    assert_eq!(scene.see_alone(0, &second), Step::Ask);
    assert_eq!(scene.see_alone(0, &first), Step::Accept);
    scene.see(&second);
    scene.see_alone(1, &first);
    let faults = scene.faults();
    assert!(faults.contains(&(Fault::Hole, 2)), "{faults:?}");
    assert!(faults.contains(&(Fault::Reordered, 3)), "{faults:?}");
}

#[test]
fn a_message_sent_earlier_and_stored_later_is_found() {
    let mut scene = Scene::new();
    let (first, second) = (scene.message(0), scene.message(0));
    let swap =
        |content: &Message, place: &Message| Message { id: place.id, seq: place.seq, ..content.clone() };
    scene.stored =
        vec![swap(&second, &first), swap(&first, &second)].into_iter().map(Entry::Message).collect();
    for entry in scene.stored.clone() {
        scene.see_entry(&entry);
    }
    assert_eq!(scene.faults(), [(Fault::Reordered, 1)]);
}

#[test]
fn a_message_that_was_put_off_may_be_stored_later() {
    let mut scene = Scene::new();
    let (first, second) = (scene.message(0), scene.message(0));
    scene.ledger.put_off(0);
    scene.stored = vec![
        Entry::Message(Message { id: first.id, seq: first.seq, ..second.clone() }),
        Entry::Message(Message { id: second.id, seq: second.seq, ..first.clone() }),
    ];
    for entry in scene.stored.clone() {
        scene.see_entry(&entry);
    }
    assert_eq!(scene.faults(), []);
}

#[test]
fn numbers_that_do_not_ascend_are_found() {
    let mut scene = Scene::new();
    let mut message = scene.message(0);
    scene.see(&message);
    message = scene.message(1);
    message.id = MessageId(50);
    scene.stored[1] = Entry::Message(message.clone());
    scene.see(&message);
    assert_eq!(scene.faults(), [(Fault::Reordered, 1)]);
}

#[test]
fn a_hole_in_what_is_stored_is_found() {
    let mut scene = Scene::new();
    for _ in 0..4 {
        scene.delivered();
    }
    scene.stored.drain(1..3);
    assert_eq!(scene.faults(), [(Fault::Lost, 2), (Fault::NotStored, 2), (Fault::Hole, 2)]);
}

#[test]
fn a_hole_in_what_is_shown_is_found() {
    let mut scene = Scene::new();
    let messages = [scene.message(0), scene.message(0), scene.message(0)];
    for receiver in 0..2 {
        scene.see_alone(receiver, &messages[0]);
        assert_eq!(scene.see_alone(receiver, &messages[2]), Step::Ask);
        scene.ledger.goes_on(receiver, GROUP, Seq(1), begun("one", 9), true);
        assert_eq!(scene.see_alone(receiver, &messages[1]), Step::Accept);
        assert_eq!(scene.see_alone(receiver, &messages[2]), Step::Accept);
    }
    assert_eq!(scene.faults(), [(Fault::Hole, 2)]);
}

#[test]
fn a_resumed_subscription_may_begin_anywhere() {
    let mut scene = Scene::new();
    let messages = [scene.message(0), scene.message(0), scene.message(0)];
    scene.see(&messages[0]);
    for receiver in 0..2 {
        scene.ledger.disconnect(receiver);
        // The path's own subscription begins at the head.
        scene.ledger.goes_on(receiver, GROUP, Seq(2), begun("one", 9), false);
        assert_eq!(scene.see_alone(receiver, &messages[2]), Step::Ask);
        scene.ledger.goes_on(receiver, GROUP, Seq(1), begun("one", 9), true);
        assert_eq!(scene.see_alone(receiver, &messages[1]), Step::Accept);
        assert_eq!(scene.see_alone(receiver, &messages[2]), Step::Accept);
    }
    assert_eq!(scene.faults(), []);
}

#[test]
fn a_changed_message_is_found() {
    for change in [
        |message: &mut Message| message.content.push('x'),
        |message: &mut Message| message.username.push('x'),
        |message: &mut Message| message.user = UserId(2),
        |message: &mut Message| message.user = UserId(99),
        |message: &mut Message| message.client_id = None,
        |message: &mut Message| message.client_id = Some("00".to_owned()),
        |message: &mut Message| message.client_id = Some("1".to_owned()),
        |message: &mut Message| message.created_at.push('x'),
    ] {
        let shown = |scene: &mut Scene, message: &Message| {
            for receiver in 0..2 {
                scene.see_alone(receiver, message);
            }
        };
        let mut scene = Scene::new();
        let mut message = scene.message(0);
        change(&mut message);
        shown(&mut scene, &message);
        let faults = scene.faults();
        assert!(matches!(faults[..], [(Fault::Altered, _), ..]), "shown: {message:?} {faults:?}");

        let mut scene = Scene::new();
        let mut message = scene.delivered();
        change(&mut message);
        scene.stored[0] = Entry::Message(message);
        let faults = scene.faults();
        assert!(faults.iter().any(|(fault, _)| *fault == Fault::Altered), "stored: {faults:?}");
    }
}

#[test]
fn a_message_in_a_wrong_group_is_found() {
    let mut scene = Scene::new();
    let message = scene.message(2);
    scene.see(&message);
    assert!(matches!(scene.faults()[..], [(Fault::Altered, _)]));
}

#[test]
fn two_receivers_that_are_shown_different_messages_are_found() {
    let mut scene = Scene::new();
    let (first, second) = (scene.message(0), scene.message(1));
    scene.see_alone(0, &first);
    scene.see_alone(0, &second);
    let place = |message: &Message, at: &Message| Message { id: at.id, seq: at.seq, ..message.clone() };
    scene.see_alone(1, &place(&second, &first));
    scene.see_alone(1, &place(&first, &second));
    let faults = scene.faults();
    assert!(faults.contains(&(Fault::Altered, 2)), "{faults:?}");
}

#[test]
fn an_ack_with_other_numbers_than_are_stored_is_found() {
    let mut scene = Scene::new();
    let message = scene.message(0);
    scene.see(&message);
    scene.ledger.ack(0, &Ack { message: MessageId(1), ..ack_of(&message) });
    assert_eq!(scene.faults(), [(Fault::Altered, 1)]);
}

#[test]
fn a_receiver_that_was_not_shown_all_is_found() {
    let mut scene = Scene::new();
    scene.delivered();
    for _ in 0..3 {
        let message = scene.message(1);
        scene.ack(&message);
        scene.see_alone(0, &message);
    }
    assert!(scene.ledger.has_seen_all(1));
    assert_eq!(scene.faults(), [(Fault::Unseen, 3)]);
}

#[test]
fn what_nobody_asked_for_is_found() {
    let mut scene = Scene::new();
    let message = scene.delivered();
    scene.ledger.goes_on(0, OTHER_GROUP, Seq(0), None, false);
    scene.ledger.goes_on(0, GROUP, Seq(1), begun("another", 9), true);
    scene.see_alone(0, &Message { group: OTHER_GROUP, ..message.clone() });
    assert!(scene.ledger.ack(0, &Ack { number: 17, ..ack_of(&message) }).is_none());
    scene.ledger.unexpected("a close");
    assert_eq!(scene.faults(), [(Fault::Unexpected, 5)]);
}
