//! What stays when the simulated server is killed: the store, the clients, and what was found.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use groupcast_kit::random::Random;

use super::draft::{Deed, Draft};
use super::ledger::POISON;
use super::people;
use super::store::ModelStore;
use super::view::Views;
use crate::model::{
    GroupId, MemberState, Message, MessageId, NewEntry, NewEntryKind, Seq, Timestamp, User, UserId,
};
use crate::writer::Denial;

/// Everything outside of the server.
pub(super) struct World {
    pub(super) store: Arc<ModelStore>,
    random: RefCell<Random>,
    pub(super) groups: i64,
    /// How slow everybody is: 1 for as fast as it goes.
    pub(super) pace: u64,
    drafts: RefCell<Vec<Draft>>,
    /// The highest `seq` of each group that anyone was told of.
    known: RefCell<HashMap<GroupId, Seq>>,
    /// What is the first to have been acked as new at a place.
    made: RefCell<HashMap<(GroupId, Seq), usize>>,
    fault: RefCell<Option<String>>,
    /// How often a client was told that its message has to wait.
    waits: Cell<u64>,
    /// How often a server was killed when a batch was stored and nobody knew.
    stranded: Cell<u64>,
}

/// How a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Text,
    Json,
    Rest,
}

/// A client, whatever becomes of its connections.
pub(super) struct Client {
    pub(super) user: Arc<User>,
    pub(super) way: Way,
    /// The last `seq` read of each group.
    pub(super) seen: RefCell<HashMap<GroupId, Seq>>,
    /// Messages and changes that were not answered.
    pub(super) unanswered: RefCell<BTreeSet<usize>>,
    /// What it makes of all that it read.
    pub(super) views: RefCell<Views>,
}

