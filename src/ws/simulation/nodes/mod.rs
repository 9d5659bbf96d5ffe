//! The same with several nodes on one database: they are killed, frozen and cut off, and what carries between them loses,
//! doubles and reorders. What no reader may notice of a single server, none may notice of these.

mod fleet;
mod net;
mod trouble;

use std::rc::Rc;
use std::time::Duration;

use groupcast_kit::random::{self, Random};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep, timeout};

use self::fleet::Fleet;
use self::net::Cut;
use super::client::Connection;
use super::post::post;
use super::world::{Client, Way, World};
use super::{PATIENCE, clients, come_to_rest, in_simulated_time};
use crate::model::UserId;

/// Seeds played in one run on each of two threads.
const SEEDS: u64 = if cfg!(debug_assertions) { 1_000 } else { 10_000 };
/// Those that are played in each run.
const FIXED_SEEDS: u64 = SEEDS / 4;
/// How long a message may take to all readers where nothing carries.
const LATE_MAX: Duration = Duration::from_secs(1);
/// The same where something does: the delays of the model and no more.
const SOON_MAX: Duration = Duration::from_millis(50);

#[expect(clippy::disallowed_methods, reason = "the seed of a run to be repeated is no setting of a server")]
#[test]
fn every_reader_of_any_node_gets_what_is_stored_exactly_once() {
    if let Some(seed) = std::env::var("GROUPCAST_SEED").ok().and_then(|seed| seed.parse().ok()) {
        play(seed);
        return;
    }
    let halves = [0, 1].map(|half| {
        std::thread::spawn(move || {
            let fixed = (0..FIXED_SEEDS).map(|seed| 2 * seed + half);
            let stranded: u64 = fixed.chain(random::seeds(SEEDS - FIXED_SEEDS)).map(play).sum();
            assert!(stranded > 0, "no node was killed between a commit and its delivery");
        })
    });
    halves.into_iter().for_each(|half| half.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault)));
}

/// Answers how often a node was killed between a commit and its delivery.
fn play(seed: u64) -> u64 {
    let world = Rc::new(World::new_shared(seed));
    let outcome = in_simulated_time(run(&world, Random::stream(seed, 1)));
    if let Some(fault) = world.verdict().or(outcome.err()) {
        panic!("GROUPCAST_SEED={seed}: {fault}");
    }
    world.stranded()
}

async fn run(world: &Rc<World>, random: Random) -> Result<(), String> {
    let count = { 2 + world.random().size(3) };
    let fleet = Rc::new(Fleet::start(world, count, random).await);
    let clients = clients(world, 2);
    let mut tasks: Vec<JoinHandle<()>> = clients
        .iter()
        .map(|client| spawn_local(roam(Rc::clone(world), Rc::clone(&fleet), Rc::clone(client))))
        .collect();
    let strikes = { world.random().below(6) };
    for _ in 0..strikes {
        sleep(world.pause(20_000)).await;
        tasks.push(trouble::strike(world, &fleet));
    }
    if let Some(client) = clients.iter().find(|client| client.way == Way::Json)
        && world.random().chance(40)
    {
        let (world, fleet, user) = (Rc::clone(world), Rc::clone(&fleet), client.user.id);
        tasks.push(spawn_local(async move {
            sleep(world.pause(40_000)).await;
            let group = world.group();
            trouble::kick(&world, &fleet, group, user).await;
        }));
    }
    finish(tasks).await?;
    if world.random().chance(3) {
        // Groups that nobody reads are forgotten.
        sleep(Duration::from_secs(80)).await;
    }
    let stay =
        |client: &Rc<Client>| spawn_local(stay(Rc::clone(world), Rc::clone(&fleet), Rc::clone(client)));
    finish(clients.iter().map(stay).collect()).await?;
    world.store.recover();
    fleet.calm();
    let late =
        Connection::new(world, &fleet.any(), &Rc::new(Client::new(clients.len() as i64 + 1, Way::Json)));
    late.read_all().await;
    fleet.connections.borrow_mut().push(late);
    let all = fleet.connections.take();
    come_to_rest(world, &all, &fleet.servers()).await?;
    for cut in [Cut::No, Cut::Known, Cut::Silent] {
        (0..fleet.len()).for_each(|index| fleet.cut(&fleet.member(index), cut));
        probe(world, &fleet, &all, cut != Cut::No).await?;
    }
    come_to_rest(world, &all, &fleet.servers()).await
}

async fn finish(tasks: Vec<JoinHandle<()>>) -> Result<(), String> {
    for task in tasks {
        let done = timeout(PATIENCE, task).await.map_err(|_| "somebody waits for ever")?;
        done.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Comes in now and then, wherever there is a node, and goes again.
async fn roam(world: Rc<World>, fleet: Rc<Fleet>, client: Rc<Client>) {
    if client.way == Way::Rest {
        return post(&world, &client, || fleet.any()).await;
    }
    let times = { 1 + world.random().below(2) };
    for _ in 0..times {
        let connection = connect(&world, &fleet, &client);
        let patience = world.pause(100_000);
        tokio::select! {
            biased;
            () = connection.server().killed.cancelled() => {}
            () = connection.live() => {}
            () = sleep(patience) => {}
        }
        connection.vanish();
        fleet.connections.borrow_mut().retain(|other| !Rc::ptr_eq(other, &connection));
        sleep(world.pause(2_000)).await;
    }
}

/// Comes in, and stays.
async fn stay(world: Rc<World>, fleet: Rc<Fleet>, client: Rc<Client>) {
    if client.way == Way::Rest {
        return post(&world, &client, || fleet.any()).await;
    }
    loop {
        let connection = connect(&world, &fleet, &client);
        connection.live().await;
        if !connection.is_closed() {
            return;
        }
        fleet.connections.borrow_mut().retain(|other| !Rc::ptr_eq(other, &connection));
    }
}

fn connect(world: &Rc<World>, fleet: &Fleet, client: &Rc<Client>) -> Rc<Connection> {
    let connection = Connection::new(world, &fleet.any(), client);
    fleet.connections.borrow_mut().push(Rc::clone(&connection));
    connection
}

/// Stores a message, which all readers are to have in time.
async fn probe(world: &Rc<World>, fleet: &Fleet, all: &[Rc<Connection>], is_cut: bool) -> Result<(), String> {
    let sender = Client::new(UserId(2_000).0, Way::Text);
    let number = world.compose(&sender, world.group());
    let entry = world.entry(number);
    // What is too large to be carried is found as if nothing carried.
    let within = if is_cut || entry.content_bytes() > 1_000 { LATE_MAX } else { SOON_MAX };
    // Whatever it is, stored or refused, all is known of it then.
    _ = fleet.any().writer.store(entry).await;
    let stored_at = Instant::now();
    while let Some(unrest) = all.iter().find_map(|connection| connection.unrest()) {
        if stored_at.elapsed() > within {
            return Err(format!("{within:?} after its ack: {unrest}"));
        }
        sleep(within / 50).await;
    }
    Ok(())
}
