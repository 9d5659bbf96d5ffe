//! Changes of messages.

use super::*;

/// What is done to a message.
#[derive(Clone, Copy)]
enum Doing {
    Edit,
    Delete,
    React(bool),
}
use Doing::{Delete, Edit, React};

fn emoji() -> Emoji {
    Emoji::new(0)
}

impl Scene {
    /// Asks for a change of a message.
    fn begin(&mut self, sender: usize, message: &Message, doing: Doing) -> Key {
        let of = key_of(message);
        let action = match doing {
            Edit => Action::Edit { of },
            Delete => Action::Delete { of },
            React(on) => Action::React { of, emoji: emoji(), on },
        };
        self.ledger.begin(sender, action)
    }

    /// Its entry at the next place.
    fn entry(&self, key: Key, message: &Message, doing: Doing) -> Entry {
        let user = UserId(key.sender as i64 + 1);
        fn change<T>(scene: &Scene, user: UserId, message: &Message, kind: T) -> Change<T> {
            Change {
                group: GROUP,
                seq: scene.next(),
                user,
                username: format!("u{user}"),
                created_at: scene.time(),
                message: message.id,
                message_seq: message.seq,
                kind,
            }
        }
        match doing {
            Edit => Entry::Edited(change(self, user, message, Edited { content: content(SEED, key) })),
            Delete => Entry::Deleted(change(self, user, message, Deleted {})),
            React(on) => {
                let kind = Reaction { emoji: emoji().text().to_owned(), on };
                Entry::Reaction(change(self, user, message, kind))
            }
        }
    }

    /// Stores it, as the log has it from then on: what comes earlier says what is so today.
    fn store(&mut self, entry: &Entry) {
        let content = match entry {
            Entry::Edited(edited) => Some(edited.kind.content.clone()),
            Entry::Deleted(_) => Some(String::new()),
            Entry::Message(_) | Entry::Reaction(_) => None,
        };
        let head = entry.head();
        for before in self.stored.iter_mut().filter(|before| before.head().message == head.message) {
            match (before, &content) {
                (Entry::Message(message), Some(content)) => {
                    message.content.clone_from(content);
                    message.is_deleted = content.is_empty();
                    message.edited_at = (!content.is_empty()).then(|| head.created_at.to_owned());
                }
                (Entry::Edited(edited), Some(content)) => edited.kind.content.clone_from(content),
                _ => {}
            }
        }
        self.stored.push(entry.clone());
    }

    fn ack_change(&mut self, key: Key, entry: &Entry) {
        let client_id = matches!(entry, Entry::Edited(_)).then(|| key.client_id());
        let head = entry.head();
        let ack =
            Ack { number: key.number, client_id, message: head.message, seq: head.seq, is_duplicate: false };
        assert!(self.ledger.ack(key.sender, &ack).is_some());
    }

    /// A change that goes all the way.
    fn change(&mut self, sender: usize, message: &Message, doing: Doing) -> (Key, Entry) {
        let key = self.begin(sender, message, doing);
        let entry = self.entry(key, message, doing);
        self.store(&entry);
        self.ack_change(key, &entry);
        self.see_entry(&entry);
        (key, entry)
    }

