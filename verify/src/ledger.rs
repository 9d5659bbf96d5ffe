//! What was done, acked, seen and stored, compared. No I/O and no clock.

mod authors;
mod conclusion;
mod lines;
mod readings;
mod state;
mod stored;
mod versions;

use std::collections::HashMap;

use crate::action::Action;
use crate::content::Key;
use crate::fault::{Fault, Faults};
use crate::ids::{GroupId, MessageId, Seq, UserId};

use self::authors::AuthorRecord;
use self::lines::{Life, StoredLine};
use self::readings::ReceiverRecord;
use self::state::State;

/// A user who writes to one group.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    pub(crate) user: UserId,
    pub(crate) username: String,
    pub(crate) group: GroupId,
}

/// Sums over all messages and changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Of messages.
    pub(crate) messages: Made,
    /// Of edits, deletions and reactions.
    pub(crate) changes: Made,
    /// Changes refused, since the message had been deleted.
    pub(crate) denied: u64,
    /// Changes acked that were asked for to change nothing.
    pub(crate) idle: u64,
    /// Entries that receivers accepted, all receivers together.
    pub(crate) seen: u64,
    /// Lines of messages and edits that were read in text mode.
    pub(crate) lines: u64,
    /// Messages and changes sent again because their ack had not come.
    pub(crate) sent_again: u64,
    /// Those of them of which the ack said that they had been stored before.
    pub(crate) known_before: u64,
}

/// How far they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) sent: u64,
    pub(crate) acked: u64,
    pub(crate) stored: u64,
}

impl Counts {
    /// What moves on while a run does.
    pub(crate) fn progress(&self) -> u64 {
        self.answered() + self.seen
    }

    /// Messages and changes that have their answer.
    pub(crate) fn answered(&self) -> u64 {
        self.messages.acked + self.changes.acked + self.denied
    }

    fn of(&mut self, action: Action) -> &mut Made {
        match action {
            Action::Send { .. } => &mut self.messages,
            Action::Edit { .. } | Action::Delete { .. } | Action::React { .. } => &mut self.changes,
        }
    }
}

/// What is known of all messages, and the faults found in it.
pub(crate) struct Ledger {
    seed: u64,
    authors: Vec<AuthorRecord>,
    by_user: HashMap<UserId, usize>,
    groups: HashMap<GroupId, GroupRecord>,
    receivers: Vec<ReceiverRecord>,
    /// Whether there are several servers, of which one may not have heard yet what another has acked. It says so by the
    /// head that it tells.
    has_several_servers: bool,
    /// What was read in text mode.
    lives: Vec<Life>,
    /// What was asked for to change a message, in the order in which it was begun.
    changes: HashMap<Key, Vec<Key>>,
    /// The acks so far: the only time there is.
    now: u64,
    counts: Counts,
    faults: Faults,
}

#[derive(Default)]
struct GroupRecord {
    epoch: Option<String>,
    /// What is under each place.
    places: HashMap<Seq, PlaceRecord>,
    /// Which message has which number.
    keys: HashMap<MessageId, Key>,
    /// The messages that were acked.
    acked: Vec<Key>,
    /// The last place and number of a message met in what is stored.
    stored_last: (Seq, MessageId),
    /// What the stored log comes to.
    state: State,
    /// Stored entries that text mode shows.
    lines: Vec<StoredLine>,
}

/// The entry under one place, as it was met first.
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
            receivers: receivers.iter().map(|groups| ReceiverRecord::new(groups)).collect(),
            has_several_servers: false,
            authors: authors.into_iter().map(AuthorRecord::new).collect(),
            lives: Vec::new(),
            changes: HashMap::new(),
            now: 0,
            counts: Counts::default(),
            faults: Faults::default(),
        }
    }

    /// The same for several servers on one database.
    pub(crate) fn of_several_servers(self) -> Self {
        Self { has_several_servers: true, ..self }
    }

    /// Something that a right client does not expect.
    pub(crate) fn unexpected(&mut self, what: &str) {
        self.faults.add(Fault::Unexpected, || what.to_owned());
    }

    /// Something else than messages was not as it has to be.
    pub(crate) fn at_fault(&mut self, fault: Fault, what: String) {
        self.faults.add(fault, || what);
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
}

fn name(key: Key) -> String {
    format!("action {} of sender {}", key.number, key.sender)
}

#[cfg(test)]
mod tests;
