//! The writer's task: number, store, deliver, answer.

use std::collections::HashMap;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::batch::Numbering;
use super::delivery::Delivery;
use super::handle::{MessageWriter, Receipt, WriteError};
use super::queue::{Queue, Queued, Work};
use super::senders::Ticket;
use super::submission::Answer;
use crate::hub::Hub;
use crate::model::Message;
use crate::store::{Asked, MessageLog, Sent, SentKey, StoreError, StoreResult};

/// Wait before the first new attempt after the store failed; doubled up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(20);
/// Longest wait between attempts.
const RETRY_MAX: Duration = Duration::from_secs(1);

/// How the writer works.
#[derive(Clone, Copy, Debug)]
pub struct WriterOptions {
    /// Hand messages to their readers while they are being stored, instead of after.
    pub eager: bool,
    /// Messages in one transaction. Default 1,000.
    pub batch_messages_max: usize,
    /// Bytes of content in one transaction, exceeded by at most one message. Default 4 MiB.
    pub batch_bytes_max: usize,
    /// How long a message of a socket in JSON mode waits for the store before its sender is told `unavailable`,
    /// give or take a tenth. It goes on waiting. Default 10 s.
    pub unavailable_after: Duration,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            eager: false,
            batch_messages_max: 1_000,
            batch_bytes_max: 4 << 20,
            unavailable_after: Duration::from_secs(10),
        }
    }
}

struct Task {
    log: Arc<dyn MessageLog>,
    hub: Hub,
    options: WriterOptions,
    writer: MessageWriter,
    queue: Queue,
    numbering: Numbering,
    /// What is settled of the batch under way, and not delivered yet.
    outgoing: Delivery,
    /// When to look for senders who have waited too long.
    overdue_check: Interval,
    give_up: CancellationToken,
}

