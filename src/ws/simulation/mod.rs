//! A simulation: the real writer, hub, chat, sessions and socket tasks, over a store that fails, cores that are late,
//! and connections that are slow, come in pieces or vanish, all as a seed says. What every client sees is checked
//! against what is stored.
//!
//! `GROUPCAST_SEED=n cargo test simulation` plays one seed again.

mod client;
mod draft;
mod frames;
mod ledger;
mod no_accounts;
mod pipe;
mod server;
mod store;
mod view;
mod world;

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use groupcast_kit::random;
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{sleep, timeout};

use self::client::Connection;
use self::server::Server;
use self::world::{Client, Way, World};
use crate::writer::{Place, Receipt, WriteError};

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
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build_local(LocalOptions::default()).unwrap();
    let world = Rc::new(World::new(seed));
    let outcome = runtime.block_on(run(&world));
    if let Some(fault) = world.verdict().or(outcome.err()) {
        panic!("GROUPCAST_SEED={seed}: {fault}");
    }
    (world.waits(), world.stranded())
}

async fn run(world: &Rc<World>) -> Result<(), String> {
    let clients: Vec<Rc<Client>> = {
        let mut random = world.random();
        (1..=3 + random.below(4) as i64)
            .map(|id| {
                let way = match random.below(8) {
                    0 => Way::Rest,
                    1 => Way::Text,
                    _ => Way::Json,
                };
                Rc::new(Client::new(id, way))
            })
            .collect()
    };
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
    let all = connections.take();
    all.iter().for_each(|connection| connection.drain());
    all.iter().for_each(|connection| connection.catch_up());
    let mut waited = Duration::ZERO;
    loop {
        all.iter().for_each(|connection| connection.send_again());
        let unrest = all.iter().find_map(|connection| connection.unrest());
        match unrest.or_else(|| (!server.has_full_credit()).then(|| "credit is missing".into())) {
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
                    return post(&world, &server, &client).await;
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

/// Sends messages and changes without a socket, each until it is answered.
async fn post(world: &Rc<World>, server: &Server, client: &Client) {
    let mut numbers = world.retries(client);
    let count = { world.random().size(20) };
    numbers.extend((0..count).map(|_| {
        let group = world.group();
        world.compose(client, group)
    }));
    for number in numbers {
        loop {
            let pause = { world.random().micros(2_000) };
            sleep(pause).await;
            let entry = world.entry(number);
            let group = entry.group.id;
            let request = Some(number as u64);
            let mut storing = pin!(server.writer.store(entry));
            let answer = if world.random().chance(30) {
                tokio::select! {
                    biased;
                    answer = &mut storing => answer,
                    () = server.writer.flush() => storing.now_or_never().unwrap_or_else(|| {
                        world.fault(format!("{number} is not answered, but all before a flush is said to be"));
                        Err(WriteError::Unavailable)
                    }),
                }
            } else {
                storing.await
            };
            let result = match answer {
                Ok(Receipt::Stored { batch, place }) => {
                    let seq = match place {
                        Place::Message(index) => batch.messages[index].seq,
                        Place::Change(index) => batch.changes[index].seq,
                    };
                    world.acknowledged(client, request, (group, seq), false)
                }
                Ok(Receipt::Duplicate(sent)) => world.acknowledged(client, request, (group, sent.seq), true),
                Err(WriteError::Denied(denial)) => world.refused(client, request, Some(denial)),
                Err(WriteError::Refused | WriteError::Removed(_) | WriteError::Ended | WriteError::Muted) => {
                    world.refused(client, request, None)
                }
                Err(WriteError::Unavailable) if world.refused_for_now(client, number) => continue,
                Err(WriteError::Unavailable) => Ok(()),
            };
            if let Err(fault) = result {
                world.fault(fault);
            }
            break;
        }
    }
}
