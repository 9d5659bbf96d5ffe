//! Who listens, on this node or another.

use std::collections::HashSet;

use super::Hub;
use crate::model::{GroupId, UserId};

impl Hub {
    /// The users who listen to the group, in ascending order, if they are at most `named_max`, and how many
    /// there are.
    pub fn online(&self, group: GroupId, named_max: usize) -> (usize, Option<Vec<UserId>>) {
        let Some(audience) = self.groups.get(&group) else { return (0, Some(Vec::new())) };
        let count = audience.online;
        let users = (count <= named_max).then(|| {
            let online = audience.users.iter().filter(|(_, attendance)| attendance.is_online());
            let mut users: Vec<_> = online.map(|(&user, _)| user).collect();
            users.sort_unstable();
            users
        });
        (count, users)
    }

    /// Which of these users listen to any group.
    pub fn online_among(&self, users: &[UserId]) -> HashSet<UserId> {
        let mut online = HashSet::new();
        for audience in self.groups.iter() {
            let listens =
                |user: &UserId| audience.users.get(user).is_some_and(|attendance| attendance.is_online());
            // Most groups are small, and most users listen to few of them.
            if audience.users.len() < users.len() {
                online.extend(audience.users.keys().filter(|user| users.contains(user) && listens(user)));
            } else {
                online.extend(users.iter().filter(|user| listens(user)));
            }
        }
        online
    }

    /// How many sockets of this user's listen to the group; of those that another node has, one is counted.
    pub fn sockets_of(&self, group: GroupId, user: UserId) -> usize {
        let audience = self.groups.get(&group);
        let attendance = audience.and_then(|audience| audience.users.get(&user).copied()).unwrap_or_default();
        attendance.sockets as usize + usize::from(attendance.remote)
    }
}
