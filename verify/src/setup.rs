//! The users, groups and clients of a run.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use groupcast_kit::random::Random;

use crate::error::VerifyError;
use crate::ids::{GroupId, UserId};
use crate::ledger::{Author, Ledger};
use crate::options::Options;
use crate::pace::Pace;
use crate::poster::Poster;
use crate::receiver::{Entrance, Receiver};
use crate::rest::Rest;
use crate::seat::Seat;
use crate::sender::Sender;
use crate::shared::Shared;
use crate::text_reader::TextReader;

/// Requests at a time; the server hashes a password for each user.
const REQUESTS_MAX: usize = 16;

/// The users and groups that a run has made.
pub(crate) struct Setup {
    pub(crate) groups: Vec<(GroupId, String)>,
    pub(crate) authors: Vec<Author>,
    /// Those who receive, and at last those who come when all is over, one for each server.
    readers: Vec<(UserId, String)>,
    /// How many come before.
    receivers: usize,
    /// How many servers there are.
    nodes: usize,
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
        let readers = create("r", options.receivers + options.nodes).await?;
        Ok(Self { groups, authors, readers, receivers: options.receivers, nodes: options.nodes })
    }

    /// A ledger that knows them.
    pub(crate) fn ledger(&self, seed: u64) -> Ledger {
        let readers: Vec<_> = (0..self.readers.len()).map(|index| self.reads(index)).collect();
        let ledger = Ledger::new(seed, self.authors.clone(), &readers);
        if self.nodes > 1 { ledger.of_several_servers() } else { ledger }
    }

    /// Those who send over sockets.
    pub(crate) fn senders(
        &self,
        options: &Options,
        seed: u64,
        shared: &Arc<Shared>,
    ) -> impl Iterator<Item = Sender> {
        self.writing(options, false).map(move |(index, author)| Sender {
            index,
            author: author.clone(),
            path: path(&self.groups[index % self.groups.len()].1, &author.username),
            pace: Pace::new(options.rate),
            window: options.window,
            changes_percent: options.changes,
            random: Random::stream(seed, index as u64),
            seat: Seat::default(),
            shared: Arc::clone(shared),
        })
    }

    /// Those who send over REST.
    pub(crate) fn posters(
        &self,
        options: &Options,
        seed: u64,
        shared: &Arc<Shared>,
    ) -> impl Iterator<Item = Poster> {
        self.writing(options, true).map(move |(index, author)| Poster {
            index,
            author: author.clone(),
            pace: Pace::new(options.rate),
            changes_percent: options.changes,
            random: Random::stream(seed, index as u64),
            seat: Seat::default(),
            shared: Arc::clone(shared),
        })
    }

    /// The senders that do so over REST, or those that do not. Every fourth does, if there are changes at all.
    fn writing(&self, options: &Options, by_rest: bool) -> impl Iterator<Item = (usize, &Author)> {
        let has_changes = options.changes > 0;
        let authors = self.authors.iter().enumerate();
        authors.filter(move |(index, _)| (has_changes && index % 4 == 3) == by_rest)
    }

    /// The receivers in JSON mode.
    pub(crate) fn receivers(&self, seed: u64, shared: &Arc<Shared>) -> impl Iterator<Item = Receiver> {
        let indices = 0..self.receivers;
        indices
            .filter(|&index| self.mode(index) != Mode::Text)
            .map(move |index| self.receiver(index, seed, Seat::default(), shared))
    }

    /// More of them, who read everything when all is over, each from its server.
    pub(crate) fn late_receivers(&self, seed: u64, shared: &Arc<Shared>) -> impl Iterator<Item = Receiver> {
        let servers = (self.receivers..self.readers.len()).enumerate();
        servers.map(move |(server, index)| self.receiver(index, seed, Seat::at(server), shared))
    }

    fn receiver(&self, index: usize, seed: u64, seat: Seat, shared: &Arc<Shared>) -> Receiver {
        let (_, username) = &self.readers[index];
        Receiver {
            index,
            entrance: match self.mode(index) {
                Mode::AllGroups => Entrance::Hello(username.clone()),
                Mode::OneGroup | Mode::Text => Entrance::Path(path(&self.own_group(index).1, username)),
            },
            random: Random::stream(seed, (1 << 32) + index as u64),
            seat,
            shared: Arc::clone(shared),
        }
    }

    /// The receivers in text mode.
    pub(crate) fn text_readers(&self, seed: u64, shared: &Arc<Shared>) -> impl Iterator<Item = TextReader> {
        let indices = 0..self.receivers;
        indices.filter(|&index| self.mode(index) == Mode::Text).map(move |index| {
            let (group, name) = self.own_group(index);
            TextReader {
                index,
                group: *group,
                path: path(name, &self.readers[index].1),
                random: Random::stream(seed, (1 << 32) + index as u64),
                seat: Seat::default(),
                shared: Arc::clone(shared),
            }
        })
    }

    /// The groups, each with the path by which one more comes to it who reads when all is over.
    pub(crate) fn late_paths(&self) -> impl Iterator<Item = (GroupId, String)> {
        let reader = self.readers.last().map_or("", |(_, reader)| reader);
        self.groups.iter().map(move |(group, name)| (*group, path(name, reader)))
    }

    /// Each group, one of its members who ask about it, and those who are there while the receivers are and nobody else
    /// is.
    pub(crate) fn present(&self) -> Vec<(GroupId, UserId, BTreeSet<UserId>)> {
        let present = |(group, _): &(GroupId, String)| {
            let reads = |index: &usize| match self.mode(*index) {
                Mode::AllGroups => true,
                Mode::OneGroup | Mode::Text => self.own_group(*index).0 == *group,
            };
            let users: BTreeSet<UserId> =
                (0..self.receivers).filter(reads).map(|index| self.readers[index].0).collect();
            users.first().copied().map(|asking| (*group, asking, users))
        };
        self.groups.iter().filter_map(present).collect()
    }

    fn mode(&self, index: usize) -> Mode {
        match index % 4 {
            _ if index >= self.receivers => Mode::AllGroups,
            0 | 2 => Mode::AllGroups,
            1 => Mode::OneGroup,
            _ => Mode::Text,
        }
    }

    /// The group of who reads but one.
    fn own_group(&self, index: usize) -> &(GroupId, String) {
        // Those in one mode have groups of their own each, as far as there are enough.
        &self.groups[index / 4 % self.groups.len()]
    }

    /// The groups that are read by their numbers.
    fn reads(&self, index: usize) -> Vec<GroupId> {
        match self.mode(index) {
            Mode::AllGroups => self.groups.iter().map(|(group, _)| *group).collect(),
            Mode::OneGroup => vec![self.own_group(index).0],
            Mode::Text => Vec::new(),
        }
    }
}

/// How a receiver reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// All groups, over one socket.
    AllGroups,
    /// One group, over its socket.
    OneGroup,
    /// The same in text mode.
    Text,
}

/// The path of a socket; the names have no character that must be escaped in it.
fn path(group: &str, username: &str) -> String {
    format!("/ws/group/{group}/{username}")
}
