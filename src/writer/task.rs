//! The writer's task: number, store, deliver, answer.

mod alone;
mod together;

use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Receipt};
use super::batch::{Batch, Repeat, Settled};
use super::delivery::Delivery;
use super::handle::MessageWriter;
use super::numbering::Numbering;
use super::options::WriterOptions;
use super::pending::{Pending, Sender};
use super::queue::Queue;
use super::ready::Place;
use super::renamed::Renamed;
use crate::cluster::Node;
use crate::hub::{self, Hub};
use crate::store::{Asked, LogBatch, MessageLog, Sent, SentKey, StoreError, StoreResult};

/// Wait before the first new attempt after the store failed; doubled up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(20);
/// Longest wait between attempts. It delays what waits when the store is back.
const RETRY_MAX: Duration = Duration::from_millis(250);

/// How long the store may be silent until it counts as unavailable, while its answer is still waited for.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// How many different reasons are told why the store is unavailable, until it is available again.
const REASONS_TOLD_MAX: usize = 8;

struct Task {
    log: Arc<dyn MessageLog>,
    hub: Hub,
    /// This one of several servers, if there are several.
    node: Option<Arc<Node>>,
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
    /// Starts the writer's task on the current runtime, numbering on from what is stored; as one of several servers with
    /// a `node`.
    ///
    /// The task ends when `give_up` is cancelled: at once if the store is away, else after the batch under
    /// way. What was not stored by then is answered with [`WriteError::Unavailable`](super::WriteError::Unavailable).
    ///
    /// # Errors
    /// Those of the store.
    pub async fn start(
        log: Arc<dyn MessageLog>,
        hub: Hub,
        node: Option<Arc<Node>>,
        options: WriterOptions,
        give_up: CancellationToken,
    ) -> StoreResult<(Self, JoinHandle<()>)> {
        let (last_id, last_at) = log.last_message().await?;
        let (writer, commands) = Self::new();
        let numbering = Numbering::new(last_id, last_at);
        let task = Task {
            log,
            hub,
            node,
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
            let written = match self.node.clone() {
                None => self.write_alone().await,
                Some(node) => self.write_together(&node).await,
            };
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

    /// Refuses what comes from those who are no members any more, or spoke by what has ended: not even a retry tells them
    /// anything.
    fn refuse_removed(&mut self) {
        for (pending, error) in self.batch.take_removed() {
            self.answer_repeat(pending, Err(error));
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

    /// Answers the senders of what is stored, and those of what it made so. Gives the names of the latter.
    fn answer_stored(&mut self, batch: &Arc<LogBatch>) -> Vec<(SentKey, Sent)> {
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
        names
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
        mem::take(&mut self.outgoing).send(&self.hub, self.node.as_deref()).await;
    }

    /// Asks the store until it answers. While it does not, messages queue up to their bounds and senders wait.
    async fn ask<T>(&mut self, question: impl Fn(&dyn MessageLog) -> Asked<'_, T>) -> Result<T, GaveUp> {
        let log = Arc::clone(&self.log);
        self.ask_of(&*log, question).await
    }

    /// The same of whoever knows.
    async fn ask_of<L: ?Sized, T>(
        &mut self,
        who: &L,
        question: impl Fn(&L) -> Asked<'_, T>,
    ) -> Result<T, GaveUp> {
        let give_up = self.give_up.clone();
        let mut wait = RETRY_MIN;
        let mut told = Vec::new();
        loop {
            match self.answer_of(question(who)).await {
                Ok(answer) => {
                    if self.writer.is_failing() {
                        tracing::info!("store is available again");
                        self.writer.set_failing(false);
                    }
                    return Ok(answer);
                }
                Err(error) => {
                    let reason = error.to_string();
                    if told.len() < REASONS_TOLD_MAX && !told.contains(&reason) {
                        self.fail(&reason);
                        told.push(reason);
                    } else {
                        tracing::debug!(%error, "store still unavailable");
                    }
                }
            }
            tokio::select! {
                () = self.watching_senders(sleep(wait)) => wait = (wait * 2).min(RETRY_MAX),
                () = give_up.cancelled() => return Err(GaveUp),
            }
        }
    }

    /// The answer of the store, which counts as unavailable if that takes long.
    async fn answer_of<T>(&mut self, answer: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
        let mut answer = pin!(answer);
        match timeout(SILENCE_MAX, self.watching_senders(&mut answer)).await {
            Ok(answer) => answer,
            Err(_) if self.writer.is_failing() => self.watching_senders(answer).await,
            Err(_) => {
                self.fail("it does not answer");
                self.watching_senders(answer).await
            }
        }
    }

    /// Nothing can be stored for now.
    fn fail(&self, error: &str) {
        tracing::warn!(error, "store unavailable; messages wait");
        self.writer.set_failing(true);
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
                    self.hub.deliver(Vec::new(), notices, None).await;
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
fn settled<T: Send + 'static>(answer: Asked<'_, T>) -> Asked<'_, StoreResult<T>> {
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
