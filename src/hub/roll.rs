//! This node's sockets by group and user, as other nodes are to be told of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dashmap::{DashMap, Entry};
use tokio::sync::Notify;

use crate::model::{GroupId, UserId};

/// A user in a group.
pub type Place = (GroupId, UserId);

/// How many sockets a user has in a group on one node, by what text mode's lines say of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sockets {
    /// Those whose lines name the group.
    pub plain: u32,
    /// Those by the path of private chats, whose lines name no group.
    pub private: u32,
}

impl Sockets {
    /// All of them; at most `u32::MAX`.
    pub fn total(self) -> u32 {
        self.plain.saturating_add(self.private)
    }
}

/// What is present here, and of which places the others have not been told yet. It grows with the users of this node
/// and their groups, and is kept only where there are other nodes.
#[derive(Debug, Default)]
pub struct Roll {
    present: DashMap<Place, Present>,
    /// Each place that changed, once.
    changed: Mutex<Vec<Place>>,
    notify: Notify,
}

#[derive(Debug, Default)]
struct Present {
    /// Known a moment after the first socket.
    username: Option<Arc<str>>,
    /// All, those of private chats among them.
    sockets: u32,
    private: u32,
    /// What the others were told last.
    told: Sockets,
    is_noted: bool,
}

/// What has changed at a place since it was told last.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The user's name.
    pub username: Arc<str>,
    /// What the others were told.
    pub before: Sockets,
    /// What they are to be told; nothing for who is gone.
    pub now: Sockets,
}

impl Present {
    fn sockets(&self) -> Sockets {
        let private = self.private.min(self.sockets);
        Sockets { plain: self.sockets - private, private }
    }
}

impl Roll {
    /// A socket came.
    pub(super) fn entered(&self, place: Place) {
        self.present.entry(place).or_default().sockets += 1;
        self.note(place);
    }

    /// A socket went.
    pub(super) fn left(&self, place: Place) {
        if let Some(mut present) = self.present.get_mut(&place) {
            present.sockets = present.sockets.saturating_sub(1);
        }
        self.note(place);
    }

    /// Whose socket it was that just came, and whether by the path of private chats.
    pub fn named(&self, place: Place, username: &Arc<str>, is_private_chat: bool) {
        let is_news = match self.present.get_mut(&place) {
            Some(mut present) => {
                present.private += u32::from(is_private_chat);
                present.username.replace(Arc::clone(username)).is_none() || is_private_chat
            }
            None => false,
        };
        if is_news {
            self.note(place);
        }
    }

    /// A socket that had come by the path of private chats is gone.
    pub fn private_left(&self, place: Place) {
        if let Some(mut present) = self.present.get_mut(&place) {
            present.private = present.private.saturating_sub(1);
        }
        self.note(place);
    }

    /// Waits until something has changed that nobody has [taken](Self::take_changed).
    pub async fn changed(&self) {
        self.notify.notified().await;
    }

    /// Whether there is such a thing.
    pub fn has_changed(&self) -> bool {
        !self.noted().is_empty()
    }

    /// The places that have changed; each is to be [told](Self::tell) or [put back](Self::put_back).
    pub fn take_changed(&self) -> Vec<Place> {
        std::mem::take(&mut self.noted())
    }

    /// Leaves these for later.
    pub fn put_back(&self, places: impl IntoIterator<Item = Place>) {
        self.noted().extend(places);
    }

    /// What the others are to be told of a place that has changed; from then on it counts as told. `None` if they know
    /// already.
    pub fn tell(&self, place: Place) -> Option<Changed> {
        let Entry::Occupied(mut entry) = self.present.entry(place) else { return None };
        let present = entry.get_mut();
        present.is_noted = false;
        let username = present.username.clone();
        let (before, now) = (present.told, present.sockets());
        // Who has no name yet gets it in a moment, and is noted anew.
        if username.is_some() {
            present.told = now;
        }
        if present.sockets == 0 {
            entry.remove();
        }
        username.filter(|_| before != now).map(|username| Changed { username, before, now })
    }

    /// All places at which somebody is present, in no order.
    pub fn places(&self) -> Vec<Place> {
        self.present.iter().map(|present| *present.key()).collect()
    }

    /// Who is present at a place, and with which sockets.
    pub fn at(&self, place: Place) -> Option<(Arc<str>, Sockets)> {
        let present = self.present.get(&place)?;
        let sockets = present.sockets();
        let username = present.username.as_ref().filter(|_| sockets.total() > 0)?;
        Some((Arc::clone(username), sockets))
    }

    /// Whether nobody is present and nothing is to be told.
    pub fn is_empty(&self) -> bool {
        self.present.is_empty() && !self.has_changed()
    }

    fn note(&self, place: Place) {
        let Some(mut present) = self.present.get_mut(&place) else { return };
        if std::mem::replace(&mut present.is_noted, true) {
            return;
        }
        drop(present);
        let mut noted = self.noted();
        noted.push(place);
        // Who was told once finds all that has come until they take it.
        if noted.len() == 1 {
            self.notify.notify_one();
        }
    }

    fn noted(&self) -> MutexGuard<'_, Vec<Place>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
