//! The writer's task: number, store, deliver, answer.

use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Receipt, WriteError};
use super::batch::{Batch, Repeat, Settled};
use super::delivery::Delivery;
use super::handle::MessageWriter;
use super::numbering::Numbering;
use super::options::WriterOptions;
use super::pending::{Pending, Sender};
use super::queue::Queue;
use super::ready::{Numbered, Place};
use super::renamed::Renamed;
use crate::hub::{self, Hub};
use crate::store::{Asked, LogBatch, MessageLog, Sent, SentKey, StoreError, StoreResult};

/// Wait before the first new attempt after the store failed; doubled up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(20);
/// Longest wait between attempts.
const RETRY_MAX: Duration = Duration::from_secs(1);

struct Task {
    log: Arc<dyn MessageLog>,
    hub: Hub,
    options: WriterOptions,
    writer: MessageWriter,
    queue: Queue,
    numbering: Numbering,
    renamed: Renamed,
    /// The batch under way.
    batch: Batch,
    /// What is settled of the batch under way, and not delivered yet.
    outgoing: Delivery,
    /// When to look for senders who have waited too long.
    overdue_check: Interval,
    give_up: CancellationToken,
}

/// The store stayed away until the writer was told to give up.
struct GaveUp;

impl MessageWriter {
    /// Starts the writer's task on the current runtime, numbering on from what is stored.
    ///
    /// The task ends when `give_up` is cancelled: at once if the store is away, else after the batch under
    /// way. What was not stored by then is answered with [`WriteError::Unavailable`].
    ///
    /// # Errors
    /// Those of the store.
    pub async fn start(
        log: Arc<dyn MessageLog>,
        hub: Hub,
        options: WriterOptions,
        give_up: CancellationToken,
    ) -> StoreResult<(Self, JoinHandle<()>)> {
        let (last_id, last_at) = log.last_message().await?;
        let (writer, commands) = Self::new();
        let numbering = Numbering::new(last_id, last_at);
        let task = Task {
            log,
            hub,
            options,
            writer: writer.clone(),
            queue: Queue::new(commands),
            numbering,
            renamed: Renamed::default(),
            batch: Batch::default(),
            outgoing: Delivery::default(),
            overdue_check: overdue_check(options.unavailable_after),
            give_up,
        };
        Ok((writer, tokio::spawn(task.run())))
    }
}

impl Task {
    async fn run(mut self) {
        while !self.give_up.is_cancelled() {
            let pending = self.queue.take(self.options.batch_messages_max, self.options.batch_bytes_max);
            self.hub.metrics().queued(pending.len() + self.queue.len());
            if pending.is_empty() {
                self.queue.delivered();
                tokio::select! {
                    () = self.queue.wait() => {}
                    () = self.give_up.cancelled() => {}
                }
                continue;
            }
            self.batch = Batch::new(pending);
            self.batch.rename(&mut self.renamed);
            let written = self.write().await;
            // What was stored before it gave up is told all the same.
            self.deliver().await;
            if written.is_err() {
                tracing::error!("stopped while the store was unavailable; unstored messages are dropped");
                return;
            }
            self.queue.delivered();
            if !self.queue.is_empty() {
                // The store's other work on this thread has its turn.
                yield_now().await;
            }
        }
    }

    /// Stores the batch. What became of it is then in `outgoing`.
    async fn write(&mut self) -> Result<(), GaveUp> {
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
        let places: Vec<Place> = self.batch.places().to_vec();
        for &place in &places {
            self.answer_next(Ok(Receipt::Stored { batch: Arc::clone(batch), place }));
        }
        let mut names = Vec::new();
        for Repeat { sender, key, first } in self.batch.take_repeats() {
            let sent = places[first].sent(batch);
            let own = places[first].client_id(batch);
            names.extend(key.clone().filter(|key| own != Some(&*key.client_id)).map(|key| (key, sent)));
            self.outgoing.answer_repeat(sender, client_id(key), Ok(Receipt::Duplicate(sent)));
        }
        Ok(names)
    }

