//! What goes over the wire, as bytes. No I/O and no clock.

pub mod annotated;
pub mod close;
pub mod command;
pub mod deflate;
pub mod event;
pub mod extension;
pub mod frame;
pub mod inflate;
pub mod json;
mod logged;
pub mod message;
mod mode;
pub mod text;

pub use close::CloseCode;
pub use deflate::{Deflated, Window, deflate};
pub use inflate::{InflateError, Inflater};
pub use logged::{Logged, encode_json, encode_text};
pub use mode::Mode;
