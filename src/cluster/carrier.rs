//! What carries payloads between nodes.

use bytes::Bytes;
use futures_util::future::BoxFuture;

/// For whom a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Nodes that [listen](Carrier::listen) to this shard.
    Shard(i64),
    /// All nodes.
    All,
}

/// A payload that came. A node hears itself too.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// For whom it was.
    pub subject: Subject,
    /// What was published.
    pub payload: Bytes,
}

/// Carries payloads between nodes, each at most once; what one node publishes to one subject arrives in its order. Whatever
/// is lost is found elsewhere: nothing here waits for a network.
pub trait Carrier: Send + Sync + 'static {
    /// Hands a payload over, of at most [`payload_bytes_max`](Self::payload_bytes_max). It is dropped, and counted as
    /// such, if there is no way to others or if too much waits for it.
    fn publish(&self, subject: Subject, payload: Bytes);

    /// Has payloads of this shard arrive here too. Ready when all that is published from then on does, or when it is
    /// known that it can not, within 500 ms.
    fn listen(&self, shard: i64) -> BoxFuture<'_, ()>;

    /// Ends that.
    fn unlisten(&self, shard: i64);

    /// The next payload that came.
    fn next(&self) -> BoxFuture<'_, Arrived>;

    /// Whether there is a way to others, as far as is known.
    fn is_up(&self) -> bool;

    /// The largest payload that can be published, in bytes; at least 4,096.
    fn payload_bytes_max(&self) -> usize;

    /// Payloads that were dropped here so far, on their way out or in.
    fn dropped(&self) -> u64;
}
