use std::collections::BTreeMap;

use groupcast_kit::random::{self, Random};

use super::*;

const CORES: usize = 3;

/// A socket in a group.
type Socket = (u16, GroupId, UserId, Mode);

/// Every socket by itself, and what is remembered of users who went.
#[derive(Default)]
struct Model {
    sockets: Vec<Socket>,
    /// Users who went and may come back unnoticed, with the number that their time ends by.
    away: BTreeMap<(i64, i64), u16>,
}

impl Model {
    fn users(&self, group: GroupId) -> Vec<UserId> {
        let mut users: Vec<_> = self.sockets.iter().filter(|s| s.1 == group).map(|s| s.2).collect();
        users.sort_unstable();
        users.dedup();
        users
    }

    fn count(&self, group: GroupId, mode: Mode) -> u32 {
        self.sockets.iter().filter(|s| s.1 == group && s.3 == mode).count() as u32
    }

    fn listeners(&self, group: GroupId) -> Listeners {
        Listeners { text: self.count(group, Mode::Text), json: self.count(group, Mode::Json), remote: 0 }
    }

    fn is_listening(&self, group: GroupId, user: UserId) -> bool {
        self.sockets.iter().any(|s| s.1 == group && s.2 == user)
    }

    fn cores(&self, group: GroupId, but: u16) -> Vec<u16> {
        let mut cores: Vec<_> =
            self.sockets.iter().filter(|s| s.1 == group && s.0 != but).map(|s| s.0).collect();
        cores.sort_unstable();
        cores.dedup();
        cores
    }
}

fn play(seed: u64) {
    let mut random = Random::new(seed);
    let (hub, _inboxes) = Hub::new(CORES);
    let mut model = Model::default();
    // Every departure that was ever told of, also those that no longer count.
    let mut departures: Vec<(GroupId, UserId, u16)> = Vec::new();
    for _ in 0..random.below(80) {
        let group = GroupId(random.below(2) as i64);
        let user = UserId(random.below(4) as i64);
        match random.below(6) {
            0..=2 => {
                let mode = if random.below(2) == 0 { Mode::Text } else { Mode::Json };
                let core = random.below(CORES as u64) as u16;
                let was_gone =
                    !model.is_listening(group, user) && !model.away.contains_key(&(group.0, user.0));
                let arrival = hub.enter(core, group, user, mode);
                model.sockets.push((core, group, user, mode));
                model.away.remove(&(group.0, user.0));
                assert_eq!(arrival.is_new, was_gone, "seed {seed}: {user} in {group}");
                assert_eq!(arrival.listeners, model.listeners(group), "seed {seed}");
                assert_eq!(arrival.online, model.users(group).len(), "seed {seed}");
            }
            3 | 4 if !model.sockets.is_empty() => {
                let index = random.below(model.sockets.len() as u64) as usize;
                let (core, group, user, mode) = model.sockets.swap_remove(index);
                let departure = hub.leave(core, group, user, mode);
                let is_last = !model.is_listening(group, user);
                assert_eq!(departure.departed.is_some(), is_last, "seed {seed}: {user} in {group}");
                assert_eq!(departure.listeners, model.listeners(group), "seed {seed}");
                if let Some(departed) = departure.departed {
                    model.away.insert((group.0, user.0), departed);
                    departures.push((group, user, departed));
                }
            }
            _ if !departures.is_empty() => {
                let index = random.below(departures.len() as u64) as usize;
                let (group, user, departed) = departures.swap_remove(index);
                let is_due = model.away.get(&(group.0, user.0)) == Some(&departed);
                let online = hub.expire(group, user, departed);
                assert_eq!(
                    online,
                    is_due.then(|| model.users(group).len()),
                    "seed {seed}: {user} in {group}"
                );
                if is_due {
                    model.away.remove(&(group.0, user.0));
                }
            }
            _ => {}
        }
        for group in [GroupId(0), GroupId(1)] {
            let users = model.users(group);
            assert_eq!(hub.listeners(group), model.listeners(group), "seed {seed}");
            assert_eq!(hub.online(group, usize::MAX), (users.len(), Some(users)), "seed {seed}");
            assert_eq!(hub.elsewhere(1, group), model.cores(group, 1), "seed {seed}");
        }
    }
    // Nothing is remembered of groups that all have left for good.
    model.sockets.iter().for_each(|&(core, group, user, mode)| {
        departures
            .extend(hub.leave(core, group, user, mode).departed.map(|departed| (group, user, departed)));
    });
    departures.iter().for_each(|&(group, user, departed)| _ = hub.expire(group, user, departed));
    assert!(hub.groups.is_empty(), "seed {seed}: {:?}", hub.groups);
}

#[test]
fn the_directory_counts_as_one_would_by_hand() {
    random::seeds(2_000).for_each(play);
}
