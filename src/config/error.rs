//! Why the settings cannot be used.

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
        let text = error.to_string();
        let reason: Vec<&str> = text
            .split("\n\n")
            .enumerate()
            .filter(|(index, paragraph)| *index == 0 || paragraph.trim_start().starts_with("tip:"))
            .map(|(_, paragraph)| paragraph)
            .collect();
        Self::new(reason.join(" - ").trim_start_matches("error: "))
    }
}
