//! Looking into the database for what others have changed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as TurnMutex, Notify};
use tokio::time::{Instant, sleep, timeout};

use super::node::Node;
use crate::model::GroupId;
use crate::store::{Known, News, StoreError, StoreResult};

/// How often it is looked. What a carrier loses is found after that.
const PERIOD: Duration = Duration::from_millis(300);
/// How long a look may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Time after which a node that has not looked may have missed what was there to see.
const GAP_MAX: Duration = Duration::from_secs(30);
/// Groups asked for at once.
const GROUPS_A_QUESTION: usize = 1_000;

/// How far this node has looked, and who looks.
#[derive(Default)]
pub(super) struct Looks {
    known: Mutex<Known>,
    /// Looks that were begun.
    begun: AtomicU64,
    turn: TurnMutex<Turn>,
    /// Somebody says that there is something to see.
    pub(super) hint: Notify,
}

/// What the last look came to.
#[derive(Default)]
struct Turn {
    /// The number of the newest that succeeded.
    done: u64,
    at: Option<Instant>,
    /// What was found to be incomplete has not been made up for.
    owes_all: bool,
}

impl Looks {
    pub(super) fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_known(&self, known: Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

impl Node {
    /// Knows all that others had changed when this was asked: what one node has answered, this one does not contradict
    /// afterwards. Of those who ask at the same time one looks.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn look(&self) -> StoreResult<()> {
        let begun = self.looks.begun.load(Ordering::SeqCst);
        let mut turn = self.looks.turn.lock().await;
        if turn.done > begun {
            // It was begun after this was asked.
            return Ok(());
        }
        let number = self.looks.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let asked_at = Instant::now();
        let asked = timeout(TIMEOUT, self.shared.news(self.looks.known())).await;
        let news = asked.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".into())))?;
        let is_late = turn.at.is_some_and(|at| asked_at > at + GAP_MAX);
        turn.owes_all |= !news.is_whole || is_late;
        self.take_news(news, &mut turn.owes_all).await?;
        turn.done = number;
        turn.at = Some(asked_at);
        Ok(())
    }

    async fn take_news(&self, news: News, owes_all: &mut bool) -> StoreResult<()> {
        let heed = self.heed.get().and_then(std::sync::Weak::upgrade);
        if let Some(heed) = &heed
            && !news.notices.is_empty()
            && !heed.heed(&news.notices).await
        {
            return Err(StoreError::Unavailable("what others have changed could not be looked at".into()));
        }
        {
            let (mut lines, now) = (self.lines(), Instant::now());
            news.moved.iter().for_each(|&(group, head)| lines.moved(group, head, now));
            if lines.is_behind() {
                self.behind.notify_one();
            }
        }
        if *owes_all {
            self.look_at_all_heads().await?;
            if let Some(heed) = &heed
                && !heed.heed_all().await
            {
                return Err(StoreError::Unavailable("not all could be looked at anew".into()));
            }
            *owes_all = false;
        }
        self.looks.set_known(news.known);
        Ok(())
    }

    /// Finds out how far the logs of all groups go that somebody here listens to.
    async fn look_at_all_heads(&self) -> StoreResult<()> {
        let groups: Vec<GroupId> = self.lines().groups().collect();
        for some in groups.chunks(GROUPS_A_QUESTION) {
            let heads = self.log.heads(some.to_vec()).await?;
            let (mut lines, now) = (self.lines(), Instant::now());
            some.iter().zip(heads).for_each(|(&group, head)| lines.moved(group, head, now));
        }
        self.behind.notify_one();
        Ok(())
    }

    /// Looks now and then, and when it is said that there is something to see.
    pub(super) async fn keep_looking(&self) {
        loop {
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "what other nodes have changed could not be looked at");
            }
            tokio::select! {
                () = self.looks.hint.notified() => {}
                () = sleep(PERIOD) => {}
            }
        }
    }
}
