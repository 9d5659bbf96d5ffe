//! What a socket in JSON mode does once it is known whose it is.

use std::task;

use tokio::task::spawn_local;

use super::aside::Aside;
use super::context::SocketContext;
use super::lease::Lease;
use super::stream::Stream;
use super::subscriptions::{ActiveSubscription, ActiveSubscriptions};
use crate::chat::{ChatResult, Membership, Principal, Span};
use crate::hub::Reading;
use crate::model::{GroupId, Removal, Seq};
use crate::protocol::command::{GroupRef, RequestId};
use crate::protocol::event::{self, ErrorCode};

/// Groups that one socket may read.
pub(super) const GROUPS_MAX: usize = 1_000;

/// A user's socket: the groups that it reads, and what else it has to do.
pub(super) struct Identified<S> {
    principal: Principal,
    subscriptions: ActiveSubscriptions<S>,
    /// Few sockets have any.
    aside: Option<Box<Aside<S>>>,
}

impl<S: Stream> Identified<S> {
    /// A socket of this user that reads nothing.
    pub(super) fn new(principal: Principal, lease: Option<Box<Lease>>) -> Self {
        let aside = lease.map(|lease| Box::new(Aside::with_lease(lease)));
        Self { principal, subscriptions: ActiveSubscriptions::default(), aside }
    }

    /// What the socket speaks by; `None` for a name that was believed.
    pub(super) fn lease(&self) -> Option<&Lease> {
        self.aside.as_ref()?.lease.as_deref()
    }

    pub(super) fn lease_mut(&mut self) -> Option<&mut Lease> {
        self.aside.as_mut()?.lease.as_deref_mut()
    }

    /// The same user speaks by something else from now on.
    pub(super) fn renew(&mut self, principal: Principal, lease: Option<Box<Lease>>) {
        let is_greeted = self.lease().is_some_and(|lease| lease.is_greeted);
        self.subscriptions.iter_mut().for_each(|active| active.membership.speak_by(&principal));
        self.principal = principal;
        let aside = self.aside.get_or_insert_default();
        aside.forget_memberships();
        aside.lease = lease;
        if let Some(lease) = &mut aside.lease {
            lease.is_greeted = is_greeted;
        }
    }

    pub(super) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Whether the socket may read this group, in place of what it reads of it or beside all others.
    pub(super) fn has_room(&self, group: GroupRef<'_>) -> bool {
        let reads = || match group {
            GroupRef::Id(id) => self.reads(id),
            GroupRef::Name(name) => {
                self.subscriptions.iter().any(|active| *active.membership.group.name == *name)
            }
        };
        self.subscriptions.len() < GROUPS_MAX || reads()
    }

    /// Whether the socket reads this group.
    pub(super) fn reads(&self, group: GroupId) -> bool {
        self.subscriptions.get(group).is_some()
    }

    /// The user's membership in a group, if it is known and not over.
    pub(super) fn membership(&self, group: GroupId) -> Option<&Membership> {
        let known = match self.subscriptions.get(group) {
            Some(active) => Some(&active.membership),
            None => self.aside.as_ref()?.membership(group),
        };
        known.filter(|membership| membership.is_current())
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
        self.aside.get_or_insert_default().remember(membership);
    }

    /// Begins to read a group whose log is this, from behind `after`, or from now on. A group that is read already is read
    /// anew.
    pub(super) fn subscribe(
        &mut self,
        context: &SocketContext<S>,
        request: Option<&RequestId>,
        membership: Membership,
        after: Option<Seq>,
        span: Span,
    ) {
        let group = membership.group.id;
        if !self.has_room(GroupRef::Id(group)) {
            return refuse_more_groups(context, request, Some(group));
        }
        let position = span.position(after);
        let is_behind = position < span.head;
        // Joined before the old one leaves, so that the others see no one go.
        let reading = if is_behind { Reading::Lagging } else { Reading::CaughtUp };
        let (subscription, arrival) = membership.join(context.core(), &context.socket, reading, position);
        // Said after the joining: who comes once the client has read this is announced to it.
        let epoch = context.endpoint.chat.epoch();
        context.reply(&event::subscribed(request, &membership.group, epoch, span.head, position, span.first));
        if !is_behind {
            context.reply(&event::caught_up(group, position));
        }
        // Of a removal before this the hub tells nobody.
        let removal = membership.removal();
        // A batch that came after the head was read is known here, or was handed out after the joining.
        if context.core().hub().recent().head(group).is_none_or(|head| head > position) {
            subscription.recheck();
        }
        let is_back = self.aside.as_mut().is_some_and(|aside| aside.come_back(group));
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
            self.aside.get_or_insert_default().replays.begin(group);
        }
        if let Some(removal) = removal {
            self.remove(context, group, removal);
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
        let leaving = self.aside.get_or_insert_default().leave(group);
        spawn_local(async move {
            settling.await;
            if leaving.tell() {
                departure.await;
            }
        });
        true
    }

    /// Stops reading the groups whose member the user is no longer, and says so.
    pub(super) fn drop_removed(&mut self, context: &SocketContext<S>) {
        if let Some(aside) = &mut self.aside {
            aside.forget_removed();
        }
        let removed = self.subscriptions.iter().filter_map(|active| {
            active.subscription.removal().map(|removal| (active.membership.group.id, removal))
        });
        for (group, removal) in removed.collect::<Vec<_>>() {
            self.remove(context, group, removal);
        }
    }

    fn remove(&mut self, context: &SocketContext<S>, group: GroupId, removal: Removal) {
        self.unsubscribe(context, group);
        context.reply(&event::removed(group, removal));
    }

    /// Goes on with the replays.
    pub(super) fn replay(&mut self, context: &SocketContext<S>, cx: &mut task::Context<'_>) {
        if context.socket.take_behind() {
            self.aside.get_or_insert_default().replays.look();
        }
        let Some(aside) = &mut self.aside else { return };
        aside.replays.advance(&context.endpoint.chat, &context.socket, &self.subscriptions, cx);
        if aside.is_empty() {
            self.aside = None;
        }
    }

    /// Whether a replay that waited for the socket can go on.
    pub(super) fn may_replay(&self, context: &SocketContext<S>) -> bool {
        self.aside.as_ref().is_some_and(|aside| aside.replays.may_go_on(&context.socket))
    }

    /// Stops reading all groups, and all that is for the user alone.
    pub(super) fn stop_reading(&mut self, context: &SocketContext<S>) -> Vec<Membership> {
        context.core().disown(&context.socket, self.principal.user().id);
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
