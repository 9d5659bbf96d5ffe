//! The task of one WebSocket.

use std::future::Future;
use std::io::{self, Read};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};

use super::endpoint::Endpoint;
use super::reader::{FrameReader, Incoming, Violation};
use super::session::Session;
use crate::hub::{Kind, Subscriber};
use crate::protocol::{CloseCode, Mode, event, frame};

/// Reads in one turn before the other sockets get theirs.
const READS_A_TURN: usize = 4;

/// Bytes that may wait for a client whose messages are still read.
const READ_WAITING_MAX: usize = 1024 * 1024;

/// Reads what the client sends and writes what the direct way could not, until either side is done.
///
/// A future by hand rather than an `async fn`: there is one for each open socket, most of them idle, so it
/// holds nothing but what outlives a poll.
pub(super) struct Connection {
    endpoint: Rc<Endpoint>,
    socket: Rc<Subscriber>,
    session: Session,
    reader: FrameReader,
    stage: Stage,
    /// Whether the reader holds what the client sent before this task began.
    is_early: bool,
    /// Whether the client broke the protocol, so that no more frames can be found in what it sends.
    is_deaf: bool,
    /// Whether reading stopped because the session or the client was not ready for more.
    is_held: bool,
    /// Runs while data waits for the peer, and while the peer's close is waited for.
    timer: Option<Box<Timer>>,
    /// Counts this connection among the open ones.
    _permit: OwnedSemaphorePermit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Messages go both ways.
    Open,
    /// A close frame is on its way; what the client sends is read and dropped, since closing a socket with
    /// unread data would destroy what the client has not read yet.
    Closing,
    /// All was sent, and the end of it too; the client's end is waited for.
    Shutdown,
}

/// A time-out that starts anew with each sign of progress.
struct Timer {
    sleep: Pin<Box<Sleep>>,
    progress: u32,
}

/// Whether the task goes on.
enum Next {
    Wait,
    End,
}

