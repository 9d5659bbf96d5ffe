//! REST, and the WebSocket handshake.
//!
//! A request passes through [`Http::handle`]: [`route`] names its resource, `upgrade` takes handshakes, `cors` answers
//! preflights, `need` finds out who asks, and a handler in that resource's file in `routes` reads, asks the
//! [`Chat`](crate::chat::Chat) and writes. Whatever goes wrong on the way is an `HttpError` until the end.

mod body;
mod context;
mod cors;
mod error;
mod host;
mod list;
mod need;
mod params;
mod peek;
mod registration;
mod request_body;
mod resource;
mod response;
mod router;
mod routes;
mod service;
mod upgrade;
mod views;

pub use body::{Body, BodyError};
pub use peek::group_asked_for;
pub use router::{Route, route};
pub use service::{Http, HttpOptions, MatchedPath};
pub use upgrade::Upgrade;
