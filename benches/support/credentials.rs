//! What sockets show for who they are, where names alone are not believed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use groupcast::auth::{AccessTokens, TokenAlgorithm};
use groupcast::model::{Timestamp, UserId};

use super::Result;

/// The `JWT_SECRET_KEY` of servers that want tokens.
pub(crate) const SIGNING_KEY: &str = "benchmarks sign under this, for nobody else";

/// How long the tokens are good: longer than any benchmark runs.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The value of `Authorization` of each user; of none where names are believed.
#[derive(Default)]
pub(crate) struct Credentials(Vec<String>);

impl Credentials {
    /// An access token for each of these users, whose session has the number of the user, as
    /// [`Database::start_sessions`](super::database::Database::start_sessions) makes them.
    pub(crate) fn of_users(ids: &[i64]) -> Result<Credentials> {
        let now = Timestamp(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros().try_into()?);
        let tokens = AccessTokens::new(TokenAlgorithm::Hs256, SIGNING_KEY, LIFETIME);
        let bearer = |&id: &i64| Ok(format!("Bearer {}", tokens.issue(UserId(id), id, now)?));
        ids.iter().map(bearer).collect::<Result<_>>().map(Credentials)
    }

    /// What the user of this number shows.
    pub(crate) fn authorization(&self, user: usize) -> Option<&str> {
        self.0.get(user).map(String::as_str)
    }
}
