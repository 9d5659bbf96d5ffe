//! Pings, and the end of peers that do not answer.

use std::rc::Rc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::hub::{Core, Sink};

/// Parts of a period. Each tick serves one of as many slices of the sockets, so that the pings of a hundred
/// thousand sockets are spread over the period and need one timer.
const TICKS: u32 = 25;

/// Pings each of the core's sockets once a period, and drops those that nothing was heard from for two
/// periods. Runs for ever.
///
/// A socket that is not read, since the writer takes nothing more of it, cannot be heard: it is not silent for that,
/// however long the database is away.
pub async fn heartbeat<S: Sink>(core: Rc<Core<S>>, period: Duration) {
    let mut ticks = interval(period / TICKS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = core.tick();
        core.for_slice(now % TICKS, TICKS, |socket| {
            if !core.may_send(socket) {
                socket.hear(now);
            }
            if now.wrapping_sub(socket.heard()) > 2 * TICKS {
                socket.abandon();
            } else {
                socket.ping();
            }
        });
    }
}
