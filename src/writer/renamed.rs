//! Groups that got another name.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Group, GroupId};

/// How many groups are remembered. All are forgotten when there are more: what was accepted before the name changed has
/// come long since.
const GROUPS_MAX: usize = 1_000;

/// The groups that were renamed lately, as they are today.
#[derive(Debug, Default)]
pub(super) struct Renamed(HashMap<GroupId, Arc<Group>>);

impl Renamed {
    /// Remembers how a group is called.
    pub(super) fn insert(&mut self, group: &Arc<Group>) {
        if self.0.len() >= GROUPS_MAX {
            self.0.clear();
        }
        self.0.insert(group.id, Arc::clone(group));
    }

    /// How a group is called, if that has changed lately.
    pub(super) fn get(&self, group: GroupId) -> Option<&Arc<Group>> {
        // Most batches come while nothing is remembered.
        if self.0.is_empty() { None } else { self.0.get(&group) }
    }
}
