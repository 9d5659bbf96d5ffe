//! Marking what one has read.

use std::sync::Arc;

use bytes::Bytes;

use super::rights::Action;
use super::{Chat, ChatError, ChatResult, Principal};
use crate::hub::{Broadcast, Readers, SocketId};
use crate::model::{GroupId, ReadMark, Seq, UserId};
use crate::protocol::event;

impl Chat {
    /// Moves one's mark in a group up to this `seq`, never back, and at most to the group's head; answers when it is
    /// stored. One's other sockets that read the group are told at once, the other members as
    /// [`ReadNotifier`](super::ReadNotifier) has it. `from` is the socket that asks, if it reads the group: it gets the
    /// answer.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such group as far as the user may know; [`ChatError::NotMember`],
    /// [`ChatError::Banned`], [`ChatError::Forbidden`] for a key that may only read; [`ChatError::Unavailable`].
    pub async fn mark_read(
        self: &Arc<Self>,
        principal: &Principal,
        group: GroupId,
        seq: Seq,
        from: Option<SocketId>,
    ) -> ChatResult<ReadMark> {
        let access = self.allowed(principal, group, Action::MarkRead).await?;
        let (chat, user) = (Arc::clone(self), principal.user().id);
        // What is stored is told, also if who asks goes in between.
        let marking = tokio::spawn(async move {
            let mark = chat.store.marks.mark(group, user, seq).await?;
            if let Some(mark) = mark.filter(|mark| mark.has_moved) {
                chat.tell_own_sockets(group, user, mark.seq, from).await;
                chat.read_notifier.told(group, user, mark.seq).await;
            }
            ChatResult::Ok(mark)
        });
        let mark = marking.await.map_err(|error| ChatError::Internal(Some(error.into())))??;
        // Who was removed meanwhile gets nothing more of the group.
        let is_member = access.member.is_some_and(|member| member.role().is_ok());
        mark.filter(|_| is_member).ok_or(ChatError::NotMember)
    }

    async fn tell_own_sockets(&self, group: GroupId, user: UserId, seq: Seq, from: Option<SocketId>) {
        // Most have but one, and their group may be large.
        if self.hub.sockets_of(group, user) > usize::from(from.is_some()) {
            let frame = event::read(group, user, seq);
            let frames = Broadcast::ephemeral(group, Bytes::new(), frame, Readers::Of(user, from));
            self.hub.share(&frames);
            self.hub.deliver_to(self.hub.cores_of(group), frames).await;
        }
    }
}
