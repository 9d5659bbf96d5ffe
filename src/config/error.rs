//! Why the settings cannot be used.

use std::borrow::Cow;

use clap::error::ErrorKind;

/// A setting that cannot be used, told in one line that never shows a password.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// An error that says `reason`; line breaks become spaces.
    pub(super) fn new(reason: impl AsRef<str>) -> Self {
        Self(reason.as_ref().split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl From<clap::Error> for ConfigError {
    /// Keeps what is wrong and clap's tips, leaves out usage and the pointer to `--help`.
    fn from(error: clap::Error) -> Self {
        let mut text = error.to_string();
        if matches!(error.kind(), ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand) {
            // A URL that stands where none is expected is quoted, its password with it.
            text = text.split(' ').map(without_password).collect::<Vec<_>>().join(" ");
        }
        let reason: Vec<&str> = text
            .split("\n\n")
            .enumerate()
            .filter(|(index, paragraph)| *index == 0 || paragraph.trim_start().starts_with("tip:"))
            .map(|(_, paragraph)| paragraph)
            .collect();
        Self::new(reason.join(" - ").trim_start_matches("error: "))
    }
}

/// `word` with `***` for all that stands before the `@` of a URL.
fn without_password(word: &str) -> Cow<'_, str> {
    match (word.split_once("://"), word.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}").into(),
        _ => word.into(),
    }
}
