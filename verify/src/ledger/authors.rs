//! What senders do, and what they are answered.

use std::collections::HashMap;

use groupcast_kit::random::Random;

use super::state::Version;
use super::{Author, Ledger, name};
use crate::action::{Action, Emoji, Request};
use crate::content::Key;
use crate::entry::Message;
use crate::event::Ack;
use crate::fault::Fault;
use crate::ids::{MessageId, Seq};

/// Most changes are about one of so many of the newest messages.
const NEWEST: usize = 32;

/// So many of the last things that it did may have no answer, and more cannot.
const WINDOW_MAX: usize = 512;

/// A sender and all that it did.
pub(super) struct AuthorRecord {
    pub(super) author: Author,
    pub(super) deeds: Vec<Deed>,
    /// Those of its messages that are acked and not about to be deleted.
    own: Vec<usize>,
    reactions: HashMap<(Key, Emoji), ReactionRecord>,
    /// The last of it met in what is stored.
    pub(super) stored_last: Option<usize>,
}

/// Something that a sender did.
pub(super) struct Deed {
    pub(super) action: Action,
    /// The message that begins the thread of a reply.
    pub(super) thread: Option<Key>,
    pub(super) outcome: Outcome,
    pub(super) seen: Option<Seq>,
    pub(super) stored: Option<Seq>,
    /// Which of the entries that text mode shows it is.
    pub(super) line: Option<u64>,
    /// Whether it asks for what is so already.
    pub(super) is_idle: bool,
    /// Whether it was sent more than once.
    pub(super) is_repeated: bool,
    /// Whether it may have been refused for the moment. Else it must be stored before what was done later.
    pub(super) is_put_off: bool,
    /// Of a message: whether its deletion was begun.
    pub(super) is_deleting: bool,
}

/// What its sender was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing yet.
    Open,
    /// It is stored.
    Acked {
        /// The message that it is or changes.
        message: MessageId,
        /// Its place; REST tells that of messages alone.
        seq: Option<Seq>,
        /// When it was told.
        at: u64,
    },
    /// The message is there no more.
    Denied,
}

/// A sender's reaction to a message, of one kind.
#[derive(Clone, Copy, Default)]
struct ReactionRecord {
    on: bool,
    made_by: Option<Key>,
    /// Whether another word on it has not been answered, or was sent more than once. A reaction has no `client_id`, so
    /// what was sent twice is only known to be the same as long as nothing follows it.
    is_closed: bool,
}

impl AuthorRecord {
    pub(super) fn new(author: Author) -> Self {
        Self { author, deeds: Vec::new(), own: Vec::new(), reactions: HashMap::new(), stored_last: None }
    }
}

impl Ledger {
    /// What `sender` may do next: in `percent` of a hundred cases something else than a plain message, if there is
    /// something to do it to.
    pub(crate) fn choose(&self, sender: usize, percent: u64, random: &mut Random) -> Action {
        let plain = Action::Send { reply_to: None };
        if !random.chance(percent) {
            return plain;
        }
        let record = &self.authors[sender];
        let own = |random: &mut Random| pick(&record.own, random).map(|&number| Key { sender, number });
        let any = |random: &mut Random| pick(&self.groups.get(&record.author.group)?.acked, random).copied();
        let action = match random.below(100) {
            0..35 => own(random).map(|of| Action::Edit { of }),
            35..45 => own(random).map(|of| Action::Delete { of }),
            45..85 => any(random).and_then(|of| {
                let emoji = Emoji::new(random.size(Emoji::COUNT));
                let known = record.reactions.get(&(of, emoji)).copied().unwrap_or_default();
                let changes_nothing = random.chance(10);
                (!known.is_closed).then_some(Action::React { of, emoji, on: known.on == changes_nothing })
            }),
            _ => any(random).map(|of| Action::Send { reply_to: Some(of) }),
        };
        action.unwrap_or(plain)
    }

