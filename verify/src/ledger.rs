//! What was sent, acked, seen and stored, compared. No I/O and no clock.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::content::{Key, content};
use crate::cursor::{Cursor, Order, Step};
use crate::event::{Ack, Message};
use crate::fault::{Fault, Faults};
use crate::ids::{GroupId, MessageId, Seq, UserId};

/// A user who sends to one group.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    pub(crate) user: UserId,
    pub(crate) username: String,
    pub(crate) group: GroupId,
}

/// Sums over all messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Messages sent.
    pub(crate) sent: u64,
    /// Messages acked.
    pub(crate) acked: u64,
    /// Messages stored.
    pub(crate) stored: u64,
    /// Messages that receivers accepted, all receivers together.
    pub(crate) seen: u64,
    /// Messages sent again because their ack had not come.
    pub(crate) sent_again: u64,
    /// Acks that said that the message had been stored before.
    pub(crate) known_before: u64,
}

/// What is known of all messages, and the faults found in it.
pub(crate) struct Ledger {
    seed: u64,
    authors: Vec<AuthorRecord>,
    by_user: HashMap<UserId, usize>,
    groups: HashMap<GroupId, GroupRecord>,
    receivers: Vec<HashMap<GroupId, Cursor>>,
    counts: Counts,
    faults: Faults,
}

struct AuthorRecord {
    author: Author,
    messages: Vec<MessageRecord>,
    /// Whether its messages must be stored in the order in which it sent them.
    is_ordered: bool,
    /// The last of its messages met in what is stored.
    stored_last: Option<usize>,
}

#[derive(Clone, Default)]
struct MessageRecord {
    acked: Option<(MessageId, Seq)>,
    seen: Option<Seq>,
    stored: Option<Seq>,
}

#[derive(Default)]
struct GroupRecord {
    epoch: Option<String>,
    /// What is under each place.
    places: HashMap<Seq, PlaceRecord>,
    /// The last place and number met in what is stored.
    stored_last: (Seq, MessageId),
}

/// The message under one place, as it was met first.
struct PlaceRecord {
    hash: u64,
    is_stored: bool,
}

impl Ledger {
    /// An empty one for contents of `seed`, these senders, and receivers that read these groups.
    pub(crate) fn new(seed: u64, authors: Vec<Author>, receivers: &[Vec<GroupId>]) -> Self {
        let by_user = authors.iter().enumerate().map(|(index, author)| (author.user, index)).collect();
        let written = authors.iter().map(|author| author.group);
        let groups = written.chain(receivers.iter().flatten().copied());
        Self {
            seed,
            by_user,
            groups: groups.map(|group| (group, GroupRecord::default())).collect(),
            receivers: receivers
                .iter()
                .map(|groups| groups.iter().map(|&group| (group, Cursor::default())).collect())
                .collect(),
            authors: authors
                .into_iter()
                .map(|author| AuthorRecord {
                    author,
                    messages: Vec::new(),
                    is_ordered: true,
                    stored_last: None,
                })
                .collect(),
            counts: Counts::default(),
            faults: Faults::default(),
        }
    }

    /// A new message of `sender`.
    pub(crate) fn send(&mut self, sender: usize) -> Key {
        self.counts.sent += 1;
        let messages = &mut self.authors[sender].messages;
        messages.push(MessageRecord::default());
        Key { sender, number: messages.len() - 1 }
    }

    /// A message was sent once more.
    pub(crate) fn send_again(&mut self) {
        self.counts.sent_again += 1;
    }

    /// A message of `sender` was refused for the moment, so later ones may be stored before it.
    pub(crate) fn put_off(&mut self, sender: usize) {
        self.authors[sender].is_ordered = false;
    }

    /// A message was acked. Returns which one.
    pub(crate) fn ack(&mut self, sender: usize, ack: &Ack) -> Option<Key> {
        let key = self.key(sender, &ack.client_id);
        let Some(key) = key else {
            let client_id = &ack.client_id;
            self.faults.add(Fault::Unexpected, || format!("an ack for {client_id:?}, which was never sent"));
            return None;
        };
        self.counts.known_before += u64::from(ack.is_duplicate);
        let record = &mut self.authors[sender].messages[key.number];
        match record.acked {
            None => {
                record.acked = Some((ack.id, ack.seq));
                self.counts.acked += 1;
            }
            Some((id, seq)) if (id, seq) == (ack.id, ack.seq) => {}
            Some((id, seq)) => self.faults.add(Fault::Duplicated, || {
                format!("{} is acked as message {id}, seq {seq:?} and as {ack:?}", name(key))
            }),
        }
        Some(key)
    }

