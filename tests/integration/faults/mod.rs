//! The database fails while people chat: each way in which it does, with a real database that really fails.
//!
//! A test is a [`Scene`](scene::Scene) in which a [`Fault`](scene::Fault) is played. Clients in both modes send all the
//! while, come back and send again as the protocol tells them; at the end everything is compared. Each fault also has to
//! show that the server says how it is, does not grow, and goes on at once when the database does.

mod check;
mod cutter;
mod disk;
mod json_client;
mod phase;
mod pusher;
mod scene;
mod text_client;
mod tmpfs;

mod connections;
mod full;
mod locked;
mod lost_answers;
mod power;
mod read_only;
mod recovery;
mod statements;
mod stopped;
