//! How the FastAPI program that groupcast takes the place of reads requests, and what it says about those that it does
//! not take.
//!
//! Its clients know its answers to the letter, so this is what its parts in Python do: pydantic ([`form`],
//! [`integer`]), `email-validator` ([`email`]), the `json` module ([`json`]), and FastAPI's 422 ([`problem`]).

pub mod body;
mod choice;
pub mod email;
pub mod form;
mod instant;
pub mod integer;
pub mod json;
pub mod parameter;
pub mod problem;

pub use body::{BodyError, parse_fields, parse_object, parse_optional_object};
pub use form::{Form, Length};
pub use parameter::{Query, path_integer};
pub use problem::{Location, Problem, Problems};
