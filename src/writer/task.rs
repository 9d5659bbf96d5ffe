//! The writer's task: number, store, deliver, answer.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::batch::Numbering;
use super::delivery::{Delivery, Outcome};
use super::handle::{Command, MessageWriter, Receipt, WriteError};
use super::submission::Submission;
use crate::hub::Hub;
use crate::model::Message;
use crate::store::{Asked, Sent, SentKey, Store, StoreError, StoreResult};

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
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self { eager: false, batch_messages_max: 1_000, batch_bytes_max: 4 << 20 }
    }
}

struct Task {
    store: Arc<dyn Store>,
    hub: Hub,
    options: WriterOptions,
    writer: MessageWriter,
    commands: mpsc::UnboundedReceiver<Command>,
    waiting: VecDeque<Waiting>,
    numbering: Numbering,
    give_up: CancellationToken,
}

enum Waiting {
    Message(Submission),
    Flush(tokio::sync::oneshot::Sender<()>),
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
        store: Arc<dyn Store>,
        hub: Hub,
        options: WriterOptions,
        give_up: CancellationToken,
    ) -> StoreResult<(Self, JoinHandle<()>)> {
        let (last_id, last_at) = store.last_message().await?;
        let (writer, commands) = Self::new();
        let numbering = Numbering::new(last_id, last_at);
        let task = Task {
            store,
            hub,
            options,
            writer: writer.clone(),
            commands,
            waiting: VecDeque::new(),
            numbering,
            give_up,
        };
        Ok((writer, tokio::spawn(task.run())))
    }
}

impl Task {
    async fn run(mut self) {
        let give_up = self.give_up.clone();
        loop {
            let batch = tokio::select! {
                batch = self.next_batch() => batch,
                () = give_up.cancelled() => return,
            };
            if self.write(batch).await.is_err() {
                tracing::error!("stopped while the store was unavailable; unstored messages are dropped");
                return;
            }
        }
    }

