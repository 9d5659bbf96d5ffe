//! Several nodes on one database, and what carries between them.

mod carrier;
mod carriers;
mod faults;
mod load;
mod notify;
mod rest;
mod rights;
mod rolling;
mod scene;
