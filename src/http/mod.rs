//! REST, and the WebSocket handshake.
//!
//! A request passes through [`Http::handle`]: `upgrade` takes handshakes, `cors` answers preflights,
//! [`route`] names the resource, and a handler in that resource's file reads, asks the
//! [`Chat`](crate::chat::Chat) and writes. Whatever goes wrong on the way is an `HttpError` until the end.

mod body;
mod cors;
mod error;
mod groups;
mod handler;
mod health;
mod host;
mod list;
mod messages;
mod peek;
mod receive;
mod response;
mod router;
mod upgrade;
mod users;

pub use body::{Body, BodyError};
pub use handler::{Http, HttpOptions};
pub use peek::group_asked_for;
pub use router::{Route, route};
pub use upgrade::Upgrade;
