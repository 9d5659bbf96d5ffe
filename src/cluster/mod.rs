//! Several nodes on one database: what one stores, all deliver.
//!
//! The database keeps, and a [`Carrier`] carries. Each node stores what its own sockets send, under the locks of the
//! groups' heads, and publishes the finished frames. What a carrier loses is found by looking into the database.

mod carrier;
mod presence;

pub use carrier::{Arrived, Carrier, Subject};
pub use presence::{GroupNames, Presence, PresenceCounts, PresenceOptions};
