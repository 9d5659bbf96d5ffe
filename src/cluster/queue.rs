//! A queue between those who must not wait and one who takes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Holds so many items and so many bytes at most, and refuses what does not fit. It keeps the order.
#[derive(Debug)]
pub(super) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    arrived: Notify,
    items_max: usize,
    bytes_max: usize,
}

#[derive(Debug)]
struct Waiting<T> {
    /// Each with its size in bytes.
    items: VecDeque<(T, usize)>,
    bytes: usize,
}

impl<T> Queue<T> {
    /// An empty one.
    pub(super) fn new(items_max: usize, bytes_max: usize) -> Self {
        let waiting = Mutex::new(Waiting { items: VecDeque::new(), bytes: 0 });
        Self { waiting, arrived: Notify::new(), items_max, bytes_max }
    }

    /// Puts an item of `bytes` at the end. `false`, and the item is gone, if it does not fit.
    #[must_use]
    pub(super) fn push(&self, item: T, bytes: usize) -> bool {
        let mut waiting = self.waiting();
        if waiting.items.len() >= self.items_max || bytes > self.bytes_max - waiting.bytes {
            return false;
        }
        waiting.items.push_back((item, bytes));
        waiting.bytes += bytes;
        drop(waiting);
        self.arrived.notify_one();
        true
    }

    /// Takes the first item once there is one. Nothing is lost when this is dropped while it waits.
    pub(super) async fn pop(&self) -> T {
        loop {
            if let Some(item) = self.try_pop() {
                return item;
            }
            self.arrived.notified().await;
        }
    }

    /// Takes the first item if there is one.
    pub(super) fn try_pop(&self) -> Option<T> {
        let mut waiting = self.waiting();
        let (item, bytes) = waiting.items.pop_front()?;
        waiting.bytes -= bytes;
        Some(item)
    }

    /// Drops all, and says how many there were.
    pub(super) fn clear(&self) -> usize {
        let mut waiting = self.waiting();
        waiting.bytes = 0;
        std::mem::take(&mut waiting.items).len()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn it_keeps_the_order_and_the_bounds() {
        let queue = Queue::new(3, 10);
        assert!(queue.push('a', 4) && queue.push('b', 6));
        assert!(!queue.push('c', 1), "too many bytes");
        assert!(queue.push('d', 0));
        assert!(!queue.push('e', 0), "too many items");
        assert_eq!((queue.pop().await, queue.pop().await), ('a', 'b'));
        assert!(queue.push('f', 10));
        assert_eq!(queue.clear(), 2);
        assert_eq!(queue.try_pop(), None);
        assert!(queue.push('g', 10));
    }

    #[tokio::test]
    async fn who_waits_is_woken() {
        let queue = Arc::new(Queue::new(10, 10));
        let taken = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { (queue.pop().await, queue.pop().await) }
        });
        tokio::task::yield_now().await;
        assert!(queue.push(1, 1) && queue.push(2, 1));
        assert_eq!(taken.await.unwrap(), (1, 2));
    }
}
