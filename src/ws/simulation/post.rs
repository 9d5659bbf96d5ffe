//! A client without a socket.

use std::pin::pin;
use std::rc::Rc;

use futures_util::FutureExt;
use tokio::time::sleep;

use super::server::Server;
use super::world::{Client, World};
use crate::writer::{Place, Receipt, WriteError};

/// Sends messages and changes without a socket, each until it is answered, by the server that there is at the time.
pub(super) async fn post(world: &Rc<World>, client: &Client, server: impl Fn() -> Rc<Server>) {
    let mut numbers = world.retries(client);
    let count = { world.random().size(20) };
    numbers.extend((0..count).map(|_| {
        let group = world.group();
        world.compose(client, group)
    }));
    for number in numbers {
        loop {
            sleep(world.pause(2_000)).await;
            let server = server();
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
