//! Who came and who went, told to the others. Of users, each node tells its own sockets; of sockets in text mode,
//! and of what is said in passing, the node that has them tells all.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::hub::{Arrival, Broadcast, Core, Departure, Listeners, Readers, Roll, Sink};
use crate::model::{Group, GroupId, User};
use crate::protocol::text::{self, Movement};
use crate::protocol::{Mode, event};
use crate::transport::Transport;

/// How long a user may be away before the readers in JSON mode are told: a reconnect is not a leave and a join.
const GRACE: Duration = Duration::from_secs(5);
/// How often at most a large group is told how many are online.
const COUNT_PERIOD: Duration = Duration::from_secs(1);

/// Announces the comings and goings on one core. In text mode every socket is announced at once, in JSON mode
/// every user, after the grace period; in large groups nobody, only the number of those online.
pub struct PresenceNotifier<S = Transport> {
    core: Rc<Core<S>>,
    /// Members up to which each is announced.
    members_max: usize,
    /// Users whose last socket on any core went, oldest first.
    away: RefCell<VecDeque<Away>>,
    /// Large groups that will be told their number, first due first.
    counts: RefCell<VecDeque<(Instant, GroupId)>>,
    changed: Notify,
}

struct Away {
    until: Instant,
    group: GroupId,
    user: Arc<User>,
    departed: u16,
}

impl<S: Sink> PresenceNotifier<S> {
    /// A notifier; [`run`](Self::run) must be spawned on the core's thread.
    pub fn new(core: Rc<Core<S>>, members_max: usize) -> Self {
        Self {
            core,
            members_max,
            away: RefCell::default(),
            counts: RefCell::default(),
            changed: Notify::new(),
        }
    }

    /// The roll of those present, if there are other nodes.
    pub(super) fn roll(&self) -> Option<&Roll> {
        self.core.hub().roll()
    }

    /// Whether a socket in text mode that joins a group of this size is announced to the others.
    pub(super) fn is_small(&self, listeners: Listeners) -> bool {
        listeners.total() <= self.members_max
    }

    /// Tells that a socket came.
    pub(super) async fn arrived(
        &self,
        group: &Group,
        user: &User,
        mode: Mode,
        arrival: &Arrival,
        line: Bytes,
    ) {
        let text = if self.is_small(arrival.listeners) { line } else { Bytes::new() };
        self.share_line(group.id, &text);
        let mut json = Bytes::new();
        if arrival.is_new && arrival.listeners.json > 0 {
            if arrival.online <= self.members_max {
                json = event::movement(true, group.id, user);
            } else {
                self.count(group.id);
            }
        }
        let frames = Broadcast::ephemeral(group.id, text, json, Readers::But(user.id));
        let frames = Broadcast { as_of: arrival.number, ..frames };
        match mode {
            // Its own line is the first that it gets.
            Mode::Text => self.send_here(frames).await,
            // Behind the leave of a socket that reads the group once more.
            Mode::Json => self.send_in_turn(frames).await,
        }
    }

    /// Tells that a socket went; of its user, later.
    pub(super) async fn departed(&self, group: &Group, user: &Arc<User>, departure: Departure, line: Bytes) {
        if let Some(departed) = departure.departed {
            let away =
                Away { until: Instant::now() + GRACE, group: group.id, user: Arc::clone(user), departed };
            self.away.borrow_mut().push_back(away);
            self.changed.notify_one();
        }
        if self.is_small(departure.listeners) {
            self.share_line(group.id, &line);
            let frames = Broadcast::ephemeral(group.id, line, Bytes::new(), Readers::All);
            self.send_in_turn(Broadcast { as_of: departure.after, ..frames }).await;
        }
    }

    /// Tells the others that the user types.
    pub async fn typing(&self, group: GroupId, user: &User, on: bool) {
        let typing = event::typing(group, user, on);
        self.send(Broadcast::ephemeral(group, Bytes::new(), typing, Readers::But(user.id))).await;
    }

    /// Hands frames that are not stored to everyone in their group, on all nodes: to this core's sockets at once, and to
    /// those of the cores that have some at this moment.
    pub async fn send(&self, frames: Broadcast) {
        self.core.hub().share(&frames);
        self.send_here(frames).await;
    }

    /// The same on this node alone.
    async fn send_here(&self, mut frames: Broadcast) {
        if frames.text.is_empty() && frames.json.is_empty() {
            return;
        }
        self.core.hub().prepare(&mut frames);
        let elsewhere = self.core.hub().elsewhere(self.core.index(), frames.group);
        self.core.flush(&frames);
        self.core.hub().deliver_to(elsewhere, frames).await;
    }

    /// The same as [`send_here`](Self::send_here), on this core too behind what was delivered before: the last messages of one who went among them.
    async fn send_in_turn(&self, frames: Broadcast) {
        if frames.text.is_empty() && frames.json.is_empty() {
            return;
        }
        let everywhere = self.core.hub().cores_of(frames.group);
        self.core.hub().deliver_to(everywhere, frames).await;
    }

    /// Hands a line to the group's sockets in text mode on other nodes.
    fn share_line(&self, group: GroupId, line: &Bytes) {
        self.core.hub().share(&Broadcast::ephemeral(group, line.clone(), Bytes::new(), Readers::All));
    }

    /// Announces what has become due. Runs for ever.
    pub async fn run(&self) {
        loop {
            let away = self.away.borrow().front().map(|away| away.until);
            let count = self.counts.borrow().front().map(|&(due, _)| due);
            match away.into_iter().chain(count).min() {
                Some(due) => tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.changed.notified() => {}
                },
                None => self.changed.notified().await,
            }
            self.announce_due(Instant::now()).await;
        }
    }

    async fn announce_due(&self, now: Instant) {
        while let Some(away) = pop_if(&self.away, |away| away.until <= now) {
            let Some(online) = self.core.hub().expire(away.group, away.user.id, away.departed) else {
                continue;
            };
            if online <= self.members_max {
                let left = event::movement(false, away.group, &away.user);
                let others = Readers::But(away.user.id);
                self.send_here(Broadcast::ephemeral(away.group, Bytes::new(), left, others)).await;
            } else {
                self.count(away.group);
            }
        }
        while let Some((_, group)) = pop_if(&self.counts, |&(due, _)| due <= now) {
            if let Some(online) = self.core.hub().take_count(group) {
                let presence = event::presence(None, group, online, None::<std::iter::Empty<&User>>);
                self.send_here(Broadcast::ephemeral(group, Bytes::new(), presence, Readers::All)).await;
            }
        }
    }

    fn count(&self, group: GroupId) {
        if self.core.hub().claim_count(group) {
            self.counts.borrow_mut().push_back((Instant::now() + COUNT_PERIOD, group));
            self.changed.notify_one();
        }
    }
}

/// The line in text mode about a socket that came or went.
pub(super) fn line(group: &Group, user: &User, movement: Movement, is_private_chat: bool) -> Bytes {
    text::movement(&user.username, movement, (!is_private_chat).then_some(&*group.name))
}

fn pop_if<T>(queue: &RefCell<VecDeque<T>>, is_due: impl Fn(&T) -> bool) -> Option<T> {
    let mut queue = queue.borrow_mut();
    if queue.front().is_some_and(is_due) { queue.pop_front() } else { None }
}
