//! Looking into the database for what others have changed.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::node::Node;
use crate::model::GroupId;
use crate::store::{News, StoreError, StoreResult};

/// How often it is looked. What a carrier loses is found after that.
const PERIOD: Duration = Duration::from_millis(200);
/// How long a look may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Time after which a node that has not looked may have missed what was there to see.
const GAP_MAX: Duration = Duration::from_secs(30);
/// Groups asked for at once.
const GROUPS_A_QUESTION: usize = 1_000;

impl Node {
    /// Knows all that others had changed when this was asked: what one node has answered, this one does not contradict
    /// afterwards. Of those who ask at the same time one looks.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn look(&self) -> StoreResult<()> {
        let begun = self.looks.begun.load(Ordering::SeqCst);
        let mut turn = self.looks.turn.lock().await;
        if turn.number > begun {
            // It was begun after this was asked.
            return if turn.is_done { Ok(()) } else { Err(unavailable("others have asked in vain")) };
        }
        let (number, asked_at) = (self.looks.begun.fetch_add(1, Ordering::SeqCst) + 1, Instant::now());
        let is_late = turn.at.is_some_and(|at| asked_at > at + GAP_MAX);
        turn.owes_all |= is_late;
        let looked = self.look_once(&mut turn.owes_all).await;
        // Of one who went away in the midst of it nothing is noted.
        turn.number = number;
        turn.is_done = looked.is_ok();
        if turn.is_done {
            turn.at = Some(asked_at);
        }
        looked
    }

    async fn look_once(&self, owes_all: &mut bool) -> StoreResult<()> {
        let asked = timeout(TIMEOUT, self.shared.news(self.looks.known())).await;
        let news = asked.unwrap_or_else(|_| Err(unavailable("no answer in time")))?;
        *owes_all |= !news.is_whole;
        self.take_news(news, owes_all).await
    }

    async fn take_news(&self, news: News, owes_all: &mut bool) -> StoreResult<()> {
        let heed = self.heed.get().and_then(Weak::upgrade);
        if let Some(heed) = &heed
            && !news.notices.is_empty()
            && !heed.heed(&news.notices).await
        {
            return Err(unavailable("what others have changed could not be looked at"));
        }
        if let Some(heed) = &heed
            && !news.own.is_empty()
        {
            heed.heed_own(&news.own);
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
                return Err(unavailable("not all could be looked at anew"));
            }
            *owes_all = false;
        }
        if let Some(presence) = self.presence.get() {
            presence.alive(&news.alive);
        }
        self.looks.alive.store(news.alive.len(), Ordering::Relaxed);
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

fn unavailable(reason: &'static str) -> StoreError {
    StoreError::Unavailable(reason.into())
}
