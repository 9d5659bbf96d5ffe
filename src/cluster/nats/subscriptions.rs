//! What is listened to.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{SubscribeError, Subscriber};
use futures_util::StreamExt as _;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use super::Link;
use super::state::State;
use super::subjects::Echo;
use crate::cluster::carrier::{Arrived, Subject};

/// How often the server is asked whether it is there.
const ECHO_EVERY: Duration = Duration::from_millis(500);

/// Subscribes to what is wanted, and has the server send an echo after each change and twice a second. It takes what
/// comes over one connection in its order (<https://docs.nats.io/nats-concepts/core-nats>), so what comes back tells that
/// it has taken all that was said before.
pub(super) async fn keep(link: Link, state: Arc<State>) {
    let Err(error) = try_keep(&link, &state).await;
    // The client's own task has ended, which it does not before all that use it.
    tracing::error!(%error, "NATS is not listened to any more");
}

async fn try_keep(link: &Link, state: &Arc<State>) -> Result<std::convert::Infallible, SubscribeError> {
    let _echo = AbortOnDropHandle::new(tokio::spawn(hear(
        link.client.subscribe(state.echo.clone()).await?,
        Arc::clone(state),
    )));
    let _all = subscribe(link, state, Subject::All).await?;
    let mut shards: HashMap<i64, AbortOnDropHandle<()>> = HashMap::new();
    let mut tick = interval(ECHO_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let changes = state.take_changes();
        for (shard, is_wanted) in changes.shards {
            if !is_wanted {
                if let Some(task) = shards.remove(&shard) {
                    end(task).await;
                }
            } else if let Entry::Vacant(vacant) = shards.entry(shard) {
                vacant.insert(subscribe(link, state, Subject::Shard(shard)).await?);
            }
        }
        if link.is_connected() {
            let echo = Echo { ticket: changes.ticket, connects: link.connects() };
            // What is not sent does not come back.
            let _ = link.client.publish(state.echo.clone(), echo.to_bytes()).await;
        }
        tokio::select! {
            () = state.changed() => {}
            _ = tick.tick() => {}
        }
    }
}

/// Subscribes, and gives the task that takes what comes. It unsubscribes at its end.
async fn subscribe(
    link: &Link,
    state: &Arc<State>,
    subject: Subject,
) -> Result<AbortOnDropHandle<()>, SubscribeError> {
    let subscriber = link.client.subscribe(state.subjects.name(subject)).await?;
    let task: JoinHandle<()> = tokio::spawn(take(subscriber, subject, Arc::clone(state)));
    Ok(AbortOnDropHandle::new(task))
}

/// Takes what comes and never waits, so that the client's queue does not fill.
async fn take(mut subscriber: Subscriber, subject: Subject, state: Arc<State>) {
    while let Some(message) = subscriber.next().await {
        state.arrived(Arrived { subject, payload: message.payload });
    }
}

async fn hear(mut subscriber: Subscriber, state: Arc<State>) {
    while let Some(message) = subscriber.next().await {
        if let Some(echo) = Echo::from_bytes(&message.payload) {
            state.hear(echo);
        }
    }
}

/// Waits for the end, so that the next subscription to the same shard has it to itself.
async fn end(task: AbortOnDropHandle<()>) {
    task.abort();
    let _ = task.await;
}