impl Client {
    pub(super) fn new(id: i64, way: Way) -> Self {
        let user = Arc::new(people::user(UserId(id)));
        let (seen, unanswered, views) = Default::default();
        Self { user, way, seen, unanswered, views }
    }
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let store = Arc::new(ModelStore::new(Random::new(seed.wrapping_add(1 << 63))));
        let groups = 1 + random.below(3) as i64;
        Self {
            store,
            random: RefCell::new(random),
            groups,
            pace: 1,
            drafts: RefCell::default(),
            known: RefCell::default(),
            made: RefCell::default(),
            fault: RefCell::default(),
            waits: Cell::new(0),
            stranded: Cell::new(0),
        }
    }

    /// The same, on several nodes.
    pub(super) fn new_shared(seed: u64) -> Self {
        let world = Self::new(seed);
        world.store.ledger().share();
        let pace = [1, 1, 5, 30][world.random().size(4)];
        Self { pace, ..world }
    }

    /// Whether there are several nodes.
    pub(super) fn is_shared(&self) -> bool {
        self.store.ledger().is_shared()
    }

    /// Whether the client may have been taken out of a group.
    pub(super) fn is_accused(&self, client: &Client, group: GroupId) -> bool {
        self.store.ledger().members.is_accused(group, client.user.id)
    }

    /// A pause between two things that somebody does.
    pub(super) fn pause(&self, micros: u64) -> Duration {
        self.random().micros(micros * self.pace)
    }

    pub(super) fn random(&self) -> RefMut<'_, Random> {
        self.random.borrow_mut()
    }

    pub(super) fn group(&self) -> GroupId {
        GroupId(1 + self.random().below(self.groups as u64) as i64)
    }

    /// Thinks of a message, or of a change of one; answers its number.
    pub(super) fn compose(&self, client: &Client, group: GroupId) -> usize {
        let mut random = self.random();
        let mut drafts = self.drafts.borrow_mut();
        let number = drafts.len();
        let size = if random.chance(5) { random.size(2_000) } else { random.size(40) };
        let poison = if random.chance(4) { POISON } else { "" };
        let content = format!("{number}{poison}{}", "-".repeat(size)).into();
        let is_change = client.way != Way::Text && random.chance(45);
        let target = is_change.then(|| self.target(client, group, &mut random)).flatten();
        let deed = match (target, random.below(10)) {
            (Some(message), 0..=3) => Deed::Edit { message, content },
            (Some(message), 4) => Deed::Delete { message },
            (Some(message), 5..=8) => {
                let emoji = if random.chance(50) { "+" } else { "-" };
                Deed::React { message, emoji: emoji.into(), on: random.chance(60) }
            }
            (reply_to, _) => Deed::Send { content, reply_to },
        };
        let has_name = client.way != Way::Text && random.chance(70);
        let has_name = has_name && matches!(deed, Deed::Send { .. } | Deed::Edit { .. });
        drafts.push(Draft {
            group,
            user: Arc::clone(&client.user),
            deed,
            client_id: has_name.then(|| number.to_string().into()),
        });
        if client.way != Way::Text {
            client.unanswered.borrow_mut().insert(number);
        }
        number
    }

    /// A message that somebody was told of, mostly a new one and of the client's own.
    fn target(&self, client: &Client, group: GroupId, random: &mut Random) -> Option<MessageId> {
        let (ledger, known) = (self.store.ledger(), self.known(group));
        let is_own = random.chance(75);
        let is_meant = |message: &&Message| {
            (message.group.id == group && message.seq <= known)
                && (!is_own || message.user.id == client.user.id)
        };
        let newest: Vec<_> = ledger.messages.iter().rev().filter(is_meant).take(6).collect();
        (!newest.is_empty()).then(|| newest[random.size(newest.len())].id)
    }

    /// A message or change as its sender keeps it.
    pub(super) fn draft(&self, number: usize) -> Draft {
        self.drafts.borrow()[number].clone()
    }

    /// The same as it is handed in.
    pub(super) fn entry(&self, number: usize) -> NewEntry {
        let received_at = Timestamp(self.random().below(1_000) as i64);
        let Draft { group, user, deed, client_id } = self.draft(number);
        let member = Arc::new(MemberState::new(people::MEMBER));
        let kind = match deed {
            Deed::Send { content, reply_to } => {
                NewEntryKind::Message { content, reply_to, mentions_all: false }
            }
            Deed::Edit { message, content } => NewEntryKind::Edit { message, content, mentions_all: false },
            Deed::Delete { message } => NewEntryKind::Delete { message, governs: false, as_admin: false },
            Deed::React { message, emoji, on } => NewEntryKind::React { message, emoji, on },
        };
        let group = Arc::new(people::group(group));
        NewEntry { group, user, kind, client_id, received_at, member, validity: None }
    }

    /// What is to be sent once more after a connection was lost. Messages and edits without a `client_id` are not:
    /// nobody could tell whether they were stored.
    pub(super) fn retries(&self, client: &Client) -> Vec<usize> {
        let drafts = self.drafts.borrow();
        let mut unanswered = client.unanswered.borrow_mut();
        unanswered.retain(|&number| drafts[number].is_repeatable());
        unanswered.iter().copied().collect()
    }

    /// Something that the client did earlier and that may be sent twice.
    pub(super) fn repeat(&self, client: &Client) -> Option<usize> {
        let drafts = self.drafts.borrow();
        let own = |&number: &usize| {
            Arc::ptr_eq(&drafts[number].user, &client.user) && drafts[number].is_repeatable()
        };
        let numbers: Vec<usize> = (0..drafts.len()).filter(own).collect();
        (!numbers.is_empty()).then(|| numbers[self.random().size(numbers.len())])
    }

    /// A client was told that what it sent is stored, or `was_there` already.
    pub(super) fn acknowledged(
        &self,
        client: &Client,
        number: Option<u64>,
        (group, seq): (GroupId, Seq),
        was_there: bool,
    ) -> Result<(), String> {
        let Some(number) = number.map(|number| number as usize) else { return Err("ack of nothing".into()) };
        client.unanswered.borrow_mut().remove(&number);
        let ledger = self.store.ledger();
        if !self.drafts.borrow()[number].is_at(&ledger, seq) {
            let stored = (ledger.message(group, seq), ledger.change(group, seq));
            return Err(format!("ack of {number} as {seq} in group {group}, where {stored:?} is"));
        }
        if !was_there && self.made.borrow_mut().insert((group, seq), number).is_some() {
            return Err(format!("ack of {number} as {seq} in group {group}, which was acked as new before"));
        }
        Ok(())
    }

    /// A client was told that what it sent was refused, for this reason if it is one that can be told.
    pub(super) fn refused(
        &self,
        client: &Client,
        number: Option<u64>,
        denial: Option<Denial>,
    ) -> Result<(), String> {
        let Some(number) = number.map(|number| number as usize) else {
            return Err("error of nothing".into());
        };
        client.unanswered.borrow_mut().remove(&number);
        let draft = self.draft(number);
        let ledger = self.store.ledger();
        if ledger.members.is_accused(draft.group, client.user.id) {
            return Ok(());
        }
        let target = draft.deed.changes().and_then(|message| ledger.find(message));
        let is_right = match denial {
            None => draft.deed.is_poison(),
            Some(Denial::NoMessage) => {
                target.is_some_and(|target| target.details.as_ref().is_some_and(|details| details.is_deleted))
            }
            Some(Denial::NotYours) => target.is_some_and(|target| target.user != draft.user),
            Some(Denial::TooManyReactions) => false,
        };
        if is_right { Ok(()) } else { Err(format!("{number} was refused: {denial:?}")) }
    }

    /// A client was told that nothing could be stored for now. Whether it is to be sent again: a message or edit
    /// without a `client_id` is given up.
    pub(super) fn refused_for_now(&self, client: &Client, number: usize) -> bool {
        let is_repeatable = self.drafts.borrow()[number].is_repeatable();
        if !is_repeatable {
            client.unanswered.borrow_mut().remove(&number);
        }
        is_repeatable
    }

    /// A client was told that its message has to wait.
    pub(super) fn told_to_wait(&self) {
        self.waits.set(self.waits.get() + 1);
    }

    /// How often a client was told that.
    pub(super) fn waits(&self) -> u64 {
        self.waits.get()
    }

    /// A server is killed when a batch is stored and nobody knows.
    pub(super) fn note_stranded(&self) {
        self.stranded.set(self.stranded.get() + 1);
    }

    /// How often that came to pass.
    pub(super) fn stranded(&self) -> u64 {
        self.stranded.get()
    }

    /// Somebody was told of this `seq`.
    pub(super) fn note(&self, group: GroupId, seq: Seq) {
        let mut known = self.known.borrow_mut();
        let highest = known.entry(group).or_default();
        *highest = seq.max(*highest);
    }

    /// The highest `seq` of the group that anyone was told of.
    pub(super) fn known(&self, group: GroupId) -> Seq {
        self.known.borrow().get(&group).copied().unwrap_or_default()
    }

    /// Something is wrong; the first report stays.
    pub(super) fn fault(&self, fault: String) {
        self.fault.borrow_mut().get_or_insert(fault);
    }

    /// What is wrong, if anything is.
    pub(super) fn verdict(&self) -> Option<String> {
        self.fault.borrow_mut().take().or_else(|| self.store.ledger().take_fault())
    }

    /// Named messages that should be stored and are not, as soon as nothing is under way any more.
    pub(super) fn lost(&self) -> Option<usize> {
        let ledger = self.store.ledger();
        let drafts = self.drafts.borrow();
        drafts.iter().position(|draft| {
            if ledger.members.is_out(draft.group, draft.user.id) {
                return false;
            }
            let is_poison = draft.deed.is_poison();
            match &draft.deed {
                Deed::Send { content, .. } => {
                    is_poison == ledger.has_content(content) && (is_poison || draft.client_id.is_some())
                }
                // May have been refused for good reasons; its ack was held against what is stored.
                Deed::Edit { content, .. } => is_poison && ledger.has_content(content),
                Deed::Delete { .. } | Deed::React { .. } => false,
            }
        })
    }
}
