//! The life of a TCP connection: idle, requests, perhaps a WebSocket.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use tokio::io::ReadBuf;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, timeout};

use super::Shared;
use super::exchange::{Exchange, Requests};
use super::handoff::GroupHomes;
use super::introduction;
use super::linger::linger;
use super::stream::{Activity, Stream};
use crate::http::Http;
use crate::transport::Transport;
use crate::ws::{Admission, Endpoint};

/// Longest request head, in bytes; also the size of hyper's buffers.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// As much of a connection's first bytes as is looked at to find out whose it is: enough for the longest names.
const PEEK_BYTES: usize = 512;
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
    /// Nothing in time.
    Nothing,
    /// The beginning of a request that is answered here.
    Request,
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
            if early.is_empty() {
                tokio::select! {
                    heard = self.next_request(&stream, fresh) => match heard {
                        Heard::Nothing => return say_goodbye(&stream),
                        Heard::Request => {}
                        Heard::ForAnother(thread) => return self.homes.send(thread, stream, address, permit),
                    },
                    () = self.shared.drain.cancelled() => return say_goodbye(&stream),
                }
            }
            fresh = false;
            match Box::pin(self.serve_requests(stream, address, early)).await {
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

    /// Waits for the first bytes of a request.
    async fn next_request(&self, stream: &Transport, fresh: bool) -> Heard {
        let config = &self.shared.config;
        let limit = if fresh { config.head_timeout } else { config.idle_timeout };
        let heard = timeout(limit, async {
            if fresh {
                // A new stream counts as readable until a read has failed. Only a look into it tells whether the
                // client has said anything; hyper would keep its buffers while it waits.
                return poll_fn(|cx| self.poll_peek(stream, cx)).await;
            }
            if poll_fn(|cx| stream.poll_readable(cx)).await.is_ok() { Heard::Request } else { Heard::Nothing }
        });
        heard.await.unwrap_or(Heard::Nothing)
    }

    fn poll_peek(&self, stream: &Transport, cx: &mut Context<'_>) -> Poll<Heard> {
        let mut head = [MaybeUninit::uninit(); PEEK_BYTES];
        let mut head = ReadBuf::uninit(&mut head);
        Poll::Ready(match ready!(stream.poll_peek(cx, &mut head)) {
            Ok(1..) => match self.homes.of(head.filled()) {
                Some(thread) if thread != usize::from(self.endpoint.core()) => Heard::ForAnother(thread),
                _ => Heard::Request,
            },
            Ok(0) | Err(_) => Heard::Nothing,
        })
    }

    /// Serves requests as long as there are any.
    async fn serve_requests(&self, stream: Transport, address: IpAddr, early: Bytes) -> Outcome {
        let activity = Rc::new(Activity::default());
        let exchange = Rc::new(Exchange::default());
        let service = Requests {
            http: self.http.clone(),
            endpoint: Rc::clone(&self.endpoint),
            address,
            exchange: Rc::clone(&exchange),
            requests: Rc::clone(&self.requests),
        };
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.shared.config.head_timeout)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(Stream::new(stream, early, Rc::clone(&activity)), service);
        let mut drain = pin!(self.shared.drain.cancelled());
        let mut draining = false;
        let mut stall = None;
        let result = poll_fn(|cx| {
            if !draining && drain.as_mut().poll(cx).is_ready() {
                draining = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            activity.begin_turn();
            match connection.poll_without_shutdown(cx) {
                Poll::Ready(result) => return Poll::Ready(Some(result)),
                Poll::Pending if exchange.is_idle() && activity.is_quiet() => return Poll::Ready(None),
                Poll::Pending => {}
            }
            // A client that takes nothing of its answer must not hold it for ever.
            let Some(writes) = activity.stalled() else {
                stall = None;
                return Poll::Pending;
            };
            let (since, timer) =
                stall.get_or_insert_with(|| (writes, Box::pin(sleep(self.shared.config.stall_timeout))));
            if *since != writes {
                *since = writes;
                timer.as_mut().reset(Instant::now() + self.shared.config.stall_timeout);
            }
            timer.as_mut().poll(cx).map(|()| Some(Ok(())))
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
