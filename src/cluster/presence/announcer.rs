//! What this node's sockets are told of users on other nodes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use super::GroupNames;
use super::other::Step;
use crate::hub::{Broadcast, Hub, Place, Readers, Sockets};
use crate::model::{GroupId, User};
use crate::protocol::event;
use crate::protocol::text::{self, Movement};

/// How long a user may be away before the readers in JSON mode are told, as of users of this node.
const GRACE: Duration = Duration::from_secs(5);
/// How often at most a large group is told how many are online.
const COUNT_PERIOD: Duration = Duration::from_secs(1);
/// How long the name of a group is waited for. The lines are left out if it does not come.
const NAME_TIMEOUT: Duration = Duration::from_secs(1);

/// Moves users of other nodes in and out of the hub, and finds out what is to be told of it, in this order.
#[derive(Debug)]
pub(super) struct Announcer {
    /// Users online, and sockets, up to which each is announced.
    members_max: usize,
    ready: VecDeque<Announcement>,
    /// Users of whom no node has a socket any more, oldest first.
    away: VecDeque<Away>,
    /// Large groups that will be told their number, first due first.
    counts: VecDeque<(Instant, GroupId)>,
}

#[derive(Debug)]
struct Away {
    until: Instant,
    place: Place,
    username: Arc<str>,
    departed: u16,
}

/// Something to tell.
#[derive(Debug)]
pub(super) enum Announcement {
    /// A user came or went, for JSON mode.
    Movement(Movement, Place, Arc<str>),
    /// Sockets are lost, for text mode.
    Lost(Place, Arc<str>, Sockets),
    /// How many are online, for JSON mode.
    Count(GroupId, usize),
}

/// What an announcer is asked for.
#[derive(Debug)]
pub(super) enum Next {
    /// This is to be told.
    Tell(Announcement),
    /// Nothing before that.
    Wait(Option<Instant>),
}

impl Announcer {
    /// Nothing to tell yet.
    pub(super) fn new(members_max: usize) -> Self {
        let (ready, away, counts) = Default::default();
        Self { members_max, ready, away, counts }
    }

    /// How much is waiting to be told.
    pub(super) fn waiting(&self) -> usize {
        self.ready.len()
    }

    /// Takes in what changed on another node. Of sockets that `are_lost` it has told nobody.
    pub(super) fn step(&mut self, hub: &Hub, step: Step, are_lost: bool, now: Instant) {
        let Step { place: (group, user), username, before, now: sockets } = step;
        match (before.total(), sockets.total()) {
            (0, count) => {
                let seen = hub.appear(group, user, count);
                if seen.is_new && seen.listeners.json > 0 {
                    self.announce(hub, Movement::Joined, (group, user), username, seen.online, now);
                }
            }
            (count, 0) => {
                let vanished = hub.vanish(group, user, count);
                let listeners = vanished.listeners;
                if are_lost && listeners.text > 0 && listeners.total() <= self.members_max {
                    // Had they gone one by one, so many would have found the group small enough.
                    let told = u32::try_from(self.members_max - listeners.total() + 1).unwrap_or(u32::MAX);
                    let plain = before.plain.min(told);
                    let told = Sockets { plain, private: before.private.min(told - plain) };
                    if told.total() > 0 {
                        let username = Arc::clone(&username);
                        self.ready.push_back(Announcement::Lost((group, user), username, told));
                    }
                }
                if let Some(departed) = vanished.departed {
                    self.away.push_back(Away {
                        until: now + GRACE,
                        place: (group, user),
                        username,
                        departed,
                    });
                }
            }
            (before, now) => hub.recount(group, before, now),
        }
    }

    /// What is to be told next.
    pub(super) fn next(&mut self, hub: &Hub, now: Instant) -> Next {
        loop {
            if let Some(announcement) = self.ready.pop_front() {
                return Next::Tell(announcement);
            }
            if let Some(away) = self.away.pop_front_if(|away| away.until <= now) {
                self.expire(hub, away, now);
            } else if let Some((_, group)) = self.counts.pop_front_if(|(due, _)| *due <= now) {
                let count = hub.take_count(group);
                self.ready.extend(count.map(|online| Announcement::Count(group, online)));
            } else {
                let away = self.away.front().map(|away| away.until);
                let count = self.counts.front().map(|&(due, _)| due);
                return Next::Wait(away.into_iter().chain(count).min());
            }
        }
    }

    fn expire(&mut self, hub: &Hub, away: Away, now: Instant) {
        let Away { place: (group, user), username, departed, .. } = away;
        let Some(online) = hub.expire(group, user, departed) else { return };
        if hub.listeners(group).json > 0 {
            self.announce(hub, Movement::Left, (group, user), username, online, now);
        }
    }

    /// Names who came or went where so few are online, else says soon how many are.
    fn announce(
        &mut self,
        hub: &Hub,
        movement: Movement,
        place: Place,
        username: Arc<str>,
        online: usize,
        now: Instant,
    ) {
        if online <= self.members_max {
            self.ready.push_back(Announcement::Movement(movement, place, username));
        } else if hub.claim_count(place.0) {
            self.counts.push_back((now + COUNT_PERIOD, place.0));
        }
    }
}

impl Announcement {
    /// Tells those of this node's sockets whom it concerns. Waits while a core has 1,024 events before it, and for the
    /// name of a group.
    pub(super) async fn tell(self, hub: &Hub, names: &dyn GroupNames) {
        let frames = match self {
            Self::Movement(movement, (group, id), username) => {
                // The event names no more of a user than is known here.
                let user = User { id, username, email: "".into(), is_admin: false };
                let json = event::movement(movement == Movement::Joined, group, &user);
                Broadcast::ephemeral(group, Bytes::new(), json, Readers::But(id))
            }
            Self::Lost((group, _), username, sockets) => {
                let mut lines = Vec::new();
                if sockets.plain > 0 {
                    let name = timeout(NAME_TIMEOUT, names.group_name(group)).await.ok().flatten();
                    if let Some(name) = name {
                        put_lines(&mut lines, sockets.plain, &username, Some(&name));
                    }
                }
                put_lines(&mut lines, sockets.private, &username, None);
                Broadcast::ephemeral(group, lines.into(), Bytes::new(), Readers::All)
            }
            Self::Count(group, online) => {
                let json = event::presence(None, group, online, None::<std::iter::Empty<&User>>);
                Broadcast::ephemeral(group, Bytes::new(), json, Readers::All)
            }
        };
        if !frames.text.is_empty() || !frames.json.is_empty() {
            hub.deliver_to(hub.cores_of(frames.group), frames).await;
        }
    }
}

/// Adds a line for each of so many sockets that are lost.
fn put_lines(lines: &mut Vec<u8>, sockets: u32, username: &str, group: Option<&str>) {
    if sockets > 0 {
        let line = text::movement(username, Movement::Left, group);
        (0..sockets).for_each(|_| lines.extend_from_slice(&line));
    }
}
