//! Caches that let go of nothing that somebody uses.

use std::hash::Hash;
use std::sync::Arc;

use quick_cache::Lifecycle;

/// Keeps a shared value for as long as somebody else has it: who changes it in the cache changes it for them.
#[derive(Clone, Debug)]
pub(super) struct KeepUsed;

impl<K: Hash + Eq, V> Lifecycle<K, Arc<V>> for KeepUsed {
    type RequestState = ();

    fn is_pinned(&self, _: &K, value: &Arc<V>) -> bool {
        Arc::strong_count(value) > 1
    }

    fn begin_request(&self) {}

    fn on_evict(&self, (): &mut (), _: K, _: Arc<V>) {}
}
