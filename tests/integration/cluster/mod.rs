//! Several nodes on one database, and what carries between them.

mod carrier;
mod notify;
mod rolling;
