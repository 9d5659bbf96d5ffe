//! REST, and the WebSocket handshake.
//!
//! A request passes through [`Http::handle`]: [`route`] names its resource, `gate` finds out where it comes from and how
//! often, `upgrade` takes handshakes, `cors` answers preflights, `need` finds out who is asking, and a handler in that
//! resource's file in `routes` reads, asks the [`Chat`](crate::chat::Chat) and writes. Whatever goes wrong on the way is
//! an `HttpError` until the end.

mod address_limit;
mod asset;
mod body;
mod context;
mod cors;
mod error;
mod forwarded;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod host;
mod html;
mod idempotency;
mod list;
mod need;
mod openapi;
mod origin;
mod packed;
mod params;
mod peek;
mod registration;
mod request_body;
mod request_head;
mod request_id;
mod resource;
mod response;
mod router;
mod routes;
mod service;
mod upgrade;
mod views;

pub use address_limit::AddressLimit;
pub use body::{Body, BodyError};
pub use forwarded::TrustedProxies;
pub use peek::group_asked_for;
pub use request_body::NoRoomForBody;
pub use router::{Route, route};
pub use service::{Http, HttpOptions, MatchedPath};
pub use upgrade::{Purpose, Upgrade};
