//! `/openapi.json`: whether it is right, and whether the server does what it says.

mod contract;
mod document;
mod govern;
mod served;
mod walk;
