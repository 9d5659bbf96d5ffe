//! What is counted, as figures.

use std::collections::BTreeMap;

use super::core_count::CoreCount;
use super::process::Usage;
use super::timings::TimingsCount;

/// All that is counted at one moment; what grows does so since the server began.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The version of the server.
    pub version: &'static str,
    /// The commit that it was built from; may be empty.
    pub commit: &'static str,
    /// Over all cores.
    pub cores: CoreCount,
    /// Messages stored.
    pub messages_committed: u64,
    /// Entries that wait to be stored.
    pub queue_messages: u64,
    /// How long transactions took.
    pub commit_seconds: TimingsCount,
    /// Attempts to log in, by how they ended.
    pub logins: BTreeMap<&'static str, u64>,
    /// What the system says of the process, if it does.
    pub usage: Option<Usage>,
}
