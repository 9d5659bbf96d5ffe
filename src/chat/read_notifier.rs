//! How far others have read, told to the members of small groups.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use crate::hub::{Broadcast, Hub, Readers};
use crate::model::{GroupId, Seq, UserId};
use crate::protocol::event;

/// How often at most the others are told of one member's marks in a group.
const PERIOD: Duration = Duration::from_secs(1);

/// Members who were told of within the last period; who has another mark waits for room.
const TOLD_MAX: usize = 100_000;

/// Tells the readers in JSON mode of each group with at most so many online how far other members have read: of a member
/// at once, then at most once in a second, the newest mark always in the end.
pub struct ReadNotifier {
    hub: Hub,
    members_max: usize,
    state: Mutex<State>,
    room: Arc<Semaphore>,
    changed: Notify,
}

type Reader = (GroupId, UserId);

#[derive(Default)]
struct State {
    /// Those who were told of within the last period.
    told: HashMap<Reader, Told>,
    /// When that is over, first due first.
    due: VecDeque<(Instant, Reader)>,
}

/// What was told of a reader.
struct Told {
    seq: Seq,
    /// Told when the period is over, if it is another one.
    newest: Seq,
    _room: OwnedSemaphorePermit,
}

impl ReadNotifier {
    /// A notifier; `run` must be spawned.
    pub fn new(hub: Hub, members_max: usize) -> Self {
        let room = Arc::new(Semaphore::new(TOLD_MAX));
        Self { hub, members_max, state: Mutex::default(), room, changed: Notify::new() }
    }

    /// A member has read up to this `seq`.
    pub(super) async fn told(&self, group: GroupId, user: UserId, seq: Seq) {
        if !self.is_small(group) {
            return;
        }
        // It is never closed.
        let Ok(room) = Arc::clone(&self.room).acquire_owned().await else { return };
        if self.note((group, user), seq, room) {
            self.tell((group, user), seq).await;
        }
    }

    /// Whether it is to be told now.
    fn note(&self, reader: Reader, seq: Seq, room: OwnedSemaphorePermit) -> bool {
        let mut state = self.state();
        match state.told.entry(reader) {
            Entry::Occupied(mut told) => {
                let told = told.get_mut();
                told.newest = told.newest.max(seq);
                return false;
            }
            Entry::Vacant(vacant) => vacant.insert(Told { seq, newest: seq, _room: room }),
        };
        state.due.push_back((Instant::now() + PERIOD, reader));
        self.changed.notify_one();
        true
    }

    /// Tells what has become due. Runs until it is dropped.
    pub(super) async fn run(&self) {
        loop {
            let due = self.state().due.front().map(|&(due, _)| due);
            match due {
                Some(due) if due > Instant::now() => sleep_until(due).await,
                Some(_) => {
                    if let Some((reader, seq)) = self.next() {
                        self.tell(reader, seq).await;
                    }
                }
                None => self.changed.notified().await,
            }
        }
    }

    /// Ends the first period that is due; if there is something to tell, another one begins.
    fn next(&self) -> Option<(Reader, Seq)> {
        let mut state = self.state();
        let (_, reader) = state.due.pop_front()?;
        let told = state.told.get_mut(&reader)?;
        if told.newest == told.seq {
            state.told.remove(&reader);
            return None;
        }
        told.seq = told.newest;
        let seq = told.seq;
        state.due.push_back((Instant::now() + PERIOD, reader));
        Some((reader, seq))
    }

    async fn tell(&self, (group, user): Reader, seq: Seq) {
        if self.is_small(group) {
            let frame = event::read(group, user, seq);
            let frames = Broadcast::ephemeral(group, Bytes::new(), frame, Readers::But(user));
            self.hub.share(&frames);
            self.hub.deliver_to(self.hub.cores_of(group), frames).await;
        }
    }

    /// Whether somebody is there to be told, and not too many.
    fn is_small(&self, group: GroupId) -> bool {
        // Of those who have just come on other nodes nobody knows here yet.
        let may_be_heard = self.hub.listeners(group).json > 0 || self.hub.is_shared();
        may_be_heard && self.hub.online(group, 0).0 <= self.members_max
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