    /// Keeps the names of what needed no entry, before it is answered: what is sent once more gets the same answer,
    /// whatever has changed by then.
    async fn keep_names(&mut self, names: Vec<(SentKey, Sent)>) -> Result<(), GaveUp> {
        if names.is_empty() {
            return Ok(());
        }
        let kept = self.ask(|log| settled(log.keep_sent(names.clone()))).await?;
        if let Err(error) = kept {
            tracing::warn!(%error, names = names.len(), "the names of edits that changed nothing are not kept");
        }
        Ok(())
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
            let stored = self.write_alone(batch, place, is_early).await?;
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

    /// Refuses what comes from those who are no members any more: not even a retry tells them anything.
    fn refuse_removed(&mut self) {
        for (pending, removal) in self.batch.take_removed() {
            self.answer_repeat(pending, Err(WriteError::Removed(removal)));
        }
    }

    /// Answers those whose `client_id` is stored.
    async fn take_stored(&mut self) -> Result<(), GaveUp> {
        let keys = self.batch.keys();
        if !keys.is_empty() {
            let known = self.ask(|log| log.find_sent(keys.clone())).await?;
            for (pending, sent) in self.batch.take_stored(known) {
                self.answer_repeat(pending, Ok(Receipt::Duplicate(sent)));
            }
        }
        Ok(())
    }

    /// Finds out what the changes are about, and answers those that are denied or change nothing. Gives the names of
    /// these.
    async fn decide(&mut self) -> Result<Vec<(SentKey, Sent)>, GaveUp> {
        let questions = self.batch.questions();
        let targets = match questions.is_empty() {
            true => Vec::new(),
            false => self.ask(|log| log.targets(questions.clone())).await?,
        };
        let questions = self.batch.mention_questions();
        let mentioned = match questions.is_empty() {
            true => Vec::new(),
            false => self.ask(|log| log.mentioned(questions.clone())).await?,
        };
        let mut names = Vec::new();
        for Settled { sender, key, outcome } in self.batch.decide(targets, mentioned) {
            if let (Some(key), Ok(sent)) = (&key, &outcome) {
                names.push((key.clone(), *sent));
            }
            self.outgoing.answer_repeat(sender, client_id(key), outcome.map(Receipt::Duplicate));
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
    async fn write_alone(
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

    fn answer_next(&mut self, answer: Answer) {
        if let Some(sender) = self.batch.next_sender() {
            self.outgoing.answer(sender, answer);
        }
    }

    fn answer_repeat(&mut self, Pending { entry, sender }: Pending, answer: Answer) {
        self.outgoing.answer_repeat(sender, entry.client_id, answer);
    }

    async fn deliver(&mut self) {
        mem::take(&mut self.outgoing).send(&self.hub).await;
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

    /// Asks the store until it answers. While it does not, messages queue up to their bounds and senders wait.
    async fn ask<T>(&mut self, question: impl Fn(&dyn MessageLog) -> Asked<'_, T>) -> Result<T, GaveUp> {
        let (log, give_up) = (Arc::clone(&self.log), self.give_up.clone());
        let mut wait = RETRY_MIN;
        loop {
            match self.watching_senders(question(&*log)).await {
                Ok(answer) => {
                    if self.writer.is_failing() {
                        tracing::info!("store is available again");
                        self.writer.set_failing(false);
                    }
                    return Ok(answer);
                }
                Err(error) if self.writer.is_failing() => tracing::debug!(%error, "store still unavailable"),
                Err(error) => {
                    tracing::warn!(%error, "store unavailable; messages wait");
                    self.writer.set_failing(true);
                }
            }
            tokio::select! {
                () = self.watching_senders(sleep(wait)) => wait = (wait * 2).min(RETRY_MAX),
                () = give_up.cancelled() => return Err(GaveUp),
            }
        }
    }

    /// Waits, and tells senders who have waited too long.
    async fn watching_senders<T>(&mut self, answer: impl Future<Output = T>) -> T {
        let mut answer = pin!(answer);
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => return answer,
                _ = self.overdue_check.tick() => {
                    let notices = self.notices();
                    self.hub.deliver(Arc::new([]), notices, None).await;
                }
            }
        }
    }

    /// What is to be said to the sockets in JSON mode that have waited too long, to each once.
    fn notices(&mut self) -> Vec<hub::Ack> {
        let (now, patience) = (Instant::now(), self.options.unavailable_after);
        let overdue = |sender: &&mut Sender| sender.is_overdue(patience, now);
        let under_way = self.batch.waiting().filter(overdue);
        under_way.chain(self.queue.waiting().take_while(overdue)).filter_map(Sender::notice).collect()
    }
}

/// An answer of the store in which a refusal is no failure: it would be the same each time.
fn settled(answer: Asked<'_, ()>) -> Asked<'_, StoreResult<()>> {
    Box::pin(async move {
        match answer.await {
            Err(unavailable @ StoreError::Unavailable(_)) => Err(unavailable),
            settled => Ok(settled),
        }
    })
}

/// How a sender calls something.
fn client_id(key: Option<SentKey>) -> Option<Box<str>> {
    key.map(|key| key.client_id)
}

/// Ten times in the time after which senders are told.
fn overdue_check(unavailable_after: Duration) -> Interval {
    let mut check = interval((unavailable_after / 10).max(Duration::from_millis(1)));
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    check
}