    /// A receiver's subscription goes on after a place; `epoch` if it has just begun.
    pub(crate) fn goes_on(&mut self, receiver: usize, group: GroupId, after: Seq, epoch: Option<String>) {
        let Some(cursor) = self.receivers[receiver].get_mut(&group) else {
            self.faults
                .add(Fault::Unexpected, || format!("a subscription to group {group}, never asked for"));
            return;
        };
        cursor.goes_on_after(after);
        let Some(record) = self.groups.get_mut(&group) else { return };
        match (&record.epoch, epoch) {
            (Some(known), Some(epoch)) if *known != epoch => {
                self.faults.add(Fault::Unexpected, || format!("the epoch changed from {known} to {epoch}"));
            }
            (None, epoch) => record.epoch = epoch,
            _ => {}
        }
    }

    /// A receiver's socket is gone.
    pub(crate) fn disconnect(&mut self, receiver: usize) {
        self.receivers[receiver].values_mut().for_each(Cursor::disconnected);
    }

    /// A receiver was shown a message. Returns what it is to do.
    pub(crate) fn see(&mut self, receiver: usize, message: &Message) -> Step {
        let (group, seq) = (message.group, message.seq);
        let Some(cursor) = self.receivers[receiver].get_mut(&group) else {
            self.faults.add(Fault::Unexpected, || format!("a message of group {group}, never asked for"));
            return Step::Drop;
        };
        let (step, order) = cursor.message(seq);
        let told = || format!("receiver {receiver} in group {group} at seq {}", seq.0);
        match order {
            Order::Next => {}
            Order::Back => self.faults.add(Fault::Reordered, told),
            Order::Ahead(missing) => self.faults.add_many(Fault::Hole, missing, told),
            Order::Unasked => self.faults.add(Fault::Unexpected, told),
        }
        self.counts.seen += u64::from(step == Step::Accept);
        if let Some(key) = self.check(message) {
            let seen = *self.authors[key.sender].messages[key.number].seen.get_or_insert(seq);
            if seen != seq {
                self.faults
                    .add(Fault::Duplicated, || format!("{} was shown at {seen:?} and {seq:?}", name(key)));
            }
        }
        if let Some(record) = self.groups.get_mut(&group) {
            let hash = hash(message);
            let place = record.places.entry(seq).or_insert(PlaceRecord { hash, is_stored: false });
            if place.hash != hash {
                self.faults.add(Fault::Altered, || {
                    format!("group {group}, seq {}: another message than before is shown", seq.0)
                });
            }
        }
        step
    }

    /// A message is stored. They come group by group, in the order of REST.
    pub(crate) fn store(&mut self, group: GroupId, message: &Message) {
        self.counts.stored += 1;
        let (id, seq) = (message.id, message.seq);
        let checked = self.check(message);
        let Some(record) = self.groups.get_mut(&group).filter(|_| group == message.group) else {
            self.faults.add(Fault::Altered, || format!("group {group} has {message:?}"));
            return;
        };
        let (last_seq, last_id) = record.stored_last;
        if seq <= last_seq || id <= last_id {
            self.faults.add(Fault::Reordered, || {
                format!("group {group}: message {id}, {seq:?} is stored after {last_id}, {last_seq:?}")
            });
        }
        if seq > last_seq.next() {
            let missing = seq.0.abs_diff(last_seq.0) - 1;
            self.faults.add_many(Fault::Hole, missing, || {
                format!("group {group}: nothing is stored between {last_seq:?} and {seq:?}")
            });
        }
        record.stored_last = (last_seq.max(seq), last_id.max(id));
        let hash = hash(message);
        let place = record.places.entry(seq).or_insert(PlaceRecord { hash, is_stored: true });
        place.is_stored = true;
        if place.hash != hash {
            self.faults.add(Fault::Altered, || {
                format!("group {group}, seq {}: what was shown is not what is stored", seq.0)
            });
        }
        if let Some(key) = checked {
            self.store_known(key, id, seq);
        }
    }

