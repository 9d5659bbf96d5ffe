//! What holds for every text that is stored.

use super::{ChatError, ChatResult};
use crate::model::Timestamp;

/// Whether the text contains NUL, the one character that Postgres cannot store.
pub(super) fn contains_nul(text: &str) -> bool {
    text.as_bytes().contains(&0)
}

/// Refuses a text that contains NUL.
pub(super) fn check_nul(field: &'static str, text: &str) -> ChatResult<()> {
    if contains_nul(text) {
        return Err(ChatError::Invalid { field, reason: "should not contain NUL".into() });
    }
    Ok(())
}

/// Refuses a name that contains NUL or has more than `chars_max` characters (Unicode scalar values).
pub(crate) fn check_name(field: &'static str, name: &str, chars_max: usize) -> ChatResult<()> {
    check_nul(field, name)?;
    if name.chars().count() > chars_max {
        let reason = format!("should have at most {chars_max} characters");
        return Err(ChatError::Invalid { field, reason });
    }
    Ok(())
}

/// Refuses an end that is over.
pub(super) fn check_future(field: &'static str, until: Timestamp, now: Timestamp) -> ChatResult<()> {
    if until <= now {
        return Err(ChatError::Invalid { field, reason: "should be in the future".into() });
    }
    Ok(())
}
