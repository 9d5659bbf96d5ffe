//! A session, as admins of the server see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::chat::SessionEntry;
use crate::http::views::Person;

/// A session in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminSession)]
pub(in crate::http) struct SessionRow<'s> {
    id: i64,
    user: Person<'s>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    renewed_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// What the client called itself.
    client: &'s str,
    /// How many sockets speak in it.
    sockets: usize,
    /// Whether the one who asks speaks in it.
    current: bool,
}

impl<'s> From<&'s SessionEntry> for SessionRow<'s> {
    fn from(entry: &'s SessionEntry) -> Self {
        let SessionEntry { session, user, sockets, is_current } = entry;
        Self {
            id: session.id.0,
            user: Person::from(&**user),
            created_at: session.created_at.to_string(),
            renewed_at: session.renewed_at.to_string(),
            expires_at: session.expires_at.to_string(),
            client: &session.client,
            sockets: *sockets,
            current: *is_current,
        }
    }
}
