//! What admins of the server look at and do, a file for each thing that it is about.
//!
//! All of it is for who governs, by a token or a key: a name is not enough, whatever the mode.

mod groups;
mod keys;
mod sessions;
mod settings;
mod status;
mod users;

pub use groups::GroupEntry;
pub use keys::KeyEntry;
pub use sessions::SessionEntry;
pub use settings::Facts;
pub use status::Status;
pub use users::UserEntry;

use super::rights::{Action, Place, Verdict, decide};
use super::{Caller, Chat, ChatError, ChatResult, principal};
use crate::model::limits::OVERVIEW_ROWS_MAX;

impl Chat {
    /// Refuses who may not do this with the server as a whole.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`], [`ChatError::NotAuthenticated`] for a name that was believed.
    pub fn check_governs(&self, caller: &Caller, action: Action) -> ChatResult<()> {
        if caller.grant().is_none() {
            return Err(ChatError::NotAuthenticated);
        }
        let place = Place { power: caller.power(), scope: caller.scope(), ..Place::default() };
        match decide(place, action) {
            Verdict::Yes => Ok(()),
            Verdict::OutOfScope => Err(ChatError::Forbidden(principal::KEY_SCOPE)),
            _ => Err(ChatError::Forbidden("only an admin of the server may do this")),
        }
    }
}

/// The rows of a page of which so many are wanted.
fn rows(limit: u64) -> u64 {
    limit.min(OVERVIEW_ROWS_MAX as u64)
}
