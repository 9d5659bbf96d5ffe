//! The groups that one socket reads.

use std::rc::Rc;

use crate::chat::Membership;
use crate::hub::Subscription;
use crate::model::GroupId;
use crate::transport::Transport;

/// A socket's reading of a group, and on whose behalf.
pub(super) struct ActiveSubscription<S = Transport> {
    pub(super) membership: Membership,
    pub(super) subscription: Rc<Subscription<S>>,
}

/// A socket's subscriptions, in ascending order of `group_id`.
///
/// Most sockets read one group or a few, and there is one of these for each socket: a list that is searched takes
/// a fifth of the memory of a hash map. The caller holds the bound, which is small enough that a list may move its
/// end when a subscription is put in between.
pub(super) struct ActiveSubscriptions<S = Transport>(Vec<(GroupId, ActiveSubscription<S>)>);

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

    pub(super) fn get(&self, group: GroupId) -> Option<&ActiveSubscription<S>> {
        self.find(group).ok().map(|index| &self.0[index].1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ActiveSubscription<S>> {
        self.0.iter().map(|(_, active)| active)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut ActiveSubscription<S>> {
        self.0.iter_mut().map(|(_, active)| active)
    }

    /// Puts one in; answers that of the same group that was there.
    pub(super) fn insert(&mut self, active: ActiveSubscription<S>) -> Option<ActiveSubscription<S>> {
        let group = active.membership.group.id;
        match self.find(group) {
            Ok(index) => Some(std::mem::replace(&mut self.0[index].1, active)),
            Err(index) => {
                if self.0.len() == self.0.capacity() {
                    // Doubled from 1; a list that grows by itself begins with 4.
                    self.0.reserve_exact(self.0.len().max(1));
                }
                self.0.insert(index, (group, active));
                None
            }
        }
    }

    pub(super) fn remove(&mut self, group: GroupId) -> Option<ActiveSubscription<S>> {
        let index = self.find(group).ok()?;
        let (_, active) = self.0.remove(index);
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
    fn an_active_subscription_is_small() {
        let size = size_of::<(GroupId, ActiveSubscription)>();
        assert!(size <= 48, "{size} bytes");
    }
}
