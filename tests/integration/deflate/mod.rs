//! permessage-deflate: what is agreed on, what readers get, what a sender may do, and what it may not.

mod client;
mod echo;
mod hostile;
mod negotiation;
mod readers;
mod streams;
