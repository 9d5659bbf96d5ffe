//! What is asked about how much of the logs is kept.

use std::num::NonZeroU32;

use super::{PostgresStore, extents, slices};
use crate::model::{GroupId, RetentionRule, Seq};
use crate::store::{Asked, Cut, CutEnd, Extent, Retention};

impl Retention for PostgresStore {
    fn rule(&self, group: GroupId) -> Asked<'_, RetentionRule> {
        self.ask(move |client| Box::pin(extents::rule(client, group)))
    }

    fn first_seq(&self, group: GroupId) -> Asked<'_, Seq> {
        self.ask(move |client| Box::pin(extents::first_seq(client, group)))
    }

    fn extents(&self, after: GroupId, all: bool, limit: u64) -> Asked<'_, Vec<Extent>> {
        self.ask(move |client| Box::pin(extents::list(client, after, all, limit)))
    }

    fn place_of_newest(&self, group: GroupId, count: NonZeroU32) -> Asked<'_, Option<Seq>> {
        self.ask(move |client| Box::pin(extents::place_of_newest(client, group, count)))
    }

    fn cut(&self, group: GroupId, end: CutEnd) -> Asked<'_, Option<Cut>> {
        Box::pin(async move {
            let found = self.ask(move |client| Box::pin(slices::find(client, group, end))).await?;
            match found {
                Some(slice) => {
                    let cut = self.writer()?.cut(slice).await;
                    if let Some(node) = &self.node {
                        node.noticed.notify_one();
                    }
                    cut
                }
                None => Ok(None),
            }
        })
    }
}
