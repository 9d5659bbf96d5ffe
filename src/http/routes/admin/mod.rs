//! What admins of the server look at and do. All of it needs a token or a key, in both modes.

mod groups;
mod keys;
mod sessions;
mod settings;
mod status;
mod users;

pub(super) use groups::GROUPS;
pub(super) use keys::{KEY, KEYS};
pub(super) use sessions::{SESSION, SESSIONS, USER_SESSIONS};
pub(super) use settings::SETTINGS;
pub(super) use status::STATUS;
pub(super) use users::{USER, USERS};

use std::borrow::Cow;

use crate::compat::fastapi::{Length, Problems};
use crate::http::context::Context;
use crate::http::error::HttpError;
use crate::http::openapi::Field;
use crate::model::limits::OVERVIEW_ROWS_MAX;

/// Rows of a page unless `limit` says otherwise.
const LIMIT_DEFAULT: u64 = 50;

const PREFIX: Field = Field::text("q", Length::Any, "How a name begins, in upper or lower case.").optional();
const AFTER: Field = Field::count("after", "The number of the row before the first one.").or(0);
const LIMIT: Field =
    Field::count("limit", "At most so many are given.").or(LIMIT_DEFAULT).capped(OVERVIEW_ROWS_MAX as u64);

/// Which rows of a list are wanted.
struct Page<'q> {
    /// How their names begin.
    prefix: Cow<'q, str>,
    /// The number of the row before them; 0 for the first.
    after: i64,
    limit: u64,
}

impl<'q> Page<'q> {
    /// What `q`, `after` and `limit` say.
    fn of(context: &Context<'q>) -> Result<Self, HttpError> {
        let mut problems = Problems::default();
        let query = context.query;
        let page = Self {
            prefix: query.get("q").unwrap_or_default(),
            // It fits: a count has 63 bits.
            after: query.count("after", 0, &mut problems).cast_signed(),
            limit: query.count("limit", LIMIT_DEFAULT, &mut problems),
        };
        problems.check()?;
        Ok(page)
    }
}
