//! Who is who, and who may do what.

mod added;
mod admin;
mod admin_rights;
mod groups;
mod members;
mod midway;
mod moderation;
pub(crate) mod people;
mod removal;
mod rights_over_rest;
pub(crate) mod scene;
mod sessions;
mod socket_tokens;
mod tokens_over_rest;
mod told;
