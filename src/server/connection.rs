//! The life of a TCP connection: idle, requests, perhaps a WebSocket.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use tokio::io::{Interest, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::Shared;
use super::exchange::{Exchange, REQUEST_BYTES};
use super::handoff::GroupHomes;
use super::introduction;
use super::linger::linger;
use super::refusal::{CROWDED, refuse};
use super::requests::Requests;
use super::stream::{Activity, Stream};
use crate::http::Http;
use crate::transport::Transport;
use crate::ws::{Admission, Claim, Endpoint, NoRoom, StallTimer};

/// Longest request head, in bytes; also the size of hyper's buffers.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// As much of a request as is looked at before any of it is read: most heads as a whole.
const PEEK_BYTES: usize = 2 * 1024;

/// Serves the connections of one core.
pub(super) struct Acceptor {
    http: Http,
    endpoint: Rc<Endpoint>,
    shared: Shared,
    homes: GroupHomes,
    /// Requests being answered.
    requests: Rc<Cell<usize>>,
}

/// What a client said, or not.
enum Heard {
    /// Nothing in time, or not all.
    Nothing,
    /// A part of the head of a request.
    Part,
    /// The head of a request that is answered here, or what is no head, or more than is looked at.
    Request {
        /// Whether it is a head and complete.
        is_whole: bool,
    },
    /// The beginning of a request that another thread answers.
    ForAnother(usize),
}

/// How a run of requests ended.
enum Outcome {
    /// All answered, and the next has not begun. Bytes of it may have come.
    Idle(Transport, Bytes),
    /// The connection is now a WebSocket.
    Upgraded(Transport, Bytes, Box<Admission>),
    /// No more requests are taken from it.
    Ended(Transport),
    /// The client is gone.
    Broken,
}

impl Acceptor {
    pub(super) fn new(http: Http, endpoint: Rc<Endpoint>, homes: GroupHomes, shared: Shared) -> Self {
        Self { http, endpoint, shared, homes, requests: Rc::default() }
    }

    /// How many requests are being answered.
    pub(super) fn requests(&self) -> usize {
        self.requests.get()
    }

    /// Serves a connection from this address to its end, or until it is a WebSocket with a task of its own. A `fresh`
    /// one was accepted here: it may begin with the header of a proxy, and may belong to another thread.
    ///
    /// Between requests nothing of hyper is kept: an idle connection holds no buffers.
    pub(super) async fn serve(
        self: Rc<Self>,
        mut stream: Transport,
        mut address: IpAddr,
        permit: OwnedSemaphorePermit,
        mut fresh: bool,
    ) {
        if fresh && introduction::is_needed(&self.shared, address) {
            match Box::pin(introduction::introduce(&self.shared, stream, address)).await {
                Some(introduced) => (stream, address) = introduced,
                None => return,
            }
        }
        let mut early = Bytes::new();
        loop {
            let mut is_whole = false;
            if early.is_empty() {
                tokio::select! {
                    heard = self.next_request(&stream, fresh) => match heard {
                        Heard::Nothing | Heard::Part => return say_goodbye(&stream),
                        Heard::Request { is_whole: whole } => is_whole = whole,
                        Heard::ForAnother(thread) => return self.homes.send(thread, stream, address, permit),
                    },
                    () = self.shared.drain.cancelled() => return say_goodbye(&stream),
                }
            }
            fresh = false;
            // Whoever sends a head bit by bit has hyper's buffers for as long as that takes.
            let claim = match is_whole {
                true => None,
                false => match Claim::of_part(&self.shared.unfinished, REQUEST_BYTES) {
                    Ok(claim) => Some(claim),
                    Err(NoRoom) => {
                        if let Some(refusal) = refuse(stream, CROWDED, &self.shared.refusals) {
                            Box::pin(refusal.finish()).await;
                        }
                        return;
                    }
                },
            };
            match Box::pin(self.serve_requests(stream, address, early, claim)).await {
                Outcome::Idle(idle, rest) => (stream, early) = (idle, rest),
                Outcome::Upgraded(stream, rest, admission) => {
                    let endpoint = Rc::clone(&self.endpoint);
                    return Box::pin(endpoint.serve(stream, rest, *admission, permit)).await;
                }
                Outcome::Ended(stream) => return Box::pin(linger(stream)).await,
                Outcome::Broken => return,
            }
        }
    }

    /// Waits for the head of a request. It stays in the kernel until it is there: so clients that send one bit by bit,
    /// however many, hold none of hyper's buffers.
    async fn next_request(&self, stream: &Transport, fresh: bool) -> Heard {
        let config = &self.shared.config;
        let limit = if fresh { config.head_timeout } else { config.idle_timeout };
        let (mut deadline, mut has_begun, mut seen) = (Instant::now() + limit, fresh, 0);
        loop {
            match timeout_at(deadline, poll_fn(|cx| self.poll_head(stream, &mut seen, cx))).await {
                Ok(Heard::Part) if has_begun => {}
                Ok(Heard::Part) => (deadline, has_begun) = (Instant::now() + config.head_timeout, true),
                heard => return heard.unwrap_or(Heard::Nothing),
            }
        }
    }

