//! What operations are grouped by.

use utoipa::openapi::tag;

/// A group of operations; they are shown in the order in which they stand here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::http) enum Tag {
    Sessions,
    Users,
    Groups,
    Members,
    Moderation,
    Messages,
    Search,
    Admin,
    Server,
}

impl Tag {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Members => "members",
            Self::Moderation => "moderation",
            Self::Messages => "messages",
            Self::Search => "search",
            Self::Admin => "admin",
            Self::Server => "server",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Sessions => "Logging in and out.",
            Self::Users => "Who there is, and one's own account.",
            Self::Groups => "Groups, and which of them one belongs to.",
            Self::Members => "Who belongs to a group, and who of them is there.",
            Self::Moderation => "Who is kept out of a group, and who may not write.",
            Self::Messages => "Messages, reactions, the log of a group, and how far one has read it.",
            Self::Search => "Finding messages and users.",
            Self::Admin => "What admins of the server look at and do.",
            Self::Server => "How the server is.",
        }
    }

    /// As the document introduces it.
    pub(super) fn introduction(self) -> tag::Tag {
        let mut introduction = tag::Tag::new(self.name());
        introduction.description = Some(self.about().to_owned());
        introduction
    }
}
