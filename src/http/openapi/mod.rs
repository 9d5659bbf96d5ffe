//! The description of the REST resources in OpenAPI 3.1.
//!
//! It is made from the table that the router dispatches by: paths and their parameters are a resource's, security is
//! what a method [needs](super::need::Need), and the rest is the [`Operation`] that stands beside the handler. What all
//! operations have in common is added by rule.

mod document;
mod field;
mod offer;
mod operation;
mod parameters;
mod refusals;
mod schemas;
mod security;
mod table;
mod tag;

pub(super) use document::{Entry, document};
pub(super) use field::Field;
pub(super) use offer::Offer;
pub(super) use operation::Operation;
pub(super) use schemas::{MakeSchema, Schemas, list};
pub(super) use table::Table;
pub(super) use tag::Tag;
