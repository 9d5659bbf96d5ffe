//! Who is who, and who may do what.

mod removal;
mod scene;
mod socket_tokens;
