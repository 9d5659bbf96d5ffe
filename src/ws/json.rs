//! JSON mode: one socket's commands, subscriptions and replays.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::task::spawn_local;
use tokio::time::{Instant, Sleep, sleep};

use super::endpoint::Endpoint;
use super::replay::Replays;
use super::session::ActiveSubscription;
use super::subscriptions::ActiveSubscriptions;
use super::work::{Done, Work};
use crate::chat::{ChatError, Draft, Membership, Principal, WhileAway};
use crate::hub::{Broadcast, Reading, Subscriber};
use crate::model::limits::GROUP_NAME_CHARS_MAX;
use crate::model::{GroupId, NewMessage, Seq};
use crate::protocol::CloseCode;
use crate::protocol::command::{BadFrame, Command, GroupRef, Request, RequestId};
use crate::protocol::event::{self, ErrorCode, Failure, Welcome};

/// Groups that one socket may read, unless configured otherwise.
pub(super) const GROUPS_MAX: usize = 1_000;
/// Rooms remembered without being subscribed to.
const MEMBERSHIPS_MAX: usize = 1_000;

/// A socket in JSON mode.
#[expect(clippy::box_collection, reason = "a pointer is smaller, and few have either")]
pub(super) struct JsonSession {
    user: Option<Principal>,
    /// Groups that are read.
    subscriptions: ActiveSubscriptions,
    /// Groups that the user is known to be a member of, without reading them. Few sockets have any.
    memberships: Option<Box<HashMap<GroupId, Membership>>>,
    /// Frames that wait for the work before them, while there are any.
    backlog: Option<Box<VecDeque<Box<str>>>>,
    work: Option<Pin<Box<Work>>>,
    replays: Replays,
    hello: Option<Pin<Box<Sleep>>>,
}

/// A message that nothing was said against.
enum Accepted {
    Stored(NewMessage),
    Ephemeral(Broadcast),
}

impl JsonSession {
    /// A session of a known user that reads a group, or of a user who has yet to say `hello`.
    pub(super) fn new(endpoint: &Rc<Endpoint>, socket: &Subscriber, membership: Option<Membership>) -> Self {
        let mut session = Self {
            user: None,
            subscriptions: ActiveSubscriptions::default(),
            memberships: None,
            backlog: None,
            work: None,
            replays: Replays::default(),
            hello: None,
        };
        match membership {
            None => session.hello = Some(Box::pin(sleep(endpoint.options.hello_timeout))),
            Some(membership) => {
                session.welcome(endpoint, socket, None, membership.principal());
                session.work = Some(Work::enter(endpoint, membership));
            }
        }
        session
    }

    pub(super) fn is_ready(&self) -> bool {
        self.work.is_none() && self.backlog.is_none()
    }

    /// Takes a frame: at once, or when what came before it is done.
    pub(super) fn take(&mut self, endpoint: &Rc<Endpoint>, socket: &Rc<Subscriber>, frame: &str) {
        if self.is_ready() {
            self.run(endpoint, socket, frame);
        } else {
            self.backlog.get_or_insert_default().push_back(frame.into());
        }
    }

    pub(super) fn advance(&mut self, endpoint: &Rc<Endpoint>, socket: &Rc<Subscriber>, cx: &mut Context<'_>) {
        if self.hello.as_mut().is_some_and(|hello| hello.as_mut().poll(cx).is_ready()) {
            self.hello = None;
            let failure = Failure::new(ErrorCode::Unauthenticated, "no hello came in time");
            socket.reply(&event::error(None, None, &failure));
            socket.close(CloseCode::UNAUTHENTICATED, "no hello");
        }
        loop {
            if let Some(work) = &mut self.work {
                let Poll::Ready(done) = work.as_mut().poll(cx) else { break };
                self.work = None;
                self.finish(endpoint, socket, done);
            }
            if self.work.is_none() {
                let Some(frame) = self.next_frame() else { break };
                self.run(endpoint, socket, &frame);
            }
        }
        self.replays.advance(&endpoint.chat, socket, &self.subscriptions, cx);
    }

    /// Whether a replay that waited for the socket can go on.
    pub(super) fn may_go_on(&self, socket: &Subscriber) -> bool {
        self.replays.may_go_on(socket)
    }

    pub(super) fn leave(mut self, endpoint: &Rc<Endpoint>) {
        self.subscriptions.take().for_each(|active| active.leave(endpoint));
    }

    /// The first of the frames that wait. The last one takes the queue with it.
    fn next_frame(&mut self) -> Option<Box<str>> {
        let backlog = self.backlog.as_mut()?;
        let frame = backlog.pop_front();
        if backlog.is_empty() {
            self.backlog = None;
        }
        frame
    }

    fn run(&mut self, endpoint: &Rc<Endpoint>, socket: &Rc<Subscriber>, frame: &str) {
        let parser = Rc::clone(&endpoint.parser);
        parser.borrow_mut().parse(frame, |parsed| match parsed {
            Ok(request) => self.carry_out(endpoint, socket, request, frame),
            Err(BadFrame { id, reason }) => {
                fail(socket, id.as_ref(), None, &Failure::new(ErrorCode::BadFrame, reason));
            }
        });
    }

