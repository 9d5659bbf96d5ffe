//! Users and groups that many rows of a page name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::StoreResult;
use crate::model::{Group, GroupId, User, UserId};

/// The users and groups of one page, each made once and shared by the rows that name it.
#[derive(Default)]
pub(super) struct Page {
    users: HashMap<UserId, Arc<User>>,
    groups: HashMap<GroupId, Arc<Group>>,
}

impl Page {
    /// The user of this number, made by `make` when first named.
    pub(super) fn user(
        &mut self,
        id: UserId,
        make: impl FnOnce() -> StoreResult<User>,
    ) -> StoreResult<Arc<User>> {
        Ok(match self.users.entry(id) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(new) => Arc::clone(new.insert(Arc::new(make()?))),
        })
    }

    /// The group of this number, made by `make` when first named.
    pub(super) fn group(
        &mut self,
        id: GroupId,
        make: impl FnOnce() -> StoreResult<Group>,
    ) -> StoreResult<Arc<Group>> {
        Ok(match self.groups.entry(id) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(new) => Arc::clone(new.insert(Arc::new(make()?))),
        })
    }
}
