//! Certificates by ACME (RFC 8555): asked for, kept, and renewed in time. That a name is this server's is shown over TLS
//! on its own port (RFC 8737), so no other port need be open.

mod cache;
mod http;
mod options;
mod order;
mod renewal;

pub use cache::CacheError;
pub use http::{CaError, check_ca};
pub use options::AcmeOptions;
pub use renewal::{Clock, Noted, Renewal};