    /// A message that is what it should be is stored under these numbers.
    fn store_known(&mut self, key: Key, id: MessageId, seq: Seq) {
        let author = &mut self.authors[key.sender];
        let record = &mut author.messages[key.number];
        if let Some(before) = record.stored {
            self.faults
                .add(Fault::Duplicated, || format!("{} is stored at {before:?} and {seq:?}", name(key)));
            return;
        }
        record.stored = Some(seq);
        if let Some(acked) = record.acked.filter(|&acked| acked != (id, seq)) {
            self.faults.add(Fault::Altered, || {
                format!("{} is acked as {acked:?}, stored as {id}, {seq:?}", name(key))
            });
        }
        if author.is_ordered && author.stored_last > Some(key.number) {
            let before = author.stored_last;
            self.faults
                .add(Fault::Reordered, || format!("{} is stored after its {before:?}th message", name(key)));
        }
        author.stored_last = author.stored_last.max(Some(key.number));
    }

    /// All that is stored has been told: what is missing?
    pub(crate) fn conclude(&mut self) {
        for (sender, author) in self.authors.iter().enumerate() {
            for (number, record) in author.messages.iter().enumerate() {
                if let (Some((id, seq)), None) = (record.acked, record.stored) {
                    let key = Key { sender, number };
                    self.faults.add(Fault::Lost, || format!("{}, acked as message {id}, {seq:?}", name(key)));
                }
            }
        }
        for (group, record) in &self.groups {
            for (seq, _) in record.places.iter().filter(|(_, place)| !place.is_stored) {
                self.faults.add(Fault::NotStored, || format!("group {group}, seq {}", seq.0));
            }
        }
        for (receiver, cursors) in self.receivers.iter().enumerate() {
            for (group, cursor) in cursors {
                let stored = self.groups.get(group).map_or(Seq(0), |record| record.stored_last.0);
                let last = cursor.last();
                if stored > last {
                    self.faults.add_many(Fault::Unseen, stored.0.abs_diff(last.0), || {
                        format!(
                            "receiver {receiver} in group {group} has seen all up to {last:?} of {stored:?}"
                        )
                    });
                }
            }
        }
    }

    /// Something that a right client does not expect.
    pub(crate) fn unexpected(&mut self, what: &str) {
        self.faults.add(Fault::Unexpected, || what.to_owned());
    }

    /// The places that a receiver has reached.
    pub(crate) fn places(&self, receiver: usize) -> impl Iterator<Item = (GroupId, Seq)> {
        self.receivers[receiver].iter().map(|(&group, cursor)| (group, cursor.last()))
    }

    /// Whether a receiver has seen all that was met in what is stored.
    pub(crate) fn has_seen_all(&self, receiver: usize) -> bool {
        let stored = |group| self.groups.get(group).map_or(Seq(0), |record| record.stored_last.0);
        self.receivers[receiver].iter().all(|(group, cursor)| cursor.last() >= stored(group))
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Which message this is, if it is exactly what its sender sent.
    fn check(&mut self, message: &Message) -> Option<Key> {
        let key = self
            .by_user
            .get(&message.user)
            .zip(message.client_id.as_deref())
            .and_then(|(&sender, client_id)| self.key(sender, client_id));
        let right = key.filter(|&key| {
            let author = &self.authors[key.sender].author;
            (message.group, &message.username) == (author.group, &author.username)
                && message.content == content(self.seed, key)
        });
        if right.is_none() {
            self.faults.add(Fault::Altered, || format!("nobody sent {message:?}"));
        }
        right
    }

    /// The message that `sender` sent under this `client_id`.
    fn key(&self, sender: usize, client_id: &str) -> Option<Key> {
        let number = client_id.parse().ok().filter(|number| *number < self.authors[sender].messages.len())?;
        Some(Key { sender, number }).filter(|key| key.client_id() == client_id)
    }
}

fn name(key: Key) -> String {
    format!("message {} of sender {}", key.number, key.sender)
}

fn hash(message: &Message) -> u64 {
    let mut hasher = DefaultHasher::new();
    message.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
