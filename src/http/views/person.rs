//! A user, as others see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::User;

/// A user without the e-mail address, which a name in a list should not give away.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Person<'u> {
    id: i64,
    username: &'u str,
}

impl<'u> From<&'u User> for Person<'u> {
    fn from(user: &'u User) -> Self {
        Self { id: user.id.0, username: &user.username }
    }
}
