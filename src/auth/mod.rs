//! Password hashing.

mod password;

pub use password::{PasswordError, PasswordHasher};
