//! The sessions, keys and outside tokens that are in use.

use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, UnitWeighter};
use tokio::sync::{RwLock, RwLockWriteGuard};

use super::ChatResult;
use super::grant::{Grant, GrantKind};
use super::in_use::KeepUsed;
use crate::hub::SocketId;
use crate::model::UserId;

/// Grants kept at a time, but for those that sockets speak by.
const GRANTS_MAX: usize = 200_000;

/// Each grant once, kept as long as somebody uses it.
pub(super) struct Grants {
    kept: Cache<GrantKind, Arc<Grant>, UnitWeighter, DefaultHashBuilder, KeepUsed>,
    /// Held by those who look one up, and alone by those who end some: so what has ended is not found and kept again.
    gate: RwLock<()>,
}

impl Grants {
    pub(super) fn new() -> Self {
        let (weighter, hasher) = (UnitWeighter, DefaultHashBuilder::default());
        let kept = Cache::with(GRANTS_MAX, GRANTS_MAX as u64, weighter, hasher, KeepUsed);
        Self { kept, gate: RwLock::default() }
    }

    /// The grant, or what `look_up` says of it. Of those who come at the same time one asks.
    pub(super) async fn find(
        &self,
        kind: GrantKind,
        look_up: impl Future<Output = ChatResult<Grant>>,
    ) -> ChatResult<Arc<Grant>> {
        if let Some(grant) = self.kept.get(&kind) {
            return Ok(grant);
        }
        let _gate = self.gate.read().await;
        self.kept.get_or_insert_async(&kind, async { Ok(Arc::new(look_up.await?)) }).await
    }

    /// How many sockets speak by it.
    pub(super) fn sockets(&self, kind: GrantKind) -> usize {
        self.kept.peek(&kind).map_or(0, |grant| grant.sockets())
    }

    /// Ends these without waiting for those who look one up, who may keep it once more; gives the sockets that spoke by
    /// them.
    pub(super) fn end(&self, kinds: impl IntoIterator<Item = GrantKind>) -> Vec<SocketId> {
        let ended = kinds.into_iter().filter_map(|kind| self.kept.remove(&kind));
        ended.flat_map(|(_, grant)| grant.end()).collect()
    }

    /// Ends in the same way those of which this is true.
    pub(super) fn end_those(&self, is_over: impl Fn(&Grant) -> bool) -> Vec<SocketId> {
        let all = self.kept.iter();
        let over: Vec<GrantKind> =
            all.filter(|(_, grant)| is_over(grant)).map(|(_, grant)| grant.kind()).collect();
        self.end(over)
    }

    /// Waits until nobody looks one up, and keeps it so. To be held while the store is changed and grants are ended.
    pub(super) async fn change(&self) -> GrantChange<'_> {
        GrantChange { grants: self, _gate: self.gate.write().await }
    }
}

/// The right to end grants.
pub(super) struct GrantChange<'g> {
    grants: &'g Grants,
    _gate: RwLockWriteGuard<'g, ()>,
}

impl GrantChange<'_> {
    /// Ends these; gives the sockets that spoke by them.
    pub(super) fn end(&self, kinds: impl IntoIterator<Item = GrantKind>) -> Vec<SocketId> {
        self.grants.end(kinds)
    }

    /// Ends all of a user's.
    pub(super) fn end_of_user(&self, user: UserId) -> Vec<SocketId> {
        self.end_those(|grant| grant.user() == Some(user))
    }

    /// Ends those of which this is true.
    pub(super) fn end_those(&self, is_over: impl Fn(&Grant) -> bool) -> Vec<SocketId> {
        self.grants.end_those(is_over)
    }

    /// All that are kept.
    pub(super) fn all(&self) -> Vec<Arc<Grant>> {
        self.grants.kept.iter().map(|(_, grant)| grant).collect()
    }
}
