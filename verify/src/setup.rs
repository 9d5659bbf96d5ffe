//! The users, groups and clients of a run.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use groupcast_kit::random::Random;

use crate::error::VerifyError;
use crate::ids::GroupId;
use crate::ledger::{Author, Ledger};
use crate::options::Options;
use crate::receiver::{Entrance, Receiver};
use crate::rest::Rest;
use crate::sender::Sender;
use crate::shared::Shared;

/// Requests at a time; the server hashes a password for each user.
const REQUESTS_MAX: usize = 16;

/// The users and groups that a run has made.
pub(crate) struct Setup {
    pub(crate) groups: Vec<(GroupId, String)>,
    pub(crate) authors: Vec<Author>,
    readers: Vec<String>,
}

impl Setup {
    /// Makes them. `tag` keeps their names apart from those of other runs on the same database.
    pub(crate) async fn create(rest: Rest, options: &Options, tag: &str) -> Result<Self, VerifyError> {
        let mut groups = Vec::new();
        for index in 0..options.groups {
            let name = format!("verify-{tag}-{index}");
            groups.push((rest.create_group(&name).await?, name));
        }
        let create = |kind: &'static str, count| {
            let names = (0..count).map(move |index| format!("verify-{tag}-{kind}{index}"));
            stream::iter(names)
                .map(move |name| async move { Ok::<_, VerifyError>((rest.create_user(&name).await?, name)) })
                .buffered(REQUESTS_MAX)
                .try_collect::<Vec<_>>()
        };
        let authors = create("s", options.senders).await?;
        let authors = authors.into_iter().enumerate().map(|(index, (user, username))| Author {
            user,
            username,
            group: groups[index % groups.len()].0,
        });
        let authors = authors.collect();
        let readers = create("r", options.receivers).await?;
        let readers = readers.into_iter().map(|(_, username)| username).collect();
        Ok(Self { groups, authors, readers })
    }

    /// A ledger that knows them.
    pub(crate) fn ledger(&self, seed: u64) -> Ledger {
        let readers: Vec<_> = (0..self.readers.len()).map(|index| self.reads(index)).collect();
        Ledger::new(seed, self.authors.clone(), &readers)
    }

    /// The senders.
    pub(crate) fn senders(
        &self,
        options: &Options,
        seed: u64,
        shared: &Arc<Shared>,
    ) -> impl Iterator<Item = Sender> {
        self.authors.iter().enumerate().map(move |(index, author)| Sender {
            index,
            author: author.clone(),
            path: path(&self.groups[index % self.groups.len()].1, &author.username),
            rate: options.rate,
            window: options.window,
            random: Random::stream(seed, index as u64),
            shared: Arc::clone(shared),
        })
    }

    /// The receivers.
    pub(crate) fn receivers(&self, seed: u64, shared: &Arc<Shared>) -> impl Iterator<Item = Receiver> {
        self.readers.iter().enumerate().map(move |(index, username)| Receiver {
            index,
            entrance: match self.reads_all(index) {
                true => Entrance::Hello(username.clone()),
                false => Entrance::Path(path(&self.groups[index % self.groups.len()].1, username)),
            },
            random: Random::stream(seed, (1 << 32) + index as u64),
            shared: Arc::clone(shared),
        })
    }

    /// Whether a receiver reads all groups; the others read one.
    fn reads_all(&self, index: usize) -> bool {
        index.is_multiple_of(2)
    }

    fn reads(&self, index: usize) -> Vec<GroupId> {
        match self.reads_all(index) {
            true => self.groups.iter().map(|(group, _)| *group).collect(),
            false => vec![self.groups[index % self.groups.len()].0],
        }
    }
}

/// The path of a socket; the names have no character that must be escaped in it.
fn path(group: &str, username: &str) -> String {
    format!("/ws/group/{group}/{username}")
}
