//! Believing nothing any more that another node has changed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::time::{sleep, timeout};

use super::grant::{Grant, GrantKind};
use super::{Chat, ChatResult};
use crate::cluster::{Heed, Node};
use crate::model::{Group, GroupId, MemberState, Removal, Standing, Timestamp, UserId};
use crate::store::Notice;

/// How long those wait for what was being looked up who need to know that all is heeded. It is heeded afterwards too.
const LATE_TIMEOUT: Duration = Duration::from_secs(1);
/// Wait before that is tried once more which could not be looked up.
const LATE_RETRY: Duration = Duration::from_millis(100);
/// Members looked at anew at a time.
const MEMBERS_AT_ONCE: usize = 500;

impl Chat {
    /// The same, as one of several nodes.
    pub fn with_node(self, node: Option<Arc<Node>>) -> Self {
        Self { node, ..self }
    }

    /// This node, if it is one of several.
    pub fn node(&self) -> Option<&Arc<Node>> {
        self.node.as_ref()
    }

    /// Knows what other nodes have answered so far: nothing that is answered after this contradicts it.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`](super::ChatError::Unavailable).
    pub async fn freshen(&self) -> ChatResult<()> {
        match &self.node {
            Some(node) => Ok(node.look().await?),
            None => Ok(()),
        }
    }

    /// Has the group's sockets hear of all that other nodes store from now on.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`](super::ChatError::Unavailable).
    pub(super) async fn listen(&self, group: GroupId) -> ChatResult<()> {
        match &self.node {
            Some(node) => Ok(node.listen(group).await.map(drop)?),
            None => Ok(()),
        }
    }

    /// Nobody knows whether this has come to pass by what was done here: it is looked at until the database says so.
    pub(super) fn heed_later(&self, notice: Notice) {
        self.late.add(&[notice]);
    }

    /// Believes this no more; `false` if it could not be looked up what to believe. Waits for nobody who changes the
    /// directory here: they may wait for the writer, and the writer for this.
    async fn heed_one(&self, notice: &Notice) -> bool {
        match *notice {
            Notice::Removed { group, user, removal } => {
                if let Some(state) = self.directory.forget_member(group, user) {
                    state.remove(removal);
                }
                self.hub.remove(group, Some(user), removal).await;
            }
            Notice::Member { group, user } => return self.look_at_member(group, user, Removal::Kicked).await,
            Notice::Group(group) => {
                self.directory.forget_group(group);
                // Its messages are shown under the name of today.
                self.hub.recent().clear();
            }
            Notice::GroupDeleted(group) => {
                self.directory.forget_members(group).iter().for_each(|state| state.remove(Removal::Deleted));
                self.directory.forget_group(group);
                self.hub.remove(group, None, Removal::Deleted).await;
            }
            Notice::Cut { group, first } => self.hub.recent().begin_at(group, first),
            Notice::User(user) => self.directory.forget_user(user),
            Notice::UserErased(user) => {
                self.directory.forget_user(user);
                self.hub.recent().clear();
                self.end_grants(|grant| grant.user() == Some(user)).await;
            }
            Notice::Tokens(user) => {
                let is_outside = |grant: &Grant| matches!(grant.kind(), GrantKind::Outside(_));
                self.end_grants(|grant| grant.user() == Some(user) && is_outside(grant)).await;
            }
            Notice::Session(id) => self.close_sessions(self.grants.end([GrantKind::Session(id)])).await,
            Notice::Key(digest) => self.close_sessions(self.grants.end([GrantKind::Key(digest)])).await,
            Notice::Token(digest) => {
                self.close_sessions(self.grants.end([GrantKind::Outside(digest)])).await;
            }
        }
        true
    }

    /// Heeds once more what was heeded, now that whoever was looking something up has found it: that may be how it was
    /// before.
    async fn heed_late(&self, notice: &Notice) -> bool {
        match *notice {
            // They may have come back since.
            Notice::Removed { group, user, removal } => self.look_at_member(group, user, removal).await,
            Notice::Group(group) => {
                self.directory.forget_group(group);
                // Kept, so that who acts for a member finds it without asking.
                _ = self.group(group).await;
                true
            }
            _ => self.heed_one(notice).await,
        }
    }

