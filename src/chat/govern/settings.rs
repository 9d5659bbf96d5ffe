//! What the server was started with.

use super::super::rights::Action;
use super::super::{Caller, Chat, ChatResult};
use crate::model::Setting;

/// What admins are told of how the server was started. It has no secrets.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The settings in force.
    pub settings: Vec<Setting>,
    /// What the messages are kept in: `sqlite` or `postgres`.
    pub store: &'static str,
}

impl Chat {
    /// The settings in force.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`](crate::chat::ChatError::Forbidden) for who does not govern,
    /// [`ChatError::NotAuthenticated`](crate::chat::ChatError::NotAuthenticated).
    pub fn settings(&self, caller: &Caller) -> ChatResult<&[Setting]> {
        self.check_governs(caller, Action::Oversee)?;
        Ok(&self.facts.settings)
    }
}
