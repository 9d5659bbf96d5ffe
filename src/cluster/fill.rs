//! Reading from the database what has not come.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::line::Hole;
use super::node::Node;
use crate::hub::{Broadcast, Page, Readers, Twins};
use crate::model::limits::PAGE_ROWS_MAX;
use crate::model::{Entry, Seq};
use crate::protocol::{Logged, encode_json, encode_text};
use crate::store::StoreResult;

/// How long something may be missing before it is read: it may still be under way.
const PATIENCE: Duration = Duration::from_millis(50);
/// How often it is looked while something is missing.
const PERIOD: Duration = Duration::from_millis(10);
/// Wait after the database did not answer.
const RETRY: Duration = Duration::from_millis(200);
/// Holes that are filled at once.
const HOLES_AT_ONCE: usize = 8;

impl Node {
    /// Reads what is missing, whenever something is.
    pub(super) async fn keep_filling(&self) {
        loop {
            if !self.lines().is_behind() {
                self.behind.notified().await;
            }
            let patience = if self.carrier.is_up() { PATIENCE } else { Duration::ZERO };
            let holes = self.lines().holes(patience, Instant::now());
            for some in holes.chunks(HOLES_AT_ONCE) {
                let filled = join_all(some.iter().map(|&hole| self.fill(hole))).await;
                if let Some(Err(error)) = filled.into_iter().find(Result::is_err) {
                    tracing::debug!(%error, "what has not come could not be read");
                    sleep(RETRY).await;
                }
            }
            sleep(PERIOD).await;
        }
    }

    async fn fill(&self, hole: Hole) -> StoreResult<()> {
        let Hole { group, after, last } = hole;
        let entries = self.log.entries(group, after, last.next(), PAGE_ROWS_MAX as u64).await?;
        // Where there is nothing it was cut off, or went with its group.
        let upto = entries.last().map_or(last, Entry::seq);
        let page = (!entries.is_empty()).then(|| page(hole, upto, &entries));
        self.filled.fetch_add(entries.len() as u64, Ordering::Relaxed);
        self.with_lines(|lines| lines.fill(hole, upto, page, Instant::now())).await;
        Ok(())
    }
}

fn page(hole: Hole, upto: Seq, entries: &[Entry]) -> Page {
    let logged: Vec<Logged<'_>> = entries.iter().map(Logged::from).collect();
    let frames = Broadcast {
        group: hole.group,
        first: hole.after.next(),
        last: upto,
        readers: Readers::All,
        as_of: 0,
        messages: entries.iter().filter(|entry| matches!(entry, Entry::Message(_))).count() as u32,
        text: encode_text(&logged),
        json: encode_json(&logged),
        twins: Twins::default(),
    };
    // Frames that are remembered are counted by their numbers, so there must be one for each.
    let is_whole = entries.len() as i64 == upto.0 - hole.after.0;
    Page { frames, rewrites: !is_whole || logged.iter().any(Logged::changes_what_was_said) }
}
