//! What a socket in JSON mode does once it is known whose it is.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::task;

use tokio::task::spawn_local;

use super::context::SocketContext;
use super::replay::Replays;
use super::stream::Stream;
use super::subscriptions::{ActiveSubscription, ActiveSubscriptions};
use crate::chat::{ChatResult, Membership, Principal};
use crate::hub::Reading;
use crate::model::{GroupId, Seq};
use crate::protocol::command::{GroupRef, RequestId};
use crate::protocol::event::{self, ErrorCode};

/// Groups that one socket may read.
pub(super) const GROUPS_MAX: usize = 1_000;
/// Groups that a socket does not read and of which it is remembered that its user is a member.
const MEMBERSHIPS_MAX: usize = 1_000;

/// A user's socket: the groups that it reads, and the replays under way.
pub(super) struct Identified<S> {
    principal: Principal,
    subscriptions: ActiveSubscriptions<S>,
    replays: Replays<S>,
    /// Few sockets have any.
    unread: Option<Box<Unread>>,
}

/// Groups that a socket does not read.
#[derive(Default)]
struct Unread {
    memberships: HashMap<GroupId, Membership>,
    /// Those that were left a moment ago, before what the socket sent was stored.
    leaving: HashMap<GroupId, Rc<Leaving>>,
}

/// A leaving that was not told yet.
#[derive(Default)]
struct Leaving {
    is_told: Cell<bool>,
    is_revoked: Cell<bool>,
}

impl<S: Stream> Identified<S> {
    /// A socket of this user that reads nothing.
    pub(super) fn new(principal: Principal) -> Self {
        Self {
            principal,
            subscriptions: ActiveSubscriptions::default(),
            replays: Replays::default(),
            unread: None,
        }
    }

    pub(super) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whether the socket may read this group, in place of what it reads of it or beside all others.
    pub(super) fn has_room(&self, group: GroupRef<'_>) -> bool {
        let reads = || match group {
            GroupRef::Id(id) => self.subscriptions.get(id).is_some(),
            GroupRef::Name(name) => {
                self.subscriptions.iter().any(|active| *active.membership.group.name == *name)
            }
        };
        self.subscriptions.len() < GROUPS_MAX || reads()
    }

    /// The user's membership in a group, if it is known.
    pub(super) fn membership(&self, group: GroupId) -> Option<&Membership> {
        match self.subscriptions.get(group) {
            Some(active) => Some(&active.membership),
            None => self.unread.as_ref()?.memberships.get(&group),
        }
    }

    /// Finds out the user's membership in a group, asking the store if need be.
    pub(super) fn find_membership(
        &self,
        context: &SocketContext<S>,
        group: GroupId,
    ) -> impl Future<Output = ChatResult<Membership>> + use<S> {
        let known = self.membership(group).cloned();
        let (chat, principal) = (context.chat(), self.principal.clone());
        async move {
            match known {
                Some(membership) => Ok(membership),
                None => chat.membership(&principal, group).await,
            }
        }
    }

    /// Remembers a membership that was found out.
    pub(super) fn remember(&mut self, membership: Membership) {
        if self.subscriptions.get(membership.group.id).is_some() {
            return;
        }
        let memberships = &mut self.unread.get_or_insert_default().memberships;
        if memberships.len() >= MEMBERSHIPS_MAX {
            memberships.clear();
        }
        memberships.insert(membership.group.id, membership);
    }

    /// Begins to read a group whose newest message is `head`, from behind `after`, or from now on. A group that is read
    /// already is read anew.
    pub(super) fn subscribe(
        &mut self,
        context: &SocketContext<S>,
        request: Option<&RequestId>,
        membership: Membership,
        after: Option<Seq>,
        head: Seq,
    ) {
        let group = membership.group.id;
        if !self.has_room(GroupRef::Id(group)) {
            return refuse_more_groups(context, request, Some(group));
        }
        let position = after.unwrap_or(head).min(head);
        let is_behind = position < head;
        let epoch = context.endpoint.chat.epoch();
        context.reply(&event::subscribed(request, &membership.group, epoch, head, position));
        if !is_behind {
            context.reply(&event::caught_up(group, position));
        }
        // Joined before the old one leaves, so that the others see no one go.
        let reading = if is_behind { Reading::Lagging } else { Reading::CaughtUp };
        let (subscription, arrival) = membership.join(context.core(), &context.socket, reading, position);
        // A batch that came after the head was read is known here, or was handed out after the joining.
        if context.core().hub().recent().head(group).is_none_or(|head| head > position) {
            subscription.recheck();
        }
        let is_back = self.forget_unread(group);
        let member = membership.clone();
        if let Some(old) = self.subscriptions.insert(ActiveSubscription { membership, subscription }) {
            context.core().leave(&old.subscription);
        } else if is_back {
            let _ = context.core().depart(group, member.user.id, context.socket.mode());
        } else {
            let context = context.clone();
            spawn_local(async move {
                member.announce(&context.endpoint.notifier, &context.socket, &arrival).await;
            });
        }
        if is_behind {
            self.replays.begin(group);
        }
    }

    /// Stops reading a group at once. The others are told when what the socket sent has reached them. `false` if it
    /// did not read the group.
    pub(super) fn unsubscribe(&mut self, context: &SocketContext<S>, group: GroupId) -> bool {
        let Some(ActiveSubscription { membership, subscription }) = self.subscriptions.remove(group) else {
            return false;
        };
        context.core().stop_reading(&subscription);
        let departure = context.departure(membership);
        let Some(settling) = context.settling() else {
            spawn_local(departure);
            return true;
        };
        let leaving = Rc::<Leaving>::default();
        let unread = self.unread.get_or_insert_default();
        unread.leaving.retain(|_, leaving| !leaving.is_told.get());
        unread.leaving.insert(group, Rc::clone(&leaving));
        spawn_local(async move {
            settling.await;
            leaving.is_told.set(true);
            if !leaving.is_revoked.get() {
                departure.await;
            }
        });
        true
    }

    /// Forgets what is known of a group that is going to be read. Whether the socket has left it and nobody was told:
    /// then nobody shall be.
    fn forget_unread(&mut self, group: GroupId) -> bool {
        let Some(unread) = &mut self.unread else { return false };
        unread.memberships.remove(&group);
        let leaving = unread.leaving.remove(&group).filter(|leaving| !leaving.is_told.get());
        leaving.inspect(|leaving| leaving.is_revoked.set(true)).is_some()
    }

    /// Goes on with the replays.
    pub(super) fn replay(&mut self, context: &SocketContext<S>, cx: &mut task::Context<'_>) {
        self.replays.advance(&context.endpoint.chat, &context.socket, &self.subscriptions, cx);
    }

    /// Whether a replay that waited for the socket can go on.
    pub(super) fn may_replay(&self, context: &SocketContext<S>) -> bool {
        self.replays.may_go_on(&context.socket)
    }

    /// Stops reading all groups.
    pub(super) fn stop_reading(&mut self, context: &SocketContext<S>) -> Vec<Membership> {
        let stopped = self.subscriptions.take().map(|ActiveSubscription { membership, subscription }| {
            context.core().stop_reading(&subscription);
            membership
        });
        stopped.collect()
    }
}

/// Answers a request to read one group too many.
pub(super) fn refuse_more_groups<S: Stream>(
    context: &SocketContext<S>,
    request: Option<&RequestId>,
    group: Option<GroupId>,
) {
    context.fail(request, group, ErrorCode::TooLarge, format!("more than {GROUPS_MAX} groups"));
}
