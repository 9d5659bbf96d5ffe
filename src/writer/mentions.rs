//! Whom a content mentions.

use crate::model::mention::{EVERYBODY, candidates};
use crate::model::{Mentions, NewEntry, NewEntryKind, UserId};
use crate::store::{MentionQuestion, Mentioned};

/// What has to be known of a group's members before it can be told whom this mentions; `None` if it names nobody.
pub(super) fn question(entry: &NewEntry) -> Option<MentionQuestion> {
    let (content, mentions_all) = content(entry)?;
    let names: Vec<Box<str>> = candidates(content).into_iter().flatten().map(Into::into).collect();
    if names.is_empty() {
        return None;
    }
    let everybody = mentions_all && names.iter().any(|name| **name == *EVERYBODY);
    Some(MentionQuestion { group: entry.group.id, names, everybody })
}

/// Whom an entry mentions, by the answer to its [`question`].
pub(super) fn mentioned(entry: &NewEntry, answer: Mentioned) -> Mentions {
    let Some((content, _)) = content(entry) else { return Mentions::default() };
    let mut users = Vec::new();
    for meant in candidates(content).into_iter().filter_map(|names| meant(&names, &answer)) {
        match meant {
            Meant::Everybody => users.extend(&answer.everybody),
            Meant::Member(user) => users.push(user),
        }
    }
    users.sort_unstable();
    users.dedup();
    users.into()
}

/// Who is meant behind an `@`.
enum Meant {
    /// All members, as far as they were asked for.
    Everybody,
    /// One of them.
    Member(UserId),
}

/// Who is meant by what may be names, the longest first. A member who is named as all of them are can't be.
fn meant(names: &[&str], answer: &Mentioned) -> Option<Meant> {
    names.iter().find_map(|name| match *name {
        EVERYBODY => Some(Meant::Everybody),
        name => answer.by_name.iter().find(|(of, _)| **of == *name).map(|(_, user)| Meant::Member(*user)),
    })
}

/// The content in which somebody may be mentioned, and whether everybody may be.
fn content(entry: &NewEntry) -> Option<(&str, bool)> {
    match &entry.kind {
        NewEntryKind::Message { content, mentions_all, .. }
        | NewEntryKind::Edit { content, mentions_all, .. } => {
            content.contains('@').then(|| (&**content, *mentions_all && entry.member.is_admin()))
        }
        _ => None,
    }
}
