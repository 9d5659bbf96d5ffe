//! Points in time as the driver takes them.

use std::error::Error;

use tokio_postgres::types::{FromSql, Type};

use super::copy::timestamp;
use crate::model::Timestamp;

/// A `timestamptz` without a detour over a calendar.
pub(super) struct Instant(pub(super) Timestamp);

impl<'a> FromSql<'a> for Instant {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(timestamp(i64::from_be_bytes(raw.try_into()?))))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }
}
