//! The groups that one socket reads.

use tokio::net::TcpStream;

use super::session::Seat;
use crate::model::GroupId;

/// A socket's seats, in the order of their groups' numbers.
///
/// Most sockets read one group or a few, and there is one of these for each socket: a list that is searched takes
/// a fifth of the memory of a hash map. The caller holds the bound, which is small enough that a list may move its
/// end when a seat is put in between.
pub(super) struct Seats<S = TcpStream>(Vec<(GroupId, Seat<S>)>);

impl<S> Default for Seats<S> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<S> Seats<S> {
    /// How many groups are read.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The seat in this group.
    pub(super) fn get(&self, group: GroupId) -> Option<&Seat<S>> {
        self.find(group).ok().map(|place| &self.0[place].1)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Seat<S>> {
        self.0.iter().map(|(_, seat)| seat)
    }

    /// Puts a seat in; answers the one that was there.
    pub(super) fn insert(&mut self, group: GroupId, seat: Seat<S>) -> Option<Seat<S>> {
        match self.find(group) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place].1, seat)),
            Err(place) => {
                if self.0.len() == self.0.capacity() {
                    // Doubled from 1; a list that grows by itself begins with 4.
                    self.0.reserve_exact(self.0.len().max(1));
                }
                self.0.insert(place, (group, seat));
                None
            }
        }
    }

    /// Takes the seat out.
    pub(super) fn remove(&mut self, group: GroupId) -> Option<Seat<S>> {
        let place = self.find(group).ok()?;
        let (_, seat) = self.0.remove(place);
        if self.0.capacity() > 4 * self.0.len() {
            self.0.shrink_to(2 * self.0.len());
        }
        Some(seat)
    }

    /// Takes all of them out.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Seat<S>> + use<S> {
        std::mem::take(&mut self.0).into_iter().map(|(_, seat)| seat)
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
        let size = size_of::<(GroupId, Seat)>();
        assert!(size <= 48, "{size} bytes");
    }
}
