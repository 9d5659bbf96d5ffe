//! Several nodes on one database: what one stores, all deliver.
//!
//! The database keeps, and a [`Carrier`] carries. Each node stores what its own sockets send, under the locks of the
//! groups' heads, and publishes the finished frames. What a carrier loses is found by looking into the database.

mod beginning;
mod carrier;
mod fill;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod heed;
mod line;
mod look;
mod looks;
mod nats;
mod nats_servers;
mod node;
mod notify;
mod presence;
mod queue;
mod run;
mod wire;

pub use carrier::{Arrived, Carrier, Subject};
pub use heed::Heed;
pub use nats::{NatsCarrier, NatsCarrierError};
pub use nats_servers::{NATS_SERVERS_MAX, NatsServers, NatsServersError};
pub use node::Node;
pub use notify::NotifyCarrier;
pub use presence::{GroupNames, Presence, PresenceCounts, PresenceOptions};