    fn carry_out(
        &mut self,
        endpoint: &Rc<Endpoint>,
        socket: &Rc<Subscriber>,
        request: Request<'_>,
        frame: &str,
    ) {
        let Request { id, command } = request;
        let user = match (&self.user, &command) {
            (_, Command::Ping) => return socket.reply(&event::pong(id.as_ref())),
            (user, Command::Hello { username, resume }) => {
                let known = user.clone();
                self.work =
                    Some(Work::hello(endpoint, id, known, username.map(str::to_owned), resume.clone()));
                return;
            }
            (Some(user), _) => user.clone(),
            (None, _) => {
                let failure = Failure::new(ErrorCode::Unauthenticated, "say hello first");
                return fail(socket, id.as_ref(), None, &failure);
            }
        };
        match command {
            Command::Hello { .. } | Command::Ping => {}
            Command::Subscribe { group, after } => {
                if self.subscriptions.len() >= GROUPS_MAX && !self.reads(group) {
                    let failure = Failure::new(ErrorCode::TooLarge, format!("more than {GROUPS_MAX} groups"));
                    return fail(socket, id.as_ref(), None, &failure);
                }
                self.work = Some(Work::subscribe(endpoint, id, user, group, after));
            }
            Command::Unsubscribe { group } => match self.subscriptions.remove(group) {
                Some(active) => {
                    active.leave(endpoint);
                    socket.reply(&event::unsubscribed(id.as_ref(), group));
                }
                None => {
                    let failure = Failure::new(ErrorCode::NotSubscribed, "not subscribed to this group");
                    fail(socket, id.as_ref(), Some(group), &failure);
                }
            },
            Command::Presence { group } => self.work = Some(Work::presence(endpoint, id, group)),
            Command::Send { group, content, client_id, ephemeral } => {
                let Some(membership) = self.membership(group) else {
                    return self.ask_for(endpoint, user, group, id, frame);
                };
                let (chat, membership) = (&endpoint.chat, membership.clone());
                let accepted = Draft::new(content, client_id).and_then(|draft| {
                    if ephemeral {
                        return chat.accept_ephemeral(&membership, draft).map(Accepted::Ephemeral);
                    }
                    chat.accept(&membership, draft, WhileAway::Refuse).map(Accepted::Stored)
                });
                match accepted {
                    Ok(Accepted::Stored(message)) => {
                        socket.message_admitted();
                        endpoint.submit_buffer.submit(socket, message, id);
                    }
                    Ok(Accepted::Ephemeral(frames)) => {
                        socket.message_admitted();
                        socket.reply(&event::ephemeral_ack(id.as_ref(), group, client_id));
                        let endpoint = Rc::clone(endpoint);
                        spawn_local(async move { endpoint.notifier.send(frames).await });
                    }
                    Err(error) => {
                        let answer = event::error(id.as_ref(), Some(group), &failure(&error));
                        Endpoint::refuse_message(socket, &error, &answer);
                    }
                }
            }
            Command::Typing { group, on } => {
                let Some(membership) = self.membership(group) else {
                    return self.ask_for(endpoint, user, group, id, frame);
                };
                if !on || endpoint.chat.may_type(membership, Instant::now().into_std()) {
                    let endpoint = Rc::clone(endpoint);
                    let user = Arc::clone(user.user());
                    spawn_local(async move { endpoint.notifier.typing(group, &user, on).await });
                }
            }
            Command::History { group, before, after, limit } => {
                let Some(membership) = self.membership(group).cloned() else {
                    return self.ask_for(endpoint, user, group, id, frame);
                };
                self.work = Some(Work::history(endpoint, id, membership, before, after, limit));
            }
        }
    }

    fn reads(&self, group: GroupRef<'_>) -> bool {
        match group {
            GroupRef::Id(id) => self.subscriptions.get(id).is_some(),
            GroupRef::Name(name) => {
                self.subscriptions.iter().any(|active| *active.membership.group.name == *name)
            }
        }
    }

    fn membership(&self, group: GroupId) -> Option<&Membership> {
        self.subscriptions
            .get(group)
            .map(|active| &active.membership)
            .or_else(|| self.memberships.as_ref()?.get(&group))
    }

    /// Finds out whether the user is a member, then takes the frame once more.
    fn ask_for(
        &mut self,
        endpoint: &Rc<Endpoint>,
        user: Principal,
        group: GroupId,
        request: Option<RequestId>,
        frame: &str,
    ) {
        self.backlog.get_or_insert_default().push_front(frame.into());
        self.work = Some(Work::member(endpoint, request, user, group));
    }

