//! Password hashing.

mod password;

pub use password::PasswordHasher;
