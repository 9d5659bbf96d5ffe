//! A simulation: the real writer, hub, chat, sessions and socket tasks, over a store that fails, cores that are late,
//! and connections that are slow, come in pieces or vanish, all as a seed says. What every client sees is checked
//! against what is stored.
//!
//! `GROUPCAST_SEED=n cargo test simulation` plays one seed again.

mod client;
mod commons;
mod draft;
mod frames;
mod gate;
mod ledger;
mod no_accounts;
mod nodes;
mod people;
mod pipe;
mod post;
mod server;
mod shared_log;
mod store;
mod view;
mod world;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use groupcast_kit::random;
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{sleep, timeout};

use self::client::Connection;
use self::post::post;
use self::server::Server;
use self::world::{Client, Way, World};

/// Seeds played in one run: some seconds' worth, optimised or not.
const SEEDS: u64 = if cfg!(debug_assertions) { 200 } else { 3_000 };
/// In simulated time: what is not at rest by then never is.
const PATIENCE: Duration = Duration::from_secs(300);

type Connections = Rc<RefCell<Vec<Rc<Connection>>>>;

#[expect(clippy::disallowed_methods, reason = "the seed of a run to be repeated is no setting of a server")]
#[test]
fn every_reader_gets_what_is_stored_exactly_once() {
    if let Some(seed) = std::env::var("GROUPCAST_SEED").ok().and_then(|seed| seed.parse().ok()) {
        play(seed);
        return;
    }
    let (mut waits, mut stranded) = (0, 0);
    for seed in random::seeds(SEEDS) {
        let met = play(seed);
        (waits, stranded) = (waits + met.0, stranded + met.1);
    }
    assert!(waits > 0, "no message had to wait long enough for its sender to be told");
    assert!(stranded > 0, "no server was killed between a commit and its delivery");
}

/// Answers how often a sender was told to wait, and how often a server was killed between a commit and its delivery.
fn play(seed: u64) -> (u64, u64) {
    let world = Rc::new(World::new(seed));
    let outcome = in_simulated_time(run(&world));
    if let Some(fault) = world.verdict().or(outcome.err()) {
        panic!("GROUPCAST_SEED={seed}: {fault}");
    }
    (world.waits(), world.stranded())
}

/// Does all of it on this thread, waiting for nothing but work.
fn in_simulated_time<T>(work: impl Future<Output = T>) -> T {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build_local(LocalOptions::default()).unwrap();
    runtime.block_on(work)
}

async fn run(world: &Rc<World>) -> Result<(), String> {
    let clients = clients(world, 3);
    let lives = { world.random().below(3) };
    for _ in 0..lives {
        let server = Rc::new(Server::start(world).await);
        let connections = Connections::default();
        let tasks = start(world, &server, &clients, &connections, 99);
        let life = { world.random().micros(60_000) };
        let batches = { world.random().below(30) };
        world.store.strand_after(batches);
        tokio::select! {
            () = sleep(life) => {}
            () = world.store.stranded() => world.note_stranded(),
        }
        world.store.strand_after(0);
        tasks.iter().for_each(JoinHandle::abort);
        connections.borrow().iter().for_each(|connection| connection.abort());
    }
    let server = Rc::new(Server::start(world).await);
    let connections = Connections::default();
    for task in start(world, &server, &clients, &connections, 2) {
        timeout(PATIENCE, task)
            .await
            .map_err(|_| "a client waits for ever")?
            .map_err(|error| error.to_string())?;
    }
    world.store.recover();
    let late = Connection::new(world, &server, &Rc::new(Client::new(clients.len() as i64 + 1, Way::Json)));
    late.read_all().await;
    connections.borrow_mut().push(late);
    come_to_rest(world, &connections.take(), &[server]).await
}

/// So many clients at least.
fn clients(world: &World, least: u64) -> Vec<Rc<Client>> {
    let mut random = world.random();
    (1..=(least + random.below(4)) as i64)
        .map(|id| {
            let way = match random.below(8) {
                0 => Way::Rest,
                1 => Way::Text,
                _ => Way::Json,
            };
            Rc::new(Client::new(id, way))
        })
        .collect()
}

/// Waits until all have all that is stored, and looks whether that is what it should be.
async fn come_to_rest(world: &World, all: &[Rc<Connection>], servers: &[Rc<Server>]) -> Result<(), String> {
    all.iter().for_each(|connection| connection.drain());
    all.iter().for_each(|connection| connection.catch_up());
    let mut waited = Duration::ZERO;
    loop {
        all.iter().for_each(|connection| connection.send_again());
        let unrest = all.iter().find_map(|connection| connection.unrest());
        let has_full_credit = servers.iter().all(|server| server.has_full_credit());
        match unrest.or_else(|| (!has_full_credit).then(|| "credit is missing".into())) {
            None => break,
            Some(unrest) if waited > PATIENCE => return Err(unrest),
            Some(_) => sleep(Duration::from_millis(100)).await,
        }
        waited += Duration::from_millis(100);
    }
    if let Some(difference) = all.iter().find_map(|connection| connection.difference()) {
        return Err(difference);
    }
    world.lost().map_or(Ok(()), |number| Err(format!("message {number} is lost, or was never to be stored")))
}

fn start(
    world: &Rc<World>,
    server: &Rc<Server>,
    clients: &[Rc<Client>],
    connections: &Connections,
    connections_each: u64,
) -> Vec<JoinHandle<()>> {
    clients
        .iter()
        .map(|client| {
            let (world, server, client) = (Rc::clone(world), Rc::clone(server), Rc::clone(client));
            let connections = Rc::clone(connections);
            spawn_local(async move {
                if client.way == Way::Rest {
                    return post(&world, &client, || Rc::clone(&server)).await;
                }
                for left in (0..connections_each).rev() {
                    let connection = Connection::new(&world, &server, &client);
                    connections.borrow_mut().push(Rc::clone(&connection));
                    connection.live().await;
                    if left > 0 {
                        connection.vanish();
                        connections.borrow_mut().retain(|other| !Rc::ptr_eq(other, &connection));
                    }
                }
            })
        })
        .collect()
}