    async fn end_grants(&self, is_over: impl Fn(&Grant) -> bool) {
        self.close_sessions(self.grants.end_those(is_over)).await;
    }

    /// Takes in how it stands with a member for whom somebody acts; who is none any more went like this. `false` if that
    /// can not be looked up now.
    async fn look_at_member(&self, group: GroupId, user: UserId, removal: Removal) -> bool {
        let Some(state) = self.directory.known_member(group, user) else { return true };
        let standing = self.store.moderation.standing(group, user).await;
        if !self.is_known(group, user, &state) {
            // They went meanwhile, and what was found is how it was before.
            return true;
        }
        match standing {
            Ok(standing) if standing.role.is_some() => apply(&state, standing),
            Ok(_) => {
                // Sockets may act by what was found before the member went.
                state.remove(removal);
                self.directory.forget_member(group, user);
                self.hub.remove(group, Some(user), removal).await;
            }
            Err(_) => return false,
        }
        true
    }

    /// Whether this is what the member is, as far as is known here.
    fn is_known(&self, group: GroupId, user: UserId, state: &Arc<MemberState>) -> bool {
        self.directory.known_member(group, user).is_some_and(|known| Arc::ptr_eq(&known, state))
    }

    /// Does late what [`Heed::heed`] leaves. Runs until it is dropped.
    pub async fn keep_heeding(&self) {
        loop {
            let (mut notices, count) = self.late.next().await;
            // Whoever was looking something up has found it when these can be had.
            drop(self.grants.change().await);
            drop(self.directory.change().await);
            loop {
                let mut left = Vec::new();
                for notice in notices {
                    if !self.heed_late(&notice).await {
                        left.push(notice);
                    }
                }
                if left.is_empty() {
                    break;
                }
                notices = left;
                sleep(LATE_RETRY).await;
            }
            self.late.finish(count);
        }
    }

    /// Looks at all members anew for whom somebody acts.
    async fn look_at_members(&self) -> ChatResult<()> {
        let states = self.directory.change().await.states(|_, _| true);
        for some in states.chunks(MEMBERS_AT_ONCE) {
            let standings =
                some.iter().map(|&((group, user), _)| self.store.moderation.standing(group, user));
            for (&((group, user), ref state), standing) in some.iter().zip(join_all(standings).await) {
                let standing = standing?;
                if !self.is_known(group, user, state) {
                    continue;
                }
                if standing.role.is_some() {
                    apply(state, standing);
                    continue;
                }
                let is_there = self.store.directory.group(group).await?.is_some();
                let removal = if is_there { Removal::Kicked } else { Removal::Deleted };
                state.remove(removal);
                self.directory.forget_member(group, user);
                self.hub.remove(group, Some(user), removal).await;
            }
        }
        Ok(())
    }

    async fn look_at_all(&self) -> ChatResult<()> {
        let sockets = self.forget_changed().await?;
        self.close_sessions(sockets).await;
        self.look_at_members().await?;
        self.hub.recent().clear();
        Ok(())
    }
}

impl Heed for Chat {
    fn heed<'a>(&'a self, notices: &'a [Notice]) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let mut all = true;
            for notice in notices {
                all &= self.heed_one(notice).await;
            }
            let count = self.late.add(notices);
            _ = timeout(LATE_TIMEOUT, self.late.until_finished(count)).await;
            all
        })
    }

    fn heed_own(&self, notices: &[Notice]) {
        // Who has changed their password goes on with the token that they did it by.
        let some: Vec<Notice> =
            notices.iter().filter(|notice| !matches!(notice, Notice::Tokens(_))).cloned().collect();
        self.late.add(&some);
    }

    fn heed_all(&self) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            let looked = self.look_at_all().await;
            if let Err(error) = &looked {
                tracing::debug!(%error, "what other nodes may have changed could not be looked at");
            }
            looked.is_ok()
        })
    }

    fn current_group(&self, group: GroupId) -> Option<Arc<Group>> {
        self.directory.current_group(group)
    }
}

fn apply(state: &MemberState, standing: Standing) {
    if let Some(role) = standing.role {
        state.set_role(role);
    }
    state.mute(standing.muted_until.unwrap_or(Timestamp(i64::MIN)));
}
