//! A user, as admins of the server see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::chat::UserEntry;
use crate::model::User;

/// A user, and whether they govern the server.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct RankedUser<'u> {
    id: i64,
    username: &'u str,
    email: &'u str,
    is_admin: bool,
}

impl<'u> From<&'u User> for RankedUser<'u> {
    fn from(user: &'u User) -> Self {
        Self { id: user.id.0, username: &user.username, email: &user.email, is_admin: user.is_admin }
    }
}

/// A user in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminUser)]
pub(in crate::http) struct UserRow<'u> {
    #[serde(flatten)]
    user: RankedUser<'u>,
    /// How many sessions of theirs there are.
    sessions: u64,
    /// Whether a socket of theirs listens to a group.
    online: bool,
}

impl<'u> From<&'u UserEntry> for UserRow<'u> {
    fn from(entry: &'u UserEntry) -> Self {
        let UserEntry { listed, is_online } = entry;
        Self { user: RankedUser::from(&listed.user), sessions: listed.sessions, online: *is_online }
    }
}
