//! A simulation: several nodes, each with the real hub, core, notifier and presence, over a carrier that loses, doubles and
//! delays, nodes that are killed, stopped and cut off, and users who come, go and move, all as a seed says.
//!
//! `GROUPCAST_SEED=n cargo test presence_simulation` plays one seed again.

mod node;
mod socket;
mod world;

use std::rc::Rc;
use std::time::Duration;

use groupcast_kit::random;
use tokio::runtime::{Builder, LocalOptions};
use tokio::time::{Instant, sleep};

use self::node::Node;
use self::socket::Socket;
use self::world::{GROUPS, World};
use crate::model::GroupId;
use crate::protocol::Mode;

/// Seeds played in one run.
const SEEDS: u64 = if cfg!(debug_assertions) { 60 } else { 1_000 };
/// By then all is known after payloads arrive again: a digest, a question that may have been put just before, an answer.
const KNOWN: Duration = Duration::from_secs(6);
/// And by then all is told of who did not come back.
const TOLD: Duration = Duration::from_secs(6);
/// By then it is known that a node is dead.
const DEAD: Duration = Duration::from_secs(12);
/// Which users may move in without being told of.
const MOVE: Duration = Duration::from_secs(4);
const SOON: Duration = Duration::from_millis(200);

fn simulate<F: Future<Output = ()>>(run: F) {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build_local(LocalOptions::default()).unwrap().block_on(run);
}

#[expect(clippy::disallowed_methods, reason = "the seed of a run to be repeated is no setting of a server")]
#[test]
fn all_nodes_come_to_know_the_same() {
    match std::env::var("GROUPCAST_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => simulate(play(seed)),
        None => random::seeds(SEEDS).for_each(|seed| simulate(play(seed))),
    }
}

async fn play(seed: u64) {
    let world = World::new(seed, 100);
    let fail = |fault: Option<String>| {
        if let Some(fault) = fault {
            panic!("GROUPCAST_SEED={seed}: {fault}");
        }
    };
    for _ in 0..3 {
        world.start().await;
    }
    for _ in 0..2 {
        world.is_faulty.set(true);
        let steps = { world.random.borrow_mut().size(150) };
        for _ in 0..steps {
            step(&world).await;
            fail(world.told_wrongly(false));
        }
        world.is_faulty.set(false);
        world.nodes.borrow().iter().for_each(|node| node.is_cut.set(false));
        // Also of what the last ones did; what is late is still under way.
        sleep(DEAD + KNOWN).await;
        fail(world.fault());
        sleep(TOLD).await;
        fail(world.told_wrongly(true));
        assert!(world.nodes.borrow().iter().all(|node| node.presence.is_whole()), "GROUPCAST_SEED={seed}");
    }
    let nodes = world.nodes.borrow().clone();
    for node in &nodes {
        let sockets = node.sockets.borrow().clone();
        for socket in sockets {
            node.leave(&socket).await;
        }
    }
    sleep(KNOWN + TOLD).await;
    for node in &nodes {
        assert_eq!(node.presence.counts().remote_users, 0, "GROUPCAST_SEED={seed}");
        assert!(node.hub.is_forgotten(), "GROUPCAST_SEED={seed}: {:?}", node.hub);
    }
}

