//! Storing as one of several who write: numbers are given under the locks of the groups' heads.

use std::sync::Arc;

use tokio::time::Instant;

use super::{GaveUp, Task, settled};
use crate::cluster::Node;
use crate::store::{LogBatch, PlainBatch, Sent, SentKey, StoreError};
use crate::writer::answer::WriteError;
use crate::writer::batch::Batch;

/// What becomes of a batch under the locks: the names of what needed no entry, or why the database refuses it.
type Locked = Result<Vec<(SentKey, Sent)>, StoreError>;

impl Task {
    /// Stores the batch. What became of it is then in `outgoing`.
    pub(super) async fn write_together(&mut self, node: &Arc<Node>) -> Result<(), GaveUp> {
        self.refuse_removed();
        if self.store_plain(node).await? {
            return Ok(());
        }
        let names = match self.write_locked(node).await? {
            Ok(names) => names,
            Err(error) => {
                tracing::error!(%error, "batch refused; storing its entries one by one");
                self.write_each(node).await?
            }
        };
        self.keep_names(names).await
    }

    /// Stores the batch with one question, if nothing has to be found out for it. `false` if it was not stored.
    async fn store_plain(&mut self, node: &Arc<Node>) -> Result<bool, GaveUp> {
        let Some(messages) = self.batch.plain() else { return Ok(false) };
        let batch = Arc::new(PlainBatch { serial: node.next_serial(), known: node.known(), messages });
        let started = Instant::now();
        let stored =
            self.ask_of(&**node.shared(), |log| settled(log.store_plain(Arc::clone(&batch)))).await?;
        // What is refused is looked at under the locks.
        let Ok(Some(sent)) = stored else { return Ok(false) };
        self.batch.place(&sent);
        self.stored_together(started);
        Ok(true)
    }

    /// Stores the batch under the locks of its groups' heads. If the database refuses it, it is as it was before.
    async fn write_locked(&mut self, node: &Arc<Node>) -> Result<Locked, GaveUp> {
        let shared = Arc::clone(node.shared());
        let mut names = Vec::new();
        loop {
            self.refuse_removed();
            let groups = self.batch.distinct_groups();
            if groups.is_empty() {
                return Ok(Ok(names));
            }
            let count = self.batch.pending();
            let begin = self.ask_of(&*shared, |log| log.begin(groups.clone(), count, node.known()));
            let begun = begin.await?;
            if !begun.is_current {
                self.ask_of(&**node, |node| Box::pin(node.look())).await?;
                self.batch.rename_as(|group| node.current_group(group));
                continue;
            }
            let before = self.batch.remember();
            self.take_stored().await?;
            names.extend(self.decide().await?);
            self.batch.number_on(&groups, &begun);
            let batch = Arc::clone(self.batch.numbered());
            if batch.is_empty() {
                self.ask_of(&*shared, |log| log.roll_back()).await?;
                return Ok(Ok(names));
            }
            let (serial, started) = (node.next_serial(), Instant::now());
            let committed = self.ask_of(&*shared, |log| settled(log.commit(serial, Arc::clone(&batch))));
            match committed.await? {
                Ok(true) => {
                    names.extend(self.stored_together(started));
                    return Ok(Ok(names));
                }
                // The transaction was lost on the way.
                Ok(false) => self.batch.rewind(before),
                Err(error) => {
                    self.batch.rewind(before);
                    return Ok(Err(error));
                }
            }
        }
    }

    /// Stores what is in a refused batch, each in a transaction of its own, so that its neighbours do not fail with the
    /// one at fault.
    async fn write_each(&mut self, node: &Arc<Node>) -> Result<Vec<(SentKey, Sent)>, GaveUp> {
        let mut names = Vec::new();
        for pending in self.batch.take_pending() {
            let (group, user) = (pending.entry.group.id, pending.entry.user.id);
            self.batch = Batch::of(pending);
            match self.write_locked(node).await? {
                Ok(more) => names.extend(more),
                Err(error) => {
                    tracing::error!(%error, %group, %user, "message refused by the store");
                    for pending in self.batch.take_pending() {
                        self.answer_repeat(pending, Err(WriteError::Refused));
                    }
                }
            }
        }
        Ok(names)
    }

    /// The batch is stored: its readers may have it, and its senders their answers. Gives the names of what is as it makes
    /// it.
    fn stored_together(&mut self, started: Instant) -> Vec<(SentKey, Sent)> {
        let batch: Arc<LogBatch> = Arc::clone(self.batch.numbered());
        self.hub.metrics().committed(batch.len(), batch.messages.len(), started.elapsed());
        self.outgoing.publish(Arc::clone(&batch), Some(Instant::now()));
        self.answer_stored(&batch)
    }
}
