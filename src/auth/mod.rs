//! Password hashing, and how often a user may send.

mod password;
mod rate;

pub use password::{PasswordError, PasswordHasher};
pub use rate::RateLimit;