    fn finish(&mut self, endpoint: &Rc<Endpoint>, socket: &Rc<Subscriber>, done: Done) {
        match done {
            Done::Reply(frame) => socket.reply(&frame),
            Done::NoSuchGroup { request, name } => {
                // No group has a longer name; what the client sent may be as long as a frame.
                let name: String = name.chars().take(GROUP_NAME_CHARS_MAX).collect();
                let failure = Failure::new(ErrorCode::NotFound, format!("there is no group {name:?}"));
                fail(socket, request.as_ref(), None, &failure);
            }
            Done::Failed { request, group, error } => {
                error.log();
                fail(socket, request.as_ref(), group, &failure(&error));
            }
            Done::NotMember { request, group, error } => {
                error.log();
                // The frame that needed it is answered with this.
                self.next_frame();
                fail(socket, request.as_ref(), Some(group), &failure(&error));
            }
            Done::Member(membership) => {
                let memberships = self.memberships.get_or_insert_default();
                if memberships.len() >= MEMBERSHIPS_MAX {
                    memberships.clear();
                }
                memberships.insert(membership.group.id, membership);
            }
            Done::Unknown { request } => {
                let failure = Failure::new(ErrorCode::Unauthenticated, "no such user");
                fail(socket, request.as_ref(), None, &failure);
                socket.close(CloseCode::UNAUTHENTICATED, "no such user");
            }
            Done::Hello { request, user, resume } => {
                self.welcome(endpoint, socket, request.as_ref(), user);
                for (group, after, result) in resume {
                    match result {
                        Ok((membership, head)) => {
                            self.subscribe(endpoint, socket, None, membership, Some(after), head)
                        }
                        Err(error) => {
                            error.log();
                            fail(socket, None, Some(group), &failure(&error));
                        }
                    }
                }
            }
            Done::Subscribe { request, membership, after, head } => {
                self.subscribe(endpoint, socket, request.as_ref(), membership, after, head);
            }
        }
    }

    fn welcome(
        &mut self,
        endpoint: &Endpoint,
        socket: &Subscriber,
        request: Option<&RequestId>,
        user: Principal,
    ) {
        self.hello = None;
        let id = socket.id();
        let welcome = Welcome {
            connection_id: &format!("{}-{}", id.core, id.serial),
            user: user.user(),
            heartbeat_ms: endpoint.options.heartbeat.as_millis() as u64,
            content_bytes: endpoint.chat.options().content_bytes_max,
            frame_bytes: endpoint.json_frame_bytes_max(),
            groups: GROUPS_MAX,
        };
        socket.reply(&event::welcome(request, &welcome));
        self.user = Some(user);
    }

    /// Begins to read a group. One that is read already is read anew.
    fn subscribe(
        &mut self,
        endpoint: &Rc<Endpoint>,
        socket: &Rc<Subscriber>,
        request: Option<&RequestId>,
        membership: Membership,
        after: Option<Seq>,
        head: Seq,
    ) {
        let group = membership.group.id;
        if self.subscriptions.len() >= GROUPS_MAX && self.subscriptions.get(group).is_none() {
            let failure = Failure::new(ErrorCode::TooLarge, format!("more than {GROUPS_MAX} groups"));
            return fail(socket, request, Some(group), &failure);
        }
        let position = after.unwrap_or(head).min(head);
        let is_behind = position < head;
        let reading = if is_behind { Reading::Lagging } else { Reading::CaughtUp };
        socket.reply(&event::subscribed(request, &membership.group, endpoint.chat.epoch(), head, position));
        if !is_behind {
            socket.reply(&event::caught_up(group, position));
        }
        // Joined before the old one leaves, so that the others see no one go.
        let (subscription, arrival) = membership.join(&endpoint.core, socket, reading, position);
        // A batch that came after the head was read is known here, or was handed out after the joining.
        if endpoint.core.hub().recent().head(group).is_none_or(|head| head > position) {
            subscription.recheck();
        }
        let announced = membership.clone();
        if let Some(memberships) = &mut self.memberships {
            memberships.remove(&group);
        }
        if let Some(old) = self.subscriptions.insert(group, ActiveSubscription { membership, subscription }) {
            endpoint.core.leave(&old.subscription);
        } else {
            let (endpoint, socket) = (Rc::clone(endpoint), Rc::clone(socket));
            spawn_local(async move { announced.announce(&endpoint.notifier, &socket, &arrival).await });
        }
        if is_behind {
            self.replays.begin(group);
        }
    }
}

fn fail(socket: &Subscriber, request: Option<&RequestId>, group: Option<GroupId>, failure: &Failure) {
    socket.reply(&event::error(request, group, failure));
}

/// An error as JSON mode tells it.
pub(super) fn failure(error: &ChatError) -> Failure {
    let code = match error {
        ChatError::NotFound(_) => ErrorCode::NotFound,
        ChatError::GroupFull => ErrorCode::GroupFull,
        ChatError::NotMember => ErrorCode::Forbidden,
        ChatError::TooLarge { .. } => ErrorCode::TooLarge,
        ChatError::Invalid { .. } => ErrorCode::BadFrame,
        ChatError::RateLimited { .. } => ErrorCode::RateLimited,
        ChatError::Busy { .. } | ChatError::Unavailable(_) => ErrorCode::Unavailable,
        ChatError::Taken(_) | ChatError::Internal(_) => ErrorCode::Internal,
    };
    let failure = Failure::new(code, error.to_string());
    match error {
        ChatError::RateLimited { retry_after } | ChatError::Busy { retry_after } => {
            failure.with_retry(*retry_after)
        }
        _ => failure,
    }
}