    /// A list of the messages as it should be.
    fn list(&mut self, change: impl FnOnce(&mut Vec<Message>)) -> Vec<(Fault, u64)> {
        for entry in self.stored.clone() {
            self.ledger.store(GROUP, &entry);
        }
        let messages = self.stored.iter().filter_map(|entry| match entry {
            Entry::Message(message) => Some(message.clone()),
            _ => None,
        });
        let mut messages: Vec<_> = messages.collect();
        change(&mut messages);
        self.ledger.list("the list", GROUP, &messages);
        let faults = self.ledger.faults();
        Fault::ALL
            .into_iter()
            .map(|fault| (fault, faults.count(fault)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

/// Two messages, one of them edited and reacted to, the other one deleted.
fn changed() -> (Scene, Message, Message) {
    let mut scene = Scene::new();
    let (first, second) = (scene.delivered(), scene.delivered());
    for (sender, message, doing) in [
        (0, &first, Edit),
        (1, &first, React(true)),
        (0, &second, React(true)),
        (0, &first, Edit),
        (0, &second, Delete),
        (0, &first, React(true)),
        (0, &first, React(false)),
    ] {
        scene.change(sender, message, doing);
    }
    (scene, first, second)
}

#[test]
fn nothing_is_at_fault_when_changes_are_seen_live_and_replayed() {
    let (mut scene, ..) = changed();
    let counts = scene.ledger.counts();
    assert_eq!((counts.changes.sent, counts.changes.acked, counts.seen), (7, 7, 18));
    // Comes again, with nothing but what is stored.
    let mut late = Scene::new().ledger.receivers.remove(0);
    late.groups.values_mut().for_each(|reading| reading.cursor.goes_on_after(Seq(0)));
    scene.ledger.receivers[1] = late;
    for entry in scene.stored.clone() {
        scene.ledger.see(1, &entry);
    }
    assert_eq!(scene.faults(), []);
}

#[test]
fn a_lost_edit_is_found() {
    let mut scene = Scene::new();
    let message = scene.delivered();
    let key = scene.begin(0, &message, Edit);
    let entry = scene.entry(key, &message, Edit);
    scene.ack_change(key, &entry);
    // The log lacks it.
    let faults = scene.faults();
    assert!(faults.contains(&(Fault::Lost, 1)), "{faults:?}");

    // The log has it, and the message does not.
    let mut scene = Scene::new();
    let message = scene.delivered();
    let (_, entry) = scene.change(0, &message, Edit);
    scene.stored[0] = Entry::Message(message.clone());
    let Entry::Edited(mut edited) = entry else { panic!("an edit") };
    edited.kind.content = message.content;
    scene.stored[1] = Entry::Edited(edited);
    let faults = scene.faults();
    assert!(faults.contains(&(Fault::Outdated, 2)) && faults.contains(&(Fault::Apart, 3)), "{faults:?}");
}

#[test]
fn a_change_that_is_stored_twice_is_found() {
    for doing in [Edit, Delete, React(true)] {
        let mut scene = Scene::new();
        let message = scene.delivered();
        let (key, _) = scene.change(1 - usize::from(!matches!(doing, React(_))), &message, doing);
        let twin = scene.entry(key, &message, doing);
        scene.store(&twin);
        scene.see_entry(&twin);
        assert_eq!(scene.faults(), [(Fault::Duplicated, 1)]);
    }
}

#[test]
fn what_nobody_changed_is_found() {
    for doing in [Edit, Delete, React(true)] {
        let mut scene = Scene::new();
        let (message, other) = (scene.delivered(), scene.message(1));
        scene.ack(&other);
        scene.see(&other);
        let key = Key { sender: if matches!(doing, React(_)) { 1 } else { 0 }, number: 0 };
        let entry = scene.entry(key, &message, doing);
        scene.store(&entry);
        let faults = scene.faults();
        assert!(!faults.is_empty(), "{:?}", entry);
    }
}

#[test]
fn a_change_acked_twice_or_as_one_that_was_there_is_found() {
    let mut scene = Scene::new();
    let message = scene.delivered();
    let key = scene.begin(1, &message, React(true));
    let entry = scene.entry(key, &message, React(true));
    scene.store(&entry);
    scene.see_entry(&entry);
    let ack = Ack { number: 0, client_id: None, message: message.id, seq: Seq(2), is_duplicate: true };
    scene.ledger.ack(1, &ack);
    scene.ledger.ack(1, &Ack { seq: Seq(3), is_duplicate: false, ..ack });
    assert_eq!(scene.faults(), [(Fault::Duplicated, 2)]);
}

#[test]
fn what_changes_nothing_has_the_place_of_what_made_it_so() {
    for (seq, faults) in [(2, &[][..]), (1, &[(Fault::Altered, 1)])] {
        let mut scene = Scene::new();
        let message = scene.delivered();
        scene.change(1, &message, React(true));
        let again = scene.begin(1, &message, React(true));
        let ack = Ack {
            number: again.number,
            client_id: None,
            message: message.id,
            seq: Seq(seq),
            is_duplicate: true,
        };
        scene.ledger.ack(1, &ack);
        assert_eq!(scene.ledger.counts().idle, 1);
        assert_eq!(scene.faults(), faults);
    }
}

#[test]
fn content_that_is_back_is_found() {
    for doing in [Edit, Delete] {
        let mut scene = Scene::new();
        let message = scene.delivered();
        scene.change(0, &message, doing);
        // Both come again; to one of them the message is what it was.
        for receiver in 0..2 {
            scene.ledger.connect(receiver);
            scene.ledger.goes_on(receiver, GROUP, Seq(0), begun("one", 9), false);
        }
        let now = scene.stored[0].clone();
        scene.ledger.see(0, &now);
        scene.see_alone(1, &message);
        assert_eq!(scene.faults(), [(Fault::Outdated, 1)]);
    }
}

/// One that has not heard of the change says so by the head that it tells.
#[test]
fn content_from_before_the_head_of_one_of_several_servers_is_found() {
    for (head, faults) in [(1, &[][..]), (2, &[(Fault::Outdated, 1)])] {
        let mut scene = Scene::new();
        scene.ledger = scene.ledger.of_several_servers();
        let message = scene.delivered();
        scene.change(0, &message, Edit);
        scene.ledger.connect(1);
        scene.ledger.goes_on(1, GROUP, Seq(0), begun("one", head), false);
        scene.see_alone(1, &message);
        assert_eq!(scene.faults(), faults);
    }
}

#[test]
fn content_that_was_so_when_it_was_asked_for_is_no_fault() {
    let mut scene = Scene::new();
    let message = scene.message(0);
    scene.ack(&message);
    let key = scene.begin(0, &message, Edit);
    let entry = scene.entry(key, &message, Edit);
    scene.ack_change(key, &entry);
    scene.store(&entry);
    // Both were sent before the ack, and are read after it.
    scene.see(&message);
    scene.see_entry(&entry);
    assert_eq!(scene.faults(), []);
}

#[test]
fn a_hole_where_a_change_stands_is_found() {
    let mut scene = Scene::new();
    let message = scene.delivered();
    scene.change(1, &message, React(true));
    scene.delivered();
    scene.stored.remove(1);
    assert_eq!(
        scene.faults(),
        [(Fault::Lost, 1), (Fault::NotStored, 1), (Fault::Hole, 1), (Fault::Apart, 3)]
    );
}

#[test]
fn receivers_that_do_not_come_to_the_same_are_found() {
    let (mut scene, first, _) = changed();
    let reading = scene.ledger.receivers[1].groups.get_mut(&GROUP).unwrap();
    let view = reading.state.messages.get_mut(&first.id).unwrap();
    view.reactions.clear();
    assert_eq!(scene.faults(), [(Fault::Apart, 1)]);
}

#[test]
fn a_refusal_needs_a_deletion() {
    let mut scene = Scene::new();
    let message = scene.delivered();
    let reaction = scene.begin(1, &message, React(true));
    assert_eq!(scene.ledger.deny(1, reaction.number), None);
    scene.change(0, &message, Delete);
    assert_eq!(scene.ledger.deny(1, reaction.number), Some(reaction));
    assert_eq!((scene.ledger.counts().denied, scene.faults()), (1, vec![]));
}

#[test]
fn an_edit_that_was_refused_and_is_stored_is_found() {
    let mut scene = Scene::new();
    let message = scene.delivered();
    let key = scene.begin(0, &message, Edit);
    let entry = scene.entry(key, &message, Edit);
    scene.store(&entry);
    scene.see_entry(&entry);
    scene.change(0, &message, Delete);
    assert_eq!(scene.ledger.deny(0, key.number), Some(key));
    assert_eq!(scene.faults(), [(Fault::Altered, 1)]);
}

#[test]
fn lists_have_the_same_reactions_and_replies() {
    let scene = || {
        let (mut scene, first, second) = changed();
        let reply = scene.reply(1, Some(&first));
        scene.ack(&reply);
        scene.see(&reply);
        let deleted = scene.reply(0, Some(&reply));
        scene.ack(&deleted);
        scene.see(&deleted);
        scene.change(0, &deleted, Delete);
        assert_eq!(deleted.thread_id, Some(first.id));
        (scene, second, reply)
    };
    let beside = |messages: &mut Vec<Message>, at: &Message| {
        let users = vec![UserId(2)];
        messages[0].reactions = vec![ReactionCount { emoji: emoji().text().to_owned(), count: 1, users }];
        (messages[0].replies, messages[0].last_reply_at) = (1, Some(at.created_at.clone()));
    };
    let (mut right, _, reply) = scene();
    assert_eq!(right.list(|messages| beside(messages, &reply)), []);
    let changes: [fn(&mut Vec<Message>); 10] = [
        |messages| messages[0].reactions.clear(),
        |messages| messages[0].reactions[0].count = 2,
        |messages| messages[0].reactions[0].users = vec![UserId(1)],
        |messages| messages[0].reactions[0].emoji = Emoji::new(1).text().to_owned(),
        |messages| messages[0].replies = 2,
        |messages| messages[0].last_reply_at = None,
        |messages| messages[0].edited_at = messages[0].last_reply_at.clone(),
        |messages| messages[1].replies = 1,
        |messages| drop(messages.remove(1)),
        |messages| messages.swap(0, 1),
    ];
    for change in changes {
        let (mut wrong, _, reply) = scene();
        let faults = wrong.list(|messages| {
            beside(messages, &reply);
            change(messages);
        });
        assert!(matches!(faults[..], [(Fault::Apart | Fault::Reordered, 1)]), "{faults:?}");
    }
}

#[test]
fn lines_are_those_of_messages_and_edits() {
    let (scene, first, second) = changed();
    let lines = |mut scene: Scene, lines: &[&str]| {
        let life = scene.ledger.begin_life(GROUP);
        lines.iter().for_each(|line| scene.ledger.read_line(life, line));
        scene.faults()
    };
    let said = |message: &Message| format!("u1: {}", message.content);
    let edited = |number| format!("u1 (edited): {}", content(SEED, Key { sender: 0, number }));
    let all =
        [&*said(&first), &said(&second), &edited(2), "u2 joined verify.", &edited(4)].map(str::to_owned);
    let all = [&*all[0], &*all[1], &*all[2], &*all[3], &*all[4]];
    assert_eq!(lines(scene, &all), []);
    let scene = || changed().0;
    assert_eq!(lines(scene(), &[all[1], all[2], all[4]]), []);
    assert_eq!(lines(scene(), &[all[0], all[2], all[4]]), [(Fault::Hole, 1)]);
    // A server that has missed the first edit shows it as it is today.
    assert_eq!(lines(scene(), &[all[0], all[1], all[4], all[4]]), []);
    assert_eq!(lines(scene(), &[all[0], all[1], all[4]]), [(Fault::Unseen, 1)]);
    let today = edited(4).replace(" (edited)", "");
    assert_eq!(lines(scene(), &[&today, "u1: ", all[4], all[4]]), []);
    assert_eq!(lines(scene(), &[&today, all[4], all[4]]), [(Fault::Hole, 1)]);
    assert_eq!(lines(scene(), &[all[0], all[1]]), [(Fault::Unseen, 2)]);
    assert_eq!(lines(scene(), &[all[1], all[0], all[1], all[2], all[4]]), [(Fault::Reordered, 1)]);
    assert_eq!(lines(scene(), &[all[2], all[2], all[4]]), [(Fault::Reordered, 1)]);
    assert_eq!(lines(scene(), &[&said(&first).replace("u1", "u2"), all[2], all[4]]), [(Fault::Altered, 1)]);
    assert_eq!(lines(scene(), &["u1: what?"]), [(Fault::Altered, 1)]);
}