    /// `sender` is about to do this. Messages that it is about are acked.
    pub(crate) fn begin(&mut self, sender: usize, action: Action) -> Key {
        self.counts.of(action).sent += 1;
        let thread = match action {
            Action::Send { reply_to: Some(of) } => Some(self.deed(of).thread.unwrap_or(of)),
            _ => None,
        };
        let record = &mut self.authors[sender];
        let key = Key { sender, number: record.deeds.len() };
        let mut is_idle = false;
        match action {
            Action::React { of, emoji, on } => {
                let known = record.reactions.entry((of, emoji)).or_default();
                is_idle = known.on == on;
                known.is_closed = true;
            }
            Action::Delete { of } => {
                if let Some(index) = record.own.iter().rposition(|&number| number == of.number) {
                    record.own.remove(index);
                }
                record.deeds[of.number].is_deleting = true;
            }
            Action::Send { .. } | Action::Edit { .. } => {}
        }
        record.deeds.push(Deed {
            action,
            thread,
            outcome: Outcome::Open,
            seen: None,
            stored: None,
            line: None,
            is_idle,
            is_repeated: false,
            is_put_off: false,
            is_deleting: false,
        });
        if let Some(of) = action.changes() {
            self.changes.entry(of).or_default().push(key);
        }
        key
    }

    /// How it is asked for.
    pub(crate) fn request(&self, key: Key) -> Request {
        let number = |of| self.message_id(of).unwrap_or_default();
        match self.deed(key).action {
            Action::Send { reply_to } => Request::Send { reply_to: reply_to.map(number) },
            Action::Edit { of } => Request::Edit { message: number(of) },
            Action::Delete { of } => Request::Delete { message: number(of) },
            Action::React { of, emoji, on } => Request::React { message: number(of), emoji, on },
        }
    }

    /// It was sent once more.
    pub(crate) fn send_again(&mut self, key: Key) {
        self.counts.sent_again += 1;
        self.authors[key.sender].deeds[key.number].is_repeated = true;
    }

    /// Something of `sender` was refused for the moment, or may have been: what has no answer may be stored after what
    /// was done later.
    pub(crate) fn put_off(&mut self, sender: usize) {
        let deeds = self.authors[sender].deeds.iter_mut().rev().take(WINDOW_MAX);
        deeds.filter(|deed| deed.outcome == Outcome::Open).for_each(|deed| deed.is_put_off = true);
    }

    /// Something was acked. Returns what.
    pub(crate) fn ack(&mut self, sender: usize, ack: &Ack) -> Option<Key> {
        let key = Key { sender, number: ack.number };
        let deed = self.authors[sender].deeds.get(ack.number);
        let is_named = |deed: &Deed| match deed.action {
            Action::Send { .. } | Action::Edit { .. } => ack.client_id.as_deref() == Some(&*key.client_id()),
            Action::Delete { .. } | Action::React { .. } => ack.client_id.is_none(),
        };
        let Some(deed) = deed.filter(|deed| is_named(deed)) else {
            self.faults.add(Fault::Unexpected, || format!("{ack:?}, which was never sent"));
            return None;
        };
        self.counts.known_before += u64::from(ack.is_duplicate && deed.is_repeated);
        if ack.is_duplicate != deed.is_idle && !deed.is_repeated {
            self.faults.add(Fault::Duplicated, || format!("{} was sent once, and {ack:?}", name(key)));
        }
        self.acked(key, ack.message, Some(ack.seq));
        Some(key)
    }

