//! Replaying what a socket missed.

use std::sync::Arc;

use bytes::Bytes;
use tokio_util::task::AbortOnDropHandle;

use super::{Chat, ChatResult};
use crate::hub::Replay;
use crate::model::limits::PAGE_ROWS_MAX;
use crate::model::{GroupId, Seq};
use crate::protocol::{Logged, encode_json};

/// Some of a group's messages, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// Their frames, and the `seq` of the last.
    Frames(Bytes, Seq),
    /// There are none.
    UpToDate,
}

impl Chat {
    /// What comes after `position` in the group, as far as one step goes: from memory if it is there.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`](super::ChatError::Unavailable), [`ChatError::Busy`](super::ChatError::Busy).
    pub async fn replay(&self, group: GroupId, position: Seq) -> ChatResult<Replayed> {
        let recent = self.hub.recent();
        if let Some(first) = recent.first(group).filter(|first| position.next() < *first) {
            // What comes next was cut off, perhaps all there was.
            return Ok(Replayed::Frames(Bytes::new(), Seq(first.0 - 1)));
        }
        match recent.after(group, position) {
            Replay::Frames(frames, last) => return Ok(Replayed::Frames(frames, last)),
            Replay::UpToDate => return Ok(Replayed::UpToDate),
            Replay::Unknown => {}
        }
        // The store may have a batch that was not delivered yet. Who read it here and came back with its `seq`
        // would be beyond the head as it is told, and get it twice.
        let end = recent.head(group).map(Seq::next);
        let end = end.unwrap_or(Seq(i64::MAX));
        let (log, untaken) = (Arc::clone(&self.store.log), Arc::clone(&self.untaken));
        // A socket that is being closed is not polled, and must not keep the turn meanwhile.
        let reading = tokio::spawn(async move {
            let _turn = untaken.page_turn().await?;
            let entries = log.entries(group, position, end, PAGE_ROWS_MAX as u64).await?;
            let Some(last) = entries.last() else { return Ok(Replayed::UpToDate) };
            let logged: Vec<Logged<'_>> = entries.iter().map(Logged::from).collect();
            Ok(Replayed::Frames(untaken.hold_page(encode_json(&logged)), last.seq()))
        });
        AbortOnDropHandle::new(reading).await?
    }
}