async fn step(world: &World) {
    let (kind, pause, group, user) = {
        let mut random = world.random.borrow_mut();
        let pause = if random.chance(10) { random.below(8_000) } else { random.below(300) };
        (random.below(100), pause, 1 + random.below(GROUPS as u64) as i64, 1 + random.below(5) as i64)
    };
    sleep(Duration::from_millis(pause)).await;
    let node = {
        let nodes = world.nodes.borrow();
        Rc::clone(&nodes[world.random.borrow_mut().size(nodes.len())])
    };
    let is_one_of_few = world.nodes.borrow().len() < 4;
    match kind {
        0..45 => {
            drop(node.enter(group, user, [Mode::Text, Mode::Json][(kind % 2) as usize], kind < 10).await)
        }
        45..85 => {
            let sockets = node.sockets.borrow().clone();
            let of_users: Vec<_> = sockets.iter().filter(|socket| socket.member.user.id.0 < 100).collect();
            if !of_users.is_empty() {
                let index = { world.random.borrow_mut().size(of_users.len()) };
                node.leave(of_users[index]).await;
            }
        }
        85..90 if is_one_of_few => drop(world.start().await),
        90..93 if !is_one_of_few => world.kill(&node),
        93..95 if !is_one_of_few => world.stop(&node),
        95..100 => node.is_cut.set(!node.is_cut.get()),
        _ => {}
    }
}

/// Three nodes that know of each other, and what is told on the last two.
async fn three(world: &World) -> ([Rc<Node>; 3], Vec<Rc<Socket>>) {
    let ((a, _), (b, on_b), (c, on_c)) = (world.start().await, world.start().await, world.start().await);
    sleep(TOLD).await;
    ([a, b, c], [on_b[0].clone(), on_c[0].clone()].into())
}

fn movements(observers: &[Rc<Socket>]) -> Vec<usize> {
    observers.iter().map(|observer| observer.movements()).collect()
}

#[test]
fn a_user_on_several_nodes_is_one() {
    simulate(async {
        let world = World::new(1, 100);
        let ([a, b, _c], observers) = three(&world).await;
        let before = movements(&observers);
        let one = a.enter(1, 1, Mode::Json, false).await;
        sleep(SOON).await;
        let joined: Vec<usize> = before.iter().map(|count| count + 1).collect();
        assert_eq!(movements(&observers), joined);
        let other = b.enter(1, 1, Mode::Text, false).await;
        sleep(TOLD).await;
        a.leave(&one).await;
        sleep(TOLD).await;
        assert_eq!(movements(&observers), joined);
        assert_eq!(world.fault(), None);
        b.leave(&other).await;
        sleep(MOVE).await;
        assert_eq!(movements(&observers), joined);
        sleep(TOLD).await;
        assert_eq!(movements(&observers), joined.iter().map(|count| count + 1).collect::<Vec<_>>());
        assert_eq!(world.fault(), None);
    });
}

#[test]
fn who_moves_is_shown_neither_as_left_nor_as_joined() {
    simulate(async {
        let world = World::new(2, 100);
        let ([a, b, c], observers) = three(&world).await;
        let mut socket = a.enter(1, 1, Mode::Json, false).await;
        sleep(SOON).await;
        let before = movements(&observers);
        for (from, to) in [(&a, &b), (&b, &c), (&c, &b), (&b, &a)] {
            from.leave(&socket).await;
            sleep(MOVE).await;
            socket = to.enter(1, 1, Mode::Json, false).await;
            sleep(TOLD).await;
        }
        assert_eq!(movements(&observers), before);
        // The same from a node that is killed, and from one that stops; whoever was only there is told of.
        let has_gone = before.iter().map(|count| count + 1).collect::<Vec<_>>();
        world.kill(&a);
        sleep(MOVE).await;
        let _back = b.enter(1, 1, Mode::Json, false).await;
        sleep(DEAD + TOLD).await;
        assert_eq!(movements(&observers), has_gone);
        assert_eq!((world.fault(), world.told_wrongly(true)), (None, None));
        world.stop(&b);
        sleep(MOVE).await;
        let _back = c.enter(1, 1, Mode::Json, false).await;
        sleep(TOLD).await;
        assert_eq!(movements(&observers[1..]), [has_gone[1] + 1]);
        assert_eq!((world.fault(), world.told_wrongly(true)), (None, None));
    });
}

