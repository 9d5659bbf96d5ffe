//! Several nodes on one database, and what carries between them.

mod carrier;
mod carriers;
mod faults;
mod kinds;
mod load;
mod messages;
mod notify;
mod presence;
mod rest;
mod rights;
mod rolling;
mod scene;
