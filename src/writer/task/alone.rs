//! Storing as the only one who writes: numbers are given in memory.

use std::sync::Arc;

use tokio::time::Instant;

use super::{GaveUp, Numbering, Task, client_id, settled};
use crate::store::{LogBatch, Sent, SentKey, StoreResult};
use crate::writer::answer::{Receipt, WriteError};
use crate::writer::batch::Repeat;
use crate::writer::ready::{Numbered, Place};

impl Task {
    /// Stores the batch. What became of it is then in `outgoing`.
    pub(super) async fn write_alone(&mut self) -> Result<(), GaveUp> {
        self.refuse_removed();
        self.take_stored().await?;
        self.learn_heads().await?;
        // Nothing is waited for between this and the numbers: it holds what the members are at this moment.
        let mut names = self.decide().await?;
        self.batch.number(&self.numbering);
        let batch = Arc::clone(self.batch.numbered());
        if !batch.is_empty() {
            names.extend(self.store(&batch).await?);
        }
        self.keep_names(names).await
    }

    /// Stores what has its numbers. Answers the names of what is as it makes it.
    async fn store(&mut self, batch: &Arc<LogBatch>) -> Result<Vec<(SentKey, Sent)>, GaveUp> {
        // Nothing but messages is seen before it is stored.
        let is_early = self.options.eager && batch.changes.is_empty();
        if is_early {
            self.outgoing.publish(Arc::clone(batch), None);
            self.deliver().await;
        }
        if let Err(error) = self.append(batch).await? {
            tracing::error!(%error, entries = batch.len(), "batch refused; storing its entries one by one");
            return self.write_one_by_one(batch, is_early).await;
        }
        self.stored(batch, is_early);
        Ok(self.answer_stored(batch))
    }

    /// Stores what is in a refused batch, each in a transaction of its own, so that its neighbours do not
    /// fail with the one at fault.
    async fn write_one_by_one(
        &mut self,
        batch: &LogBatch,
        is_early: bool,
    ) -> Result<Vec<(SentKey, Sent)>, GaveUp> {
        self.restart_numbering().await?;
        let places: Vec<Place> = self.batch.places().to_vec();
        let mut answers_to_repeats = Vec::with_capacity(places.len());
        for place in places {
            let stored = self.write_one(batch, place, is_early).await?;
            answers_to_repeats.push(match &stored {
                Some((batch, place)) => Ok(Receipt::Duplicate(place.sent(batch))),
                None => Err(WriteError::Refused),
            });
            let receipt = stored.map(|(batch, place)| Receipt::Stored { batch, place });
            self.answer_next(receipt.ok_or(WriteError::Refused));
        }
        let mut names = Vec::new();
        for Repeat { sender, key, first } in self.batch.take_repeats() {
            let answer = answers_to_repeats[first].clone();
            if let (Some(key), Ok(Receipt::Duplicate(sent))) = (&key, &answer) {
                names.push((key.clone(), *sent));
            }
            self.outgoing.answer_repeat(sender, client_id(key), answer);
        }
        Ok(names)
    }

    async fn learn_heads(&mut self) -> Result<(), GaveUp> {
        let unknown = self.numbering.unknown(self.batch.groups());
        if !unknown.is_empty() {
            let heads = self.ask(|log| log.heads(unknown.clone())).await?;
            unknown.into_iter().zip(heads).for_each(|(group, head)| self.numbering.learn(group, head));
        }
        Ok(())
    }

    /// Stores one entry of a batch with new numbers; `None` if it is refused.
    async fn write_one(
        &mut self,
        batch: &LogBatch,
        place: Place,
        is_early: bool,
    ) -> Result<Option<(Arc<LogBatch>, Place)>, GaveUp> {
        let ready = place.ready(batch);
        let (group, user) = (ready.group.id, ready.user.id);
        let heads = self.ask(|log| log.heads(vec![group])).await?;
        self.numbering.learn(group, heads.first().copied().unwrap_or_default());
        let Numbered { batch, places } = self.numbering.number([ready].into_iter());
        let batch = Arc::new(batch);
        Ok(match self.append(&batch).await? {
            Ok(()) => {
                self.stored(&batch, is_early);
                places.first().map(|&place| (batch, place))
            }
            Err(error) => {
                tracing::error!(%error, %group, %user, "message refused by the store");
                if is_early {
                    self.writer.set_misled();
                }
                None
            }
        })
    }

    /// The next numbers come after this batch, and its readers may have it, unless they had it early.
    fn stored(&mut self, batch: &Arc<LogBatch>, is_early: bool) {
        self.numbering.advance(batch);
        if !is_early {
            self.outgoing.publish(Arc::clone(batch), Some(Instant::now()));
        }
    }

    /// Reads the numbers anew: the refusal may mean that somebody else has written.
    async fn restart_numbering(&mut self) -> Result<(), GaveUp> {
        let (last_id, last_at) = self.ask(|log| log.last_message()).await?;
        self.numbering = Numbering::new(last_id, last_at);
        Ok(())
    }

    /// Stores the batch, however long that takes; the inner error is the refusal.
    async fn append(&mut self, batch: &Arc<LogBatch>) -> Result<StoreResult<()>, GaveUp> {
        let started = Instant::now();
        let appended = self.ask(|log| settled(log.append(Arc::clone(batch)))).await?;
        if appended.is_ok() {
            self.hub.metrics().committed(batch.len(), batch.messages.len(), started.elapsed());
        }
        Ok(appended)
    }
}