#[test]
fn users_of_a_lost_node_are_gone_in_time_and_told_of_once() {
    for is_killed in [true, false] {
        simulate(async {
            let world = World::new(3, 100);
            let ([a, b, _c], observers) = three(&world).await;
            for (mode, is_private) in
                [(Mode::Text, false), (Mode::Text, false), (Mode::Text, true), (Mode::Json, false)]
            {
                a.enter(1, 1, mode, is_private).await;
            }
            sleep(SOON).await;
            let (before, reader) = (movements(&observers), b.enter(1, 2, Mode::Text, false).await);
            sleep(SOON).await;
            reader.news();
            let lost = Instant::now();
            if is_killed {
                world.kill(&a)
            } else {
                world.stop(&a)
            }
            while let Some(fault) = world.fault() {
                assert!(lost.elapsed() < DEAD, "{fault}");
                sleep(SOON).await;
            }
            assert!(lost.elapsed() < if is_killed { DEAD } else { 2 * SOON }, "{:?}", lost.elapsed());
            sleep(TOLD).await;
            // The user, the observer of that node, and the reader, who came meanwhile.
            assert_eq!(movements(&observers), before.iter().map(|count| count + 3).collect::<Vec<_>>());
            let mut lines = reader.news();
            lines.sort();
            let left = "user1 left group1.";
            assert_eq!(lines, [left, left, left, "user1 left the chat.", "user101 left group1."]);
            sleep(2 * DEAD).await;
            assert_eq!((reader.news(), world.told_wrongly(true)), (vec![], None));
        });
    }
}

#[test]
fn lines_cross_once_and_a_large_group_is_told_a_number() {
    simulate(async {
        let world = World::new(4, 100);
        let ([a, b, _c], _) = three(&world).await;
        let reader = b.enter(1, 2, Mode::Text, false).await;
        sleep(SOON).await;
        reader.news();
        let socket = a.enter(1, 1, Mode::Text, false).await;
        sleep(SOON).await;
        assert_eq!(reader.news(), ["user1 joined group1."]);
        a.leave(&socket).await;
        sleep(TOLD).await;
        assert_eq!(reader.news(), ["user1 left group1."]);

        let world = World::new(5, 2);
        let ((a, _), (_b, observers)) = (world.start().await, world.start().await);
        sleep(TOLD).await;
        observers[0].news();
        let socket = a.enter(1, 1, Mode::Json, false).await;
        sleep(2 * SOON).await;
        assert!(observers[0].news().is_empty());
        sleep(Duration::from_secs(1)).await;
        assert_eq!(observers[0].news(), [r#"{"type":"presence","group_id":1,"online":3}"#]);
        // As small as it is then, the user is named.
        a.leave(&socket).await;
        sleep(TOLD).await;
        let left = r#"{"type":"left","group_id":1,"user_id":1,"username":"user1"}"#;
        assert_eq!(observers[0].news(), [left]);
        assert_eq!(world.nodes.borrow()[1].hub.online(GroupId(1), 0).0, 2);
    });
}

#[test]
fn without_a_way_to_others_nobody_vanishes_and_it_is_made_up_for() {
    simulate(async {
        let world = World::new(6, 100);
        let ([a, b, _c], observers) = three(&world).await;
        let socket = a.enter(1, 1, Mode::Json, false).await;
        sleep(SOON).await;
        let before = movements(&observers);
        // The database sees all of them.
        world.is_away.set(true);
        sleep(5 * DEAD).await;
        assert_eq!(movements(&observers), before);
        a.leave(&socket).await;
        let _other = a.enter(1, 2, Mode::Json, false).await;
        sleep(TOLD).await;
        assert_eq!(b.hub.online(GroupId(1), 10).0, 4);
        world.is_away.set(false);
        sleep(KNOWN).await;
        assert_eq!(world.fault(), None);
        sleep(TOLD).await;
        assert_eq!(movements(&observers), before.iter().map(|count| count + 2).collect::<Vec<_>>());
        assert_eq!(world.told_wrongly(true), None);
    });
}