    /// Looks at what has come of a head; `seen` is how much that was the last time.
    fn poll_head(&self, stream: &Transport, seen: &mut usize, cx: &mut Context<'_>) -> Poll<Heard> {
        let mut head = [MaybeUninit::uninit(); PEEK_BYTES];
        let mut head = ReadBuf::uninit(&mut head);
        let Ok(length @ 1..) = ready!(stream.poll_peek(cx, &mut head)) else {
            return Poll::Ready(Heard::Nothing);
        };
        let head = head.filled();
        if let Some(thread) =
            self.homes.of(head).filter(|&thread| thread != usize::from(self.endpoint.core()))
        {
            return Poll::Ready(Heard::ForAnother(thread));
        }
        let is_whole = is_whole(head);
        // Readable without more than the last time, it will not come to more.
        let is_seen = is_whole || length == PEEK_BYTES || length == *seen || !head[0].is_ascii_alphabetic();
        // What is decrypted is not in the kernel any more.
        let (false, Transport::Plain(tcp)) = (is_seen, stream) else {
            return Poll::Ready(Heard::Request { is_whole });
        };
        *seen = length;
        // A look leaves the stream readable. What comes from now on makes it that again.
        let _ = tcp.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
        Poll::Ready(Heard::Part)
    }

    /// Serves requests as long as there are any.
    async fn serve_requests(
        &self,
        stream: Transport,
        address: IpAddr,
        early: Bytes,
        claim: Option<Claim>,
    ) -> Outcome {
        let activity = Rc::new(Activity::default());
        let exchange = Rc::new(Exchange::new(claim));
        let service = Requests {
            http: self.http.clone(),
            endpoint: Rc::clone(&self.endpoint),
            address,
            exchange: Rc::clone(&exchange),
            requests: Rc::clone(&self.requests),
            unfinished: Arc::clone(&self.shared.unfinished),
        };
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.shared.config.head_timeout)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(Stream::new(stream, early, Rc::clone(&activity)), service);
        let mut drain = pin!(self.shared.drain.cancelled());
        let mut draining = false;
        let mut stall = StallTimer::default();
        let result = poll_fn(|cx| {
            if !draining && drain.as_mut().poll(cx).is_ready() {
                draining = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            activity.begin_turn();
            exchange.begin_turn();
            match connection.poll_without_shutdown(cx) {
                Poll::Ready(result) => return Poll::Ready(Some(result)),
                Poll::Pending if exchange.is_idle() && activity.is_quiet() => return Poll::Ready(None),
                Poll::Pending => {}
            }
            // A client that takes nothing of its answer must not hold it for ever.
            let Some(writes) = activity.stalled() else {
                stall.stop();
                return Poll::Pending;
            };
            let timeout = self.http.stall_timeout(self.shared.config.stall_timeout);
            stall.poll(timeout, writes as usize, cx).map(|()| Some(Ok(())))
        })
        .await;
        let parts = connection.into_parts();
        let (stream, unread) = parts.io.into_inner();
        // Copied, since even an empty part would keep hyper's whole buffer.
        let rest = Bytes::from([parts.read_buf, unread].concat());
        match result {
            None => Outcome::Idle(stream, rest),
            Some(Ok(())) => match exchange.take_upgrade() {
                Some(admission) => Outcome::Upgraded(stream, rest, Box::new(admission)),
                None => Outcome::Ended(stream),
            },
            Some(Err(error)) => {
                tracing::debug!(%error, "connection failed");
                // A head that hyper could not read was answered by hyper.
                if error.is_parse() { Outcome::Ended(stream) } else { Outcome::Broken }
            }
        }
    }
}

/// Whether the empty line has come that ends a head (RFC 9112, section 2.1; a line may end with LF alone, section 2.2).
fn is_whole(head: &[u8]) -> bool {
    head.windows(2).any(|pair| pair == b"\n\n") || head.windows(3).any(|three| three == b"\n\r\n")
}

/// Ends an idle connection as its protocol has it, as far as that needs no waiting.
fn say_goodbye(stream: &Transport) {
    if let Transport::Tls(_) = stream {
        let _ = stream.poll_end_writing(&mut Context::from_waker(Waker::noop()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_task<F>(
        _: impl FnOnce(Rc<Acceptor>, Transport, IpAddr, OwnedSemaphorePermit, bool) -> F,
    ) -> usize {
        size_of::<F>()
    }

    /// There is one for each idle keep-alive connection.
    #[test]
    fn an_idle_connection_is_a_small_task() {
        let size = size_of_task(Acceptor::serve);
        assert!(size <= 768, "{size} bytes");
    }
}
