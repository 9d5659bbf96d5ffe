//! What stays when the simulated server is killed: the store, the clients, and what was found.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use groupcast_kit::random::Random;

use super::ledger::POISON;
use super::store::{self, ModelStore};
use crate::model::{GroupId, MemberState, NewEntry, Seq, Timestamp, User, UserId};

/// Everything outside of the server.
pub(super) struct World {
    pub(super) store: Arc<ModelStore>,
    random: RefCell<Random>,
    pub(super) groups: i64,
    drafts: RefCell<Vec<Draft>>,
    /// The highest `seq` of each group that anyone was told of.
    known: RefCell<HashMap<GroupId, Seq>>,
    fault: RefCell<Option<String>>,
    /// How often a client was told that its message has to wait.
    waits: Cell<u64>,
}

/// A message as its sender keeps it.
#[derive(Clone)]
struct Draft {
    group: GroupId,
    user: Arc<User>,
    content: Box<str>,
    client_id: Option<Box<str>>,
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
    /// Messages that were not answered.
    pub(super) unanswered: RefCell<BTreeSet<usize>>,
}

impl Client {
    pub(super) fn new(id: i64, way: Way) -> Self {
        let user = Arc::new(store::user(UserId(id)));
        Self { user, way, seen: RefCell::default(), unanswered: RefCell::default() }
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
            drafts: RefCell::default(),
            known: RefCell::default(),
            fault: RefCell::default(),
            waits: Cell::new(0),
        }
    }

    pub(super) fn random(&self) -> RefMut<'_, Random> {
        self.random.borrow_mut()
    }

    pub(super) fn group(&self) -> GroupId {
        GroupId(1 + self.random().below(self.groups as u64) as i64)
    }

    /// Thinks of a message; answers its number.
    pub(super) fn compose(&self, client: &Client, group: GroupId) -> usize {
        let mut random = self.random();
        let mut drafts = self.drafts.borrow_mut();
        let number = drafts.len();
        let size = if random.chance(5) { random.size(2_000) } else { random.size(40) };
        let poison = if random.chance(4) { POISON } else { "" };
        let has_name = client.way != Way::Text && random.chance(70);
        drafts.push(Draft {
            group,
            user: Arc::clone(&client.user),
            content: format!("{number}{poison}{}", "-".repeat(size)).into(),
            client_id: has_name.then(|| number.to_string().into()),
        });
        if client.way != Way::Text {
            client.unanswered.borrow_mut().insert(number);
        }
        number
    }

    /// A message as a client sends it: where to, what, and under which name.
    pub(super) fn draft(&self, number: usize) -> (GroupId, Box<str>, Option<Box<str>>) {
        let Draft { group, content, client_id, .. } = self.drafts.borrow()[number].clone();
        (group, content, client_id)
    }

    /// A message as it is handed in.
    pub(super) fn message(&self, number: usize) -> NewEntry {
        let received_at = Timestamp(self.random().below(1_000) as i64);
        let Draft { group, user, content, client_id } = self.drafts.borrow()[number].clone();
        let member = Arc::new(MemberState::new(store::MEMBER));
        let kind = crate::model::NewEntryKind::Message { content, reply_to: None, mentions_all: false };
        NewEntry { group: Arc::new(store::group(group)), user, kind, client_id, received_at, member }
    }

    /// Messages to be sent once more after a connection was lost. Those without a `client_id` are not: nobody
    /// could tell whether they were stored.
    pub(super) fn retries(&self, client: &Client) -> Vec<usize> {
        let drafts = self.drafts.borrow();
        let mut unanswered = client.unanswered.borrow_mut();
        unanswered.retain(|&number| drafts[number].client_id.is_some());
        unanswered.iter().copied().collect()
    }

    /// One of the client's earlier messages that may be sent twice.
    pub(super) fn repeat(&self, client: &Client) -> Option<usize> {
        let drafts = self.drafts.borrow();
        let own = |&number: &usize| {
            Arc::ptr_eq(&drafts[number].user, &client.user) && drafts[number].client_id.is_some()
        };
        let numbers: Vec<usize> = (0..drafts.len()).filter(own).collect();
        (!numbers.is_empty()).then(|| numbers[self.random().size(numbers.len())])
    }

    /// A client was told that its message is stored.
    pub(super) fn acknowledged(
        &self,
        client: &Client,
        number: Option<u64>,
        group: GroupId,
        seq: Seq,
    ) -> Result<(), String> {
        let Some(number) = number.map(|number| number as usize) else { return Err("ack of nothing".into()) };
        client.unanswered.borrow_mut().remove(&number);
        let ledger = self.store.ledger();
        match (ledger.message(group, seq), &self.drafts.borrow()[number]) {
            (Some(message), draft) if message.content == draft.content && message.user == draft.user => {
                Ok(())
            }
            (stored, _) => Err(format!("ack of {number} as {seq} in group {group}, where {stored:?} is")),
        }
    }

    /// A client was told that its message was refused.
    pub(super) fn refused(&self, client: &Client, number: Option<u64>) -> Result<(), String> {
        let Some(number) = number.map(|number| number as usize) else {
            return Err("error of nothing".into());
        };
        client.unanswered.borrow_mut().remove(&number);
        let is_poison = self.drafts.borrow()[number].content.contains(POISON);
        if is_poison { Ok(()) } else { Err(format!("{number} was refused")) }
    }

    /// A client was told that nothing could be stored for now. Whether the message is to be sent again: one without a
    /// `client_id` is given up.
    pub(super) fn refused_for_now(&self, client: &Client, number: usize) -> bool {
        let is_named = self.drafts.borrow()[number].client_id.is_some();
        if !is_named {
            client.unanswered.borrow_mut().remove(&number);
        }
        is_named
    }

    /// A client was told that its message has to wait.
    pub(super) fn told_to_wait(&self) {
        self.waits.set(self.waits.get() + 1);
    }

    /// How often a client was told that.
    pub(super) fn waits(&self) -> u64 {
        self.waits.get()
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
            let is_poison = draft.content.contains(POISON);
            is_poison == ledger.has_content(&draft.content) && (is_poison || draft.client_id.is_some())
        })
    }
}
