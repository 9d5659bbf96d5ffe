//! Who is who, and who may do what.

mod moderation;
mod people;
mod rights_over_rest;
mod sessions;
mod tokens_over_rest;
