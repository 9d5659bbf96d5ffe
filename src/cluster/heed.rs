//! Who minds what other nodes change.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::model::{Group, GroupId};
use crate::store::Notice;

/// Knows things that other nodes may have changed.
pub trait Heed: Send + Sync {
    /// These were changed. When this is ready nothing is believed any more that they contradict; `false` if that could not
    /// be looked into, and they are to be heeded once more.
    fn heed<'a>(&'a self, notices: &'a [Notice]) -> BoxFuture<'a, bool>;

    /// This node has changed these, and may not have learnt that it has: they are heeded too, in a moment.
    fn heed_own(&self, notices: &[Notice]);

    /// Anything may have changed. `false` if that could not be looked into.
    fn heed_all(&self) -> BoxFuture<'_, bool>;

    /// The group as it is now, if it is known here.
    fn current_group(&self, group: GroupId) -> Option<Arc<Group>>;
}
