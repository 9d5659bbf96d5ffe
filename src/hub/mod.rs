//! Who listens to which group, and fan-out.
//!
//! [`Hub`] is the directory that all threads share: which cores have listeners of a group, and how many.
//! [`Core`] is one thread's part: its sockets and the members of its groups. A committed batch is one event
//! per core; the core hands the same finished bytes to each member's [`Outbox`], which writes them to the
//! socket at once and queues only what the kernel does not take.
//!
//! If there are other nodes, the hub also counts what they have, keeps a [`Roll`] of its own sockets for them, and shares
//! with them what is said in passing, by an [`Outlet`].
//!
//! The hub stores nothing and does not know what the bytes mean. It waits for one thing only: room in a core's
//! [`Inbox`], in [`Hub::deliver`], [`Hub::deliver_to`], [`Hub::notify`] and [`Hub::stop`].

mod backlog;
mod broadcast;
mod core;
mod counts;
mod credit;
mod delivery_clock;
mod event;
mod group;
#[expect(clippy::module_inception, reason = "the hub is the noun of this room")]
mod hub;
mod kind;
#[cfg(test)]
mod memory_sink;
mod merge;
mod outbox;
mod outlet;
mod owners;
mod recent;
mod roll;
mod subscriber;
mod subscription;
mod twins;

pub use self::core::{Core, CoreLimits, STOPPING};
pub use broadcast::{Broadcast, Page, Readers};
pub use credit::Credit;
pub use event::{Ack, Event, Inbox};
pub use hub::{Arrival, Departure, Hub, Listeners, Seen, Vanished};
pub use kind::Kind;
#[cfg(test)]
pub(crate) use memory_sink::MemorySink;
pub use outbox::{Outbox, Sent, Sink};
pub use outlet::Outlet;
pub use recent::{Recent, Replay};
pub use roll::{Changed, Place, Roll, Sockets};
pub use subscriber::{SocketId, Subscriber};
pub use subscription::{Reading, Subscription};
pub use twins::Twins;