/// A message whose `client_id` stands in the same batch before it.
struct Repeat {
    queued: Queued,
    /// The place of the first message of that name.
    first: usize,
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
            queue: Queue::new(commands, options.unavailable_after),
            numbering,
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
            match self.queue.take(self.options.batch_messages_max, self.options.batch_bytes_max) {
                Some(Work::Store(batch)) => {
                    let written = self.write(batch).await;
                    // What was stored before it gave up is told all the same.
                    self.deliver().await;
                    if written.is_err() {
                        tracing::error!(
                            "stopped while the store was unavailable; unstored messages are dropped"
                        );
                        return;
                    }
                }
                Some(Work::Flush(done)) => _ = done.send(()),
                None => tokio::select! {
                    () = self.queue.wait() => {}
                    () = self.give_up.cancelled() => {}
                },
            }
        }
    }

    /// Stores a batch. What became of it is then in `outgoing`.
    async fn write(&mut self, batch: Vec<Queued>) -> Result<(), GaveUp> {
        let (batch, repeats) = self.set_aside_repeats(batch).await?;
        if batch.is_empty() {
            return Ok(());
        }
        self.learn_heads(&batch).await?;

        let (new, senders): (Vec<_>, Vec<_>) = batch.into_iter().map(|q| (q.message, q.sender)).unzip();
        let messages: Arc<[Message]> = self.numbering.number(new.into_iter()).into();
        if self.options.eager {
            self.outgoing.publish(Arc::clone(&messages));
            self.deliver().await;
        }
        if let Err(error) = self.append(&messages).await? {
            tracing::error!(%error, messages = messages.len(), "batch refused; storing its messages one by one");
            return self.write_one_by_one(&messages, senders, repeats).await;
        }
        self.stored(&messages);
        for (index, sender) in senders.into_iter().enumerate() {
            self.answer(sender, Ok(Receipt::Stored { batch: Arc::clone(&messages), index }));
        }
        for Repeat { queued, first } in repeats {
            self.answer_repeat(queued, Ok(Receipt::Duplicate(sent(&messages[first]))));
        }
        Ok(())
    }

    /// Stores the messages of a refused batch, each in a transaction of its own, so that its neighbours do not
    /// fail with the one at fault.
    async fn write_one_by_one(
        &mut self,
        messages: &[Message],
        senders: Vec<Ticket>,
        repeats: Vec<Repeat>,
    ) -> Result<(), GaveUp> {
        self.restart_numbering().await?;
        let mut answers_to_repeats = Vec::with_capacity(messages.len());
        for (message, sender) in messages.iter().zip(senders) {
            let stored = self.write_alone(message).await?;
            answers_to_repeats.push(match &stored {
                Some(batch) => Ok(Receipt::Duplicate(sent(&batch[0]))),
                None => Err(WriteError::Refused),
            });
            let receipt = stored.map(|batch| Receipt::Stored { batch, index: 0 });
            self.answer(sender, receipt.ok_or(WriteError::Refused));
        }
        for Repeat { queued, first } in repeats {
            self.answer_repeat(queued, answers_to_repeats[first].clone());
        }
        Ok(())
    }

    /// Answers those whose `client_id` is stored, and sets aside those whose `client_id` stands in the batch
    /// before them.
    async fn set_aside_repeats(&mut self, batch: Vec<Queued>) -> Result<(Vec<Queued>, Vec<Repeat>), GaveUp> {
        let keys: Vec<SentKey> = batch.iter().filter_map(|queued| queued.key()).collect();
        if keys.is_empty() {
            return Ok((batch, Vec::new()));
        }
        let mut known = self.ask(|log| log.find_sent(keys.clone())).await?.into_iter();
        let (mut fresh, mut repeats, mut first_places) = (Vec::new(), Vec::new(), HashMap::new());
        for queued in batch {
            let Some(key) = queued.key() else {
                fresh.push(queued);
                continue;
            };
            if let Some(Some(sent)) = known.next() {
                self.answer_repeat(queued, Ok(Receipt::Duplicate(sent)));
            } else if let Some(&first) = first_places.get(&key) {
                repeats.push(Repeat { queued, first });
            } else {
                first_places.insert(key, fresh.len());
                fresh.push(queued);
            }
        }
        Ok((fresh, repeats))
    }

    async fn learn_heads(&mut self, batch: &[Queued]) -> Result<(), GaveUp> {
        let unknown = self.numbering.unknown(batch.iter().map(|queued| &queued.message));
        if !unknown.is_empty() {
            let heads = self.ask(|log| log.heads(unknown.clone())).await?;
            unknown.into_iter().zip(heads).for_each(|(group, head)| self.numbering.learn(group, head));
        }
        Ok(())
    }

    /// Stores one message with new numbers; `None` if it is refused.
    async fn write_alone(&mut self, message: &Message) -> Result<Option<Arc<[Message]>>, GaveUp> {
        let group = message.group.id;
        let heads = self.ask(|log| log.heads(vec![group])).await?;
        self.numbering.learn(group, heads.first().copied().unwrap_or_default());
        let renumbered: Arc<[Message]> =
            self.numbering.number([message.clone().into_new()].into_iter()).into();
        Ok(match self.append(&renumbered).await? {
            Ok(()) => {
                self.stored(&renumbered);
                Some(renumbered)
            }
            Err(error) => {
                tracing::error!(%error, %group, user = %message.user.id, "message refused by the store");
                None
            }
        })
    }

    /// The next numbers come after this batch, and its readers may have it.
    fn stored(&mut self, batch: &Arc<[Message]>) {
        self.numbering.advance(batch);
        if !self.options.eager {
            self.outgoing.publish(Arc::clone(batch));
        }
    }

    fn answer(&mut self, sender: Ticket, answer: Answer) {
        if let Some(sender) = self.queue.release(sender) {
            self.outgoing.answer(sender, answer);
        }
    }

    fn answer_repeat(&mut self, repeat: Queued, answer: Answer) {
        if let Some(sender) = self.queue.release(repeat.sender) {
            self.outgoing.answer_repeat(sender, repeat.message.client_id, answer);
        }
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
    async fn append(&mut self, batch: &Arc<[Message]>) -> Result<StoreResult<()>, GaveUp> {
        self.ask(|log| {
            let answer = log.append(Arc::clone(batch));
            Box::pin(async move {
                match answer.await {
                    Err(unavailable @ StoreError::Unavailable(_)) => Err(unavailable),
                    settled => Ok(settled),
                }
            })
        })
        .await
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
                    let notices = self.queue.overdue();
                    self.hub.deliver(Arc::new([]), notices).await;
                }
            }
        }
    }
}

/// Ten times in the time after which senders are told.
fn overdue_check(unavailable_after: Duration) -> Interval {
    let mut check = interval((unavailable_after / 10).max(Duration::from_millis(1)));
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    check
}

fn sent(message: &Message) -> Sent {
    Sent { id: message.id, seq: message.seq, created_at: message.created_at }
}
