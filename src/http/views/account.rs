//! A user, as they see themself.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::User;

/// A user with their address, or with null for those who may not know it.
#[derive(Serialize, ToSchema)]
#[schema(examples(json!({"id": 1, "username": "alice", "email": "alice@example.com"})))]
pub(in crate::http) struct Account<'u> {
    id: i64,
    username: &'u str,
    #[schema(required)]
    email: Option<&'u str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_admin: Option<bool>,
}

impl<'u> Account<'u> {
    /// The user, their address kept back.
    pub(in crate::http) fn without_email(user: &'u User) -> Self {
        Self { id: user.id.0, username: &user.username, email: None, is_admin: None }
    }
}

impl<'u> Account<'u> {
    /// The user as they see themself: told whether they govern the server, if they do.
    pub(in crate::http) fn of_oneself(user: &'u User) -> Self {
        Self { is_admin: Some(true).filter(|_| user.is_admin), ..Self::from(user) }
    }
}

impl<'u> From<&'u User> for Account<'u> {
    fn from(user: &'u User) -> Self {
        Self { email: Some(&user.email), ..Self::without_email(user) }
    }
}