impl Connection {
    pub(super) fn new(
        endpoint: Rc<Endpoint>,
        socket: Rc<Subscriber>,
        session: Session,
        early: Bytes,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            endpoint,
            socket,
            session,
            reader: FrameReader::holding(&early),
            stage: Stage::Open,
            is_early: !early.is_empty(),
            is_deaf: false,
            is_held: false,
            timer: None,
            _permit: permit,
        }
    }

    fn advance(&mut self, cx: &mut Context<'_>) -> Next {
        self.socket.register(cx);
        if self.socket.is_abandoned() {
            return self.reset();
        }
        if std::mem::take(&mut self.is_early) {
            self.take(&mut []);
        }
        // Reading may call for work, and work for an answer, so writing comes last.
        if let Next::End = self.read(cx) {
            return Next::End;
        }
        if self.stage == Stage::Open {
            self.session.advance(&self.endpoint, &self.socket, cx);
        }
        if let (Stage::Open, Some((code, reason))) = (self.stage, self.socket.closing()) {
            if code == CloseCode::GOING_AWAY && self.socket.mode() == Mode::Json {
                let wait = self.endpoint.reconnect_in(&self.socket);
                self.socket.reply(&event::closing(reason, wait.as_millis() as u64));
            }
            self.begin_close(frame::close(code, reason));
        }
        if let Next::End = self.write(cx) {
            return Next::End;
        }
        let may_read = self.is_held && !self.must_wait();
        if may_read || (self.stage == Stage::Open && self.session.may_go_on(&self.socket)) {
            // What reading or a replay waited for is done already.
            cx.waker().wake_by_ref();
        }
        self.watch(cx)
    }

    /// Reads until nothing is there, the turn is over, or the sender has to wait.
    fn read(&mut self, cx: &mut Context<'_>) -> Next {
        let endpoint = Rc::clone(&self.endpoint);
        let mut buffer = endpoint.read_buffer.borrow_mut();
        for _ in 0..READS_A_TURN {
            self.is_held = self.stage == Stage::Open && self.must_wait();
            if self.is_held {
                return Next::Wait;
            }
            if self.stage == Stage::Open && !endpoint.core.may_send(&self.socket) {
                if !endpoint.core.credit().available() {
                    endpoint.core.credit().wait(&self.socket);
                }
                return Next::Wait;
            }
            let stream = self.socket.outbox().sink();
            match stream.poll_read_ready(cx) {
                Poll::Pending => return Next::Wait,
                Poll::Ready(Err(_)) => return Next::End,
                Poll::Ready(Ok(())) => {}
            }
            match read_some(stream, &mut buffer) {
                Ok(0) => return Next::End,
                Ok(length) => {
                    self.socket.hear(endpoint.core.now());
                    self.take(&mut buffer[..length]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Next::End,
            }
        }
        cx.waker().wake_by_ref();
        Next::Wait
    }

    /// Whether nothing more is to be read for now: what was read is being worked on, or the client does not
    /// take its answers.
    fn must_wait(&self) -> bool {
        !self.session.is_ready() || self.socket.outbox().waiting() > READ_WAITING_MAX
    }

    /// Deals with what was read.
    fn take(&mut self, bytes: &mut [u8]) {
        if self.is_deaf {
            return;
        }
        let Self { endpoint, socket, session, reader, stage, .. } = self;
        let message_max = session.message_bytes_max(endpoint);
        let mut closed = None;
        let result = reader.read(bytes, message_max, |incoming| match incoming {
            _ if closed.is_some() => {}
            Incoming::Close(Some((code, reason))) => closed = Some(frame::close(code, reason)),
            Incoming::Close(None) => closed = Some(frame::close_without_code()),
            _ if *stage != Stage::Open => {}
            Incoming::Text(content) => session.take(endpoint, socket, content),
            Incoming::Ping(payload) => {
                socket.send(&frame::pong(payload), Kind::Ephemeral);
            }
            Incoming::Pong => {}
        });
        if *stage != Stage::Open {
            // The close was ours: after the answer to it nothing more is of interest.
            self.is_deaf = closed.is_some() || result.is_err();
            if closed.is_some() {
                self.leave();
            }
            return;
        }
        match (closed, result) {
            // Code and reason go back as they came: browsers tell a page what the server's close frame says.
            (Some(answer), _) => {
                self.is_deaf = true;
                self.begin_close(answer);
                // Gone as far as the others are concerned, however long it takes to end the connection.
                self.leave();
            }
            (None, Err(Violation { code, reason })) => {
                self.is_deaf = true;
                self.begin_close(frame::close(code, reason));
            }
            (None, Ok(())) => {}
        }
    }

    fn begin_close(&mut self, close: Bytes) {
        self.socket.outbox().finish(close);
        self.stage = Stage::Closing;
        self.timer = None;
    }

    /// Sends what waits.
    fn write(&mut self, cx: &mut Context<'_>) -> Next {
        match self.socket.outbox().poll_drain(cx) {
            Poll::Pending => Next::Wait,
            Poll::Ready(Err(_)) => Next::End,
            Poll::Ready(Ok(())) => match self.stage {
                Stage::Open | Stage::Shutdown => Next::Wait,
                Stage::Closing => {
                    let stream = self.socket.outbox().sink();
                    if SockRef::from(stream).shutdown(std::net::Shutdown::Write).is_err() {
                        return Next::End;
                    }
                    self.stage = Stage::Shutdown;
                    Next::Wait
                }
            },
        }
    }

    /// Ends the connection when the peer has taken nothing for too long.
    fn watch(&mut self, cx: &mut Context<'_>) -> Next {
        let outbox = self.socket.outbox();
        let timeout = match self.stage {
            Stage::Open if outbox.waiting() == 0 => {
                self.timer = None;
                return Next::Wait;
            }
            Stage::Open => self.endpoint.options.stall_timeout,
            _ => self.endpoint.options.close_timeout,
        };
        let progress = outbox.progress();
        let timer = self.timer.get_or_insert_with(|| Timer::start(timeout, progress));
        if self.stage == Stage::Open && timer.progress != progress {
            timer.restart(timeout, progress);
        }
        match timer.sleep.as_mut().poll(cx) {
            Poll::Pending => Next::Wait,
            Poll::Ready(()) if self.stage == Stage::Open => {
                // Should it wake up after all, it finds the reason behind what was begun.
                self.socket.outbox().drop_messages();
                self.begin_close(frame::close(CloseCode::TOO_SLOW, "too slow"));
                cx.waker().wake_by_ref();
                Next::Wait
            }
            Poll::Ready(()) => self.reset(),
        }
    }

    /// Ends with a reset, so that the kernel too lets go of what the peer does not take.
    fn reset(&self) -> Next {
        self.socket.outbox().abandon();
        // Failing only means that the kernel keeps the unsent data for a while.
        let _ = SockRef::from(self.socket.outbox().sink()).set_linger(Some(Duration::ZERO));
        Next::End
    }

    /// Leaves all groups.
    fn leave(&mut self) {
        std::mem::replace(&mut self.session, Session::Refused).leave(&self.endpoint);
    }

    /// Leaves all groups, and the core's table.
    fn clean_up(&mut self) {
        let (endpoint, socket) = (Rc::clone(&self.endpoint), Rc::clone(&self.socket));
        socket.outbox().abandon();
        endpoint.core.close(&socket);
        self.leave();
    }
}

impl Future for Connection {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.advance(cx) {
            Next::Wait => Poll::Pending,
            Next::End => {
                self.clean_up();
                Poll::Ready(())
            }
        }
    }
}

impl Timer {
    fn start(timeout: Duration, progress: u32) -> Box<Self> {
        Box::new(Self { sleep: Box::pin(sleep(timeout)), progress })
    }

    fn restart(&mut self, timeout: Duration, progress: u32) {
        self.sleep.as_mut().reset(Instant::now() + timeout);
        self.progress = progress;
    }
}

/// Reads without waiting. A read that does not fill the buffer has emptied the socket, so it also marks the
/// socket as not ready: that saves the read that would only say so.
fn read_some(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = None;
    let result = stream.try_io(Interest::READABLE, || {
        let read = (&*SockRef::from(stream)).read(buffer)?;
        length = Some(read);
        if read > 0 && read < buffer.len() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    match (length, result) {
        (Some(length), _) => Ok(length),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(io::ErrorKind::WouldBlock.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::Connection;

    /// There is one for each open socket, so its size is what a hundred thousand idle clients cost.
    #[test]
    fn an_idle_socket_is_a_small_task() {
        assert!(size_of::<Connection>() <= 128, "{} bytes", size_of::<Connection>());
    }
}
