//! Which resource a path names.

use super::error::HttpError;
use super::response;

/// A resource, with the parts of the path that are its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'p> {
    /// `/api/v1/users/`
    Users,
    /// `/api/v1/users/{user_id}`, `/api/users/{user_id}`
    User(&'p str),
    /// `/api/v1/groups/`
    Groups,
    /// `/api/v1/groups/{group_id}`
    Group(&'p str),
    /// `/api/v1/groups/{group_id}/members/`
    Members(&'p str),
    /// `/api/v1/groups/{group_id}/presence/`
    Presence(&'p str),
    /// `/api/v1/messages/`
    Messages,
    /// `/healthz`
    Health,
    /// `/readyz`
    Ready,
    /// `/ws/group/{group_name}/{username}`
    GroupSocket {
        /// The group's name.
        group: &'p str,
        /// The user's name.
        username: &'p str,
    },
    /// `/ws/chat/{user_id}/{receiver_username}`
    PrivateSocket {
        /// The user's number, as text.
        user: &'p str,
        /// The other user's name.
        receiver: &'p str,
    },
    /// `/ws`
    Socket,
    /// Anything else.
    Unknown,
}

/// Finds the resource of a percent-decoded path. A slash at the end makes no difference, but for sockets,
/// whose last part is a name.
pub fn route(path: &str) -> Route<'_> {
    let Some(path) = path.strip_prefix('/') else { return Route::Unknown };
    let (versioned, rest) = match path.strip_prefix("api/v1/") {
        Some(rest) => (true, rest),
        None => (false, path),
    };
    if rest == "ws" || rest.starts_with("ws/") {
        return socket(rest);
    }
    let mut parts = rest.strip_suffix('/').unwrap_or(rest).split('/');
    let mut next = || parts.next();
    match (versioned, next(), next(), next(), next()) {
        (true, Some("users"), None, ..) => Route::Users,
        (true, Some("users"), Some(id), None, _) if !id.is_empty() => Route::User(id),
        (false, Some("api"), Some("users"), Some(id), None) if !id.is_empty() => Route::User(id),
        (true, Some("groups"), None, ..) => Route::Groups,
        (true, Some("groups"), Some(id), None, _) if !id.is_empty() => Route::Group(id),
        (true, Some("groups"), Some(id), Some("members"), None) if !id.is_empty() => Route::Members(id),
        (true, Some("groups"), Some(id), Some("presence"), None) if !id.is_empty() => Route::Presence(id),
        (true, Some("messages"), None, ..) => Route::Messages,
        (false, Some("healthz"), None, ..) => Route::Health,
        (false, Some("readyz"), None, ..) => Route::Ready,
        _ => Route::Unknown,
    }
}

fn socket(path: &str) -> Route<'_> {
    let mut parts = path.split('/');
    let mut next = || parts.next();
    match (next(), next(), next(), next(), next()) {
        (_, None | Some(""), None, ..) => Route::Socket,
        (_, Some("group"), Some(group), Some(username), None)
            if !group.is_empty() && !username.is_empty() =>
        {
            Route::GroupSocket { group, username }
        }
        (_, Some("chat"), Some(user), Some(receiver), None) if !user.is_empty() && !receiver.is_empty() => {
            Route::PrivateSocket { user, receiver }
        }
        _ => Route::Unknown,
    }
}

impl Route<'_> {
    /// What to answer to a method that the resource does not have.
    pub(super) fn refuse_method(self) -> HttpError {
        let allow = match self {
            Self::Users => "POST",
            Self::Groups | Self::Messages => "GET, POST",
            Self::User(_) | Self::Group(_) | Self::Members(_) | Self::Presence(_) => "GET",
            Self::Health | Self::Ready => "GET",
            // A socket is no resource to a plain request.
            Self::GroupSocket { .. } | Self::PrivateSocket { .. } | Self::Socket | Self::Unknown => {
                return response::NOT_FOUND;
            }
        };
        HttpError::MethodNotAllowed { allow }
    }
}

#[cfg(test)]
mod tests {
    use super::{Route, route};

    #[test]
    fn paths_name_resources() {
        for (path, expected) in [
            ("/api/v1/users/", Route::Users),
            ("/api/v1/users", Route::Users),
            ("/api/v1/users/1", Route::User("1")),
            ("/api/v1/users/1/", Route::User("1")),
            ("/api/v1/users/ a", Route::User(" a")),
            ("/api/users/7", Route::User("7")),
            ("/api/users/7/", Route::User("7")),
            ("/api/v1/groups", Route::Groups),
            ("/api/v1/groups/.", Route::Group(".")),
            ("/api/v1/groups/5/members", Route::Members("5")),
            ("/api/v1/groups/5/members/", Route::Members("5")),
            ("/api/v1/groups/5/presence/", Route::Presence("5")),
            ("/api/v1/messages/", Route::Messages),
            ("/healthz", Route::Health),
            ("/readyz/", Route::Ready),
            ("/ws", Route::Socket),
            ("/ws/", Route::Socket),
            ("/api/v1/ws", Route::Socket),
            ("/ws/group/g/u", Route::GroupSocket { group: "g", username: "u" }),
            ("/api/v1/ws/group/g h/ü", Route::GroupSocket { group: "g h", username: "ü" }),
            ("/ws/chat/1/b", Route::PrivateSocket { user: "1", receiver: "b" }),
            ("/api/v1/ws/chat/x/b", Route::PrivateSocket { user: "x", receiver: "b" }),
        ] {
            assert_eq!(route(path), expected, "{path}");
        }
        for path in [
            "",
            "*",
            "/",
            "//",
            "/nope",
            "/api",
            "/api/v1",
            "/api/v1/",
            "//api/v1/groups/",
            "/api/v1//groups/",
            "/API/v1/groups/",
            "/api/v1/./groups/",
            "/api/v1/users//",
            "/api/v1/users/1/2",
            "/api/v1/users/1//",
            "/api/users",
            "/api/users/",
            "/api/groups/",
            "/users/1",
            "/api/v1/groups//members/",
            "/api/v1/groups/1/members/2",
            "/api/v1/groups/1/nope",
            "/api/v1/healthz",
            "/healthz/x",
            "/ws//",
            "/ws/group/g",
            "/ws/group/g/",
            "/ws/group//u",
            "/ws/group/g/u/",
            "/ws/group/g/u/v",
            "/ws/chat/1",
            "/wsx",
        ] {
            assert_eq!(route(path), Route::Unknown, "{path}");
        }
    }
}
