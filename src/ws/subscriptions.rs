//! The groups that one socket reads.

use tokio::net::TcpStream;

use super::session::ActiveSubscription;
use crate::model::GroupId;

/// A socket's subscriptions, in the order of their groups' numbers.
///
/// Most sockets read one group or a few, and there is one of these for each socket: a list that is searched takes
/// a fifth of the memory of a hash map. The caller holds the bound, which is small enough that a list may move its
/// end when a active is put in between.
pub(super) struct ActiveSubscriptions<S = TcpStream>(Vec<(GroupId, ActiveSubscription<S>)>);

impl<S> Default for ActiveSubscriptions<S> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<S> ActiveSubscriptions<S> {
    /// How many groups are read.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The active in this group.
    pub(super) fn get(&self, group: GroupId) -> Option<&ActiveSubscription<S>> {
        self.find(group).ok().map(|place| &self.0[place].1)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &ActiveSubscription<S>> {
        self.0.iter().map(|(_, active)| active)
    }

    /// Puts a active in; answers the one that was there.
    pub(super) fn insert(
        &mut self,
        group: GroupId,
        active: ActiveSubscription<S>,
    ) -> Option<ActiveSubscription<S>> {
        match self.find(group) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place].1, active)),
            Err(place) => {
                if self.0.len() == self.0.capacity() {
                    // Doubled from 1; a list that grows by itself begins with 4.
                    self.0.reserve_exact(self.0.len().max(1));
                }
                self.0.insert(place, (group, active));
                None
            }
        }
    }

    /// Takes the active out.
    pub(super) fn remove(&mut self, group: GroupId) -> Option<ActiveSubscription<S>> {
        let place = self.find(group).ok()?;
        let (_, active) = self.0.remove(place);
        if self.0.capacity() > 4 * self.0.len() {
            self.0.shrink_to(2 * self.0.len());
        }
        Some(active)
    }

    /// Takes all of them out.
    pub(super) fn take(&mut self) -> impl Iterator<Item = ActiveSubscription<S>> + use<S> {
        std::mem::take(&mut self.0).into_iter().map(|(_, active)| active)
    }

    fn find(&self, group: GroupId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&group, |&(group, _)| group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket in JSON mode has one of these for each group that it reads.
    #[test]
    fn a_seat_is_small() {
        let size = size_of::<(GroupId, ActiveSubscription)>();
        assert!(size <= 48, "{size} bytes");
    }
}
