//! What is asked about how much of the logs is kept.

use std::num::NonZeroU32;

use super::{SqliteStore, extents, slices};
use crate::model::{GroupId, RetentionRule, Seq};
use crate::store::{Asked, Cut, CutEnd, Extent, Retention};

impl Retention for SqliteStore {
    fn rule(&self, group: GroupId) -> Asked<'_, RetentionRule> {
        self.read(move |connection| extents::rule(connection, group))
    }

    fn first_seq(&self, group: GroupId) -> Asked<'_, Seq> {
        self.read(move |connection| extents::first_seq(connection, group))
    }

    fn extents(&self, after: GroupId, all: bool, limit: u64) -> Asked<'_, Vec<Extent>> {
        self.read(move |connection| extents::list(connection, after, all, limit))
    }

    fn place_of_newest(&self, group: GroupId, count: NonZeroU32) -> Asked<'_, Option<Seq>> {
        self.read(move |connection| extents::place_of_newest(connection, group, count))
    }

    fn cut(&self, group: GroupId, end: CutEnd) -> Asked<'_, Option<Cut>> {
        Box::pin(async move {
            let found = self.read(move |connection| slices::find(connection, group, end)).await?;
            match found {
                Some(slice) => self.writer.write(move |connection| slices::cut(connection, &slice)).await,
                None => Ok(None),
            }
        })
    }
}
