
mod address;
mod password;
mod rate;
mod stored_hash;

pub use address::client_network;
pub use password::{PasswordError, PasswordHasher, Verified};
pub use rate::RateLimit;
