//! Whether each server knows who is there.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::VerifyError;
use crate::ids::{GroupId, UserId};
use crate::rest::Rest;

/// How long after the last trouble it may be wrong.
pub(crate) const PRESENCE_MAX: Duration = Duration::from_secs(30);
const ASK_EVERY: Duration = Duration::from_millis(200);

/// Asks each of these servers until it says that just these users are in these groups; gives those that said something
/// else until the end, and how long it took where they did not.
pub(crate) async fn differing(
    servers: &[SocketAddr],
    patience: Duration,
    expected: &[(GroupId, UserId, BTreeSet<UserId>)],
) -> Result<(Vec<String>, Duration), VerifyError> {
    let start = Instant::now();
    loop {
        let mut wrong = Vec::new();
        for (index, &address) in servers.iter().enumerate() {
            let rest = Rest { address, patience };
            for (group, reader, users) in expected {
                let told = rest.presence(*group, *reader).await?;
                let named = told.users.map(|named| named.iter().map(|user| user.id).collect::<BTreeSet<_>>());
                if told.online != users.len() || named.as_ref().is_some_and(|named| named != users) {
                    wrong.push(format!(
                        "server {index} says {} users {named:?} of group {group} are there, and it is {users:?}",
                        told.online
                    ));
                }
            }
        }
        if wrong.is_empty() || start.elapsed() > PRESENCE_MAX {
            return Ok((wrong, start.elapsed()));
        }
        sleep(ASK_EVERY).await;
    }
}