    /// It is stored, as its sender is told, with this number of its message and at this place.
    pub(crate) fn acked(&mut self, key: Key, message: MessageId, seq: Option<Seq>) {
        let (before, action) = (self.deed(key).outcome, self.deed(key).action);
        match before {
            Outcome::Open => {}
            Outcome::Acked { message: known, seq: place, .. } if (known, place) == (message, seq) => return,
            Outcome::Acked { .. } | Outcome::Denied => {
                self.faults.add(Fault::Duplicated, || {
                    format!("{} was {before:?}, and is acked as {message}, {seq:?}", name(key))
                });
                return;
            }
        }
        let expected = action.changes().and_then(|of| self.message_id(of));
        if expected.is_some_and(|expected| expected != message) {
            self.faults.add(Fault::Altered, || format!("{} is acked for message {message}", name(key)));
        }
        self.now += 1;
        self.counts.of(action).acked += 1;
        let record = &mut self.authors[key.sender];
        let deed = &mut record.deeds[key.number];
        deed.outcome = Outcome::Acked { message, seq, at: self.now };
        match action {
            Action::Send { .. } => {
                record.own.push(key.number);
                if let Some(group) = self.groups.get_mut(&record.author.group) {
                    group.acked.push(key);
                    group.keys.insert(message, key);
                }
            }
            Action::React { of, emoji, on } => {
                let (is_idle, is_repeated) = (deed.is_idle, deed.is_repeated);
                let known = record.reactions.entry((of, emoji)).or_default();
                let made_by = known.made_by;
                known.is_closed = is_repeated;
                if is_idle {
                    self.counts.idle += 1;
                    self.check_idle(key, seq, made_by.unwrap_or(of));
                } else {
                    (known.on, known.made_by) = (on, Some(key));
                }
            }
            Action::Edit { .. } | Action::Delete { .. } => {}
        }
    }

    /// A change was made, as REST says without its place.
    pub(crate) fn changed(&mut self, key: Key) {
        let message = self.deed(key).action.changes().and_then(|of| self.message_id(of));
        self.acked(key, message.unwrap_or_default(), None);
    }

    /// An edit was made, and the message is like this now.
    pub(crate) fn patched(&mut self, key: Key, message: &Message) {
        let found = self.find_message(message);
        let of = self.deed(key).action.changes();
        if found.map(|(of, version)| (Some(of), version)) != Some((of, Version::Of(key))) {
            self.faults.add(Fault::Altered, || format!("{} makes {message:?}", name(key)));
        }
        self.acked(key, message.id, None);
    }

    /// What changes nothing is answered with what made it so.
    fn check_idle(&mut self, key: Key, seq: Option<Seq>, made_by: Key) {
        let expected = self.place(made_by);
        if seq.zip(expected).is_some_and(|(seq, expected)| seq != expected) {
            self.faults.add(Fault::Altered, || {
                format!("{} changes nothing since {expected:?}, and is acked as {seq:?}", name(key))
            });
        }
    }

    /// Something was refused, since there is no such message any more. Returns what, if it may be refused for that.
    pub(crate) fn deny(&mut self, sender: usize, number: usize) -> Option<Key> {
        let key = Key { sender, number };
        let deed = self.authors[sender].deeds.get(number)?;
        let of = deed.action.changes().filter(|&of| self.deed(of).is_deleting)?;
        if deed.outcome != Outcome::Open || (deed.action == Action::Delete { of }) {
            return None;
        }
        self.counts.denied += 1;
        self.authors[sender].deeds[number].outcome = Outcome::Denied;
        Some(key)
    }

    pub(super) fn deed(&self, key: Key) -> &Deed {
        &self.authors[key.sender].deeds[key.number]
    }

    /// The number of a message that was acked.
    pub(super) fn message_id(&self, key: Key) -> Option<MessageId> {
        match self.deed(key).outcome {
            Outcome::Acked { message, .. } => Some(message),
            Outcome::Open | Outcome::Denied => None,
        }
    }

    /// The place under which something was acked.
    pub(super) fn place(&self, key: Key) -> Option<Seq> {
        match self.deed(key).outcome {
            Outcome::Acked { seq, .. } => seq,
            Outcome::Open | Outcome::Denied => None,
        }
    }
}

/// One of them, mostly of the newest.
fn pick<'k, T>(keys: &'k [T], random: &mut Random) -> Option<&'k T> {
    let newest = if random.chance(90) { keys.len().min(NEWEST) } else { keys.len() };
    (newest > 0).then(|| &keys[keys.len() - 1 - random.size(newest)])
}
