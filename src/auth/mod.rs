//! Password hashing, and how often a user may send.

mod address;
mod password;
mod rate;

pub use address::client_network;
pub use password::{PasswordError, PasswordHasher};
pub use rate::RateLimit;
