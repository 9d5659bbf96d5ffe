//! Retries of requests.

use hyper::header::{HeaderMap, HeaderName};

use super::openapi::Field;
use crate::compat::fastapi::json::Value;
use crate::compat::fastapi::{Length, Location, Problem, Problems};
use crate::model::limits::CLIENT_ID_BYTES_MAX;

/// The header, as it is described.
pub(super) const KEY: Field = Field::text(
    "Idempotency-Key",
    Length::Bytes(CLIENT_ID_BYTES_MAX),
    "Stands for a `client_id` that the body does not have.",
)
.filled()
.optional();

/// The field, as it is described.
pub(super) const CLIENT_ID: Field = Field::text(
    "client_id",
    Length::Bytes(CLIENT_ID_BYTES_MAX),
    "One's own name for this, unique for ever among what one sends to a group: if it comes again nothing is done and the \
     answer is the first one.",
)
.filled()
.storable()
.optional();

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The header that stands for `client_id` if the body has none.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problems> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match str::from_utf8(value.as_bytes()) {
        Ok(key) if (1..=CLIENT_ID_BYTES_MAX).contains(&key.len()) => Ok(Some(key)),
        _ => {
            let mut problems = Problems::default();
            problems.add(Problem {
                kind: "value_error",
                location: Location::Header,
                field: Some("idempotency-key"),
                message: &format!("Value error, must be 1 to {CLIENT_ID_BYTES_MAX} bytes of UTF-8"),
                input: &Value::String(&String::from_utf8_lossy(value.as_bytes())),
                context: None,
            });
            Err(problems)
        }
    }
}
