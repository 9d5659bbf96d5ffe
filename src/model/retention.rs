//! How much of a group's log is kept.

use std::num::NonZeroU32;
use std::time::Duration;

/// How much of a group's log is kept. Where both are given the stricter one cuts; the default keeps all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetentionRule {
    /// How old an entry may become, in whole seconds; as any.
    pub max_age: Option<Duration>,
    /// How many messages are kept, the newest of them, deleted ones among them; all.
    pub max_messages: Option<NonZeroU32>,
}

impl RetentionRule {
    /// Whether it keeps all.
    pub fn keeps_all(self) -> bool {
        self == Self::default()
    }

    /// This, and of `general` what this says nothing about.
    pub fn or(self, general: Self) -> Self {
        Self {
            max_age: self.max_age.or(general.max_age),
            max_messages: self.max_messages.or(general.max_messages),
        }
    }
}