    /// What waits, up to the bounds of a batch; at least one message.
    async fn next_batch(&mut self) -> Vec<Submission> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        loop {
            while let Ok(command) = self.commands.try_recv() {
                self.enqueue(command);
            }
            while batch.len() < self.options.batch_messages_max && bytes < self.options.batch_bytes_max {
                match self.waiting.pop_front() {
                    Some(Waiting::Message(submission)) => {
                        bytes += submission.message.content.len();
                        batch.push(submission);
                    }
                    Some(Waiting::Flush(done)) if batch.is_empty() => {
                        let _ = done.send(());
                    }
                    Some(flush @ Waiting::Flush(_)) => {
                        self.waiting.push_front(flush);
                        break;
                    }
                    None => break,
                }
            }
            if !batch.is_empty() {
                return batch;
            }
            match self.commands.recv().await {
                Some(command) => self.enqueue(command),
                // This task holds a handle itself, so the queue never closes before it ends.
                None => std::future::pending().await,
            }
        }
    }

    fn enqueue(&mut self, command: Command) {
        match command {
            Command::Submit(messages) => self.waiting.extend(messages.into_iter().map(Waiting::Message)),
            Command::SubmitOne(message) => self.waiting.push_back(Waiting::Message(message)),
            Command::Flush(done) => self.waiting.push_back(Waiting::Flush(done)),
        }
    }

    async fn write(&mut self, batch: Vec<Submission>) -> Result<(), GaveUp> {
        let mut delivery = Delivery::default();
        let (batch, repeats) = self.set_aside_repeats(batch, &mut delivery).await?;
        self.learn_heads(&batch).await?;

        let (new, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|s| (s.message, s.reply_to)).unzip();
        let messages: Arc<[Message]> = self.numbering.number(new.into_iter()).into();
        if self.options.eager {
            Delivery::of(&self.hub, &messages).send(&self.hub).await;
        }
        let stored = if messages.is_empty() { Ok(()) } else { self.append(&messages).await? };
        match stored {
            Ok(()) => {
                self.numbering.advance(&messages);
                if !self.options.eager {
                    delivery.add(&self.hub, &messages);
                }
                for (index, reply_to) in replies.into_iter().enumerate() {
                    let receipt = Receipt::Stored { batch: Arc::clone(&messages), index };
                    delivery.answer(Outcome::of(&messages[index], reply_to, Ok(receipt)));
                }
                for (repeat, first) in repeats {
                    delivery.answer(repeat.duplicate(sent(&messages[first])));
                }
            }
            Err(error) => {
                tracing::error!(%error, messages = messages.len(), "batch refused; storing its messages one by one");
                let mut stored: Vec<Option<Sent>> = vec![None; messages.len()];
                self.restart_numbering().await?;
                for (index, reply_to) in replies.into_iter().enumerate() {
                    let answer = self.write_alone(&messages[index], &mut delivery).await?;
                    stored[index] = answer.as_ref().ok().map(|receipt| match receipt {
                        Receipt::Stored { batch, index } => sent(&batch[*index]),
                        Receipt::Duplicate(sent) => *sent,
                    });
                    delivery.answer(Outcome::of(&messages[index], reply_to, answer));
                }
                for (repeat, first) in repeats {
                    delivery.answer(match stored[first] {
                        Some(sent) => repeat.duplicate(sent),
                        None => repeat.refused(),
                    });
                }
            }
        }
        delivery.send(&self.hub).await;
        Ok(())
    }

    /// Answers those whose `client_id` is stored, and sets aside those whose `client_id` stands in the batch
    /// before them, with the place of the first.
    async fn set_aside_repeats(
        &mut self,
        batch: Vec<Submission>,
        delivery: &mut Delivery,
    ) -> Result<(Vec<Submission>, Vec<(Submission, usize)>), GaveUp> {
        let keys: Vec<SentKey> = batch.iter().filter_map(|submission| submission.key()).collect();
        if keys.is_empty() {
            return Ok((batch, Vec::new()));
        }
        let mut known = self.ask(|store| store.find_sent(keys.clone())).await?.into_iter();
        let (mut fresh, mut repeats, mut first_places) = (Vec::new(), Vec::new(), HashMap::new());
        for submission in batch {
            let Some(key) = submission.key() else {
                fresh.push(submission);
                continue;
            };
            if let Some(Some(sent)) = known.next() {
                delivery.answer(submission.duplicate(sent));
            } else if let Some(&first) = first_places.get(&key) {
                repeats.push((submission, first));
            } else {
                first_places.insert(key, fresh.len());
                fresh.push(submission);
            }
        }
        Ok((fresh, repeats))
    }

    async fn learn_heads(&mut self, batch: &[Submission]) -> Result<(), GaveUp> {
        let unknown = self.numbering.unknown(batch.iter().map(|submission| &submission.message));
        if !unknown.is_empty() {
            let heads = self.ask(|store| store.heads(unknown.clone())).await?;
            unknown.into_iter().zip(heads).for_each(|(group, head)| self.numbering.learn(group, head));
        }
        Ok(())
    }

    /// Stores a message of a refused batch in a transaction of its own, so that its neighbours do not fail
    /// with it.
    async fn write_alone(
        &mut self,
        message: &Message,
        delivery: &mut Delivery,
    ) -> Result<Result<Receipt, WriteError>, GaveUp> {
        let group = message.group.id;
        let heads = self.ask(|store| store.heads(vec![group])).await?;
        self.numbering.learn(group, heads.first().copied().unwrap_or_default());
        let renumbered: Arc<[Message]> =
            self.numbering.number([message.clone().into_new()].into_iter()).into();
        Ok(match self.append(&renumbered).await? {
            Ok(()) => {
                self.numbering.advance(&renumbered);
                if !self.options.eager {
                    delivery.add(&self.hub, &renumbered);
                }
                Ok(Receipt::Stored { batch: renumbered, index: 0 })
            }
            Err(error) => {
                tracing::error!(%error, %group, user = %message.user.id, "message refused by the store");
                Err(WriteError::Refused)
            }
        })
    }

    /// Reads the numbers anew: the refusal may mean that somebody else has written.
    async fn restart_numbering(&mut self) -> Result<(), GaveUp> {
        let (last_id, last_at) = self.ask(|store| store.last_message()).await?;
        self.numbering = Numbering::new(last_id, last_at);
        Ok(())
    }

    /// Stores the batch, however long that takes; the inner error is the refusal.
    async fn append(&mut self, batch: &Arc<[Message]>) -> Result<StoreResult<()>, GaveUp> {
        self.ask(|store| {
            let answer = store.append(Arc::clone(batch));
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
    async fn ask<T>(&self, question: impl Fn(&dyn Store) -> Asked<'_, T>) -> Result<T, GaveUp> {
        let mut wait = RETRY_MIN;
        loop {
            match question(&*self.store).await {
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
                () = tokio::time::sleep(wait) => wait = (wait * 2).min(RETRY_MAX),
                () = self.give_up.cancelled() => return Err(GaveUp),
            }
        }
    }
}

fn sent(message: &Message) -> Sent {
    Sent { id: message.id, seq: message.seq, created_at: message.created_at }
}
