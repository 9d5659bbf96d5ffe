//! A core's way into the writer.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::MessageWriter;
use super::handle::Command;
use super::pending::{Pending, ReplyTo};
use crate::hub::{Core, Sink, Subscriber};
use crate::model::NewEntry;
use crate::protocol::command::RequestId;
use crate::transport::Transport;

/// Collects what a core's sockets send and hands it to the writer once a turn of the core's loop, after all
/// sockets that were ready have been read: one hand-over between threads for many messages.
#[derive(Debug)]
pub struct SubmitBuffer<S = Transport> {
    core: Rc<Core<S>>,
    writer: MessageWriter,
    collected: RefCell<Vec<Pending>>,
    /// The task of [`run`](Self::run), while nothing is collected.
    idle: RefCell<Option<Waker>>,
}

impl<S: Sink> SubmitBuffer<S> {
    /// An empty buffer; [`run`](Self::run) must be spawned on the core's thread.
    pub fn new(core: Rc<Core<S>>, writer: MessageWriter) -> Self {
        Self { core, writer, collected: RefCell::default(), idle: RefCell::default() }
    }

    /// Sends a socket's message; its answer will carry the request's name. The caller has asked
    /// [`Core::may_send`].
    pub fn submit(&self, sender: &Subscriber<S>, entry: NewEntry, request: Option<RequestId>) {
        self.core.credit().take(entry.content_bytes());
        sender.message_sent();
        let reply_to = ReplyTo::Socket { socket: sender.id(), mode: sender.mode(), request };
        self.collected.borrow_mut().push(Pending::new(entry, reply_to));
        let idle = self.idle.take();
        if let Some(waker) = idle {
            waker.wake();
        }
    }

    /// Hands over at once what is collected.
    pub fn flush(&self) {
        let collected = self.collected.take();
        if !collected.is_empty() {
            self.writer.submit(Command::Submit(collected));
        }
    }

    /// Hands over what is collected, and waits until all that was handed over so far is stored and delivered, or
    /// refused.
    pub async fn settle(&self) {
        self.flush();
        self.writer.flush().await;
    }

    /// Hands over what is collected, whenever the core's loop comes round to it. Woken by the first message
    /// of a turn, it stands in the queue behind the sockets that are ready already.
    pub async fn run(&self) {
        poll_fn(|cx| {
            self.flush();
            self.idle.replace(Some(cx.waker().clone()));
            Poll::<()>::Pending
        })
        .await;
    }
}
