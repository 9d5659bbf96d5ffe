//! What the chat is about: users, groups, messages, and the limits they live in.
//!
//! Plain values. Nothing here does I/O, reads a clock or knows a wire format.

mod group;
mod ids;
pub mod limits;
mod message;
mod rate;
mod timestamp;
mod user;

pub use group::Group;
pub use ids::{GroupId, MessageId, Seq, UserId};
pub use message::{Message, NewMessage};
pub use rate::Rate;
pub use timestamp::Timestamp;
pub use user::{NewUser, User};
