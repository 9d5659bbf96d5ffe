//! The task of one WebSocket.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::context::SocketContext;
use super::hold::Hold;
use super::pongs::Pongs;
use super::reader::{Bounds, FrameReader, Incoming};
use super::session::Session;
use super::stage::Stage;
use super::stream::Stream;
use super::timer::StallTimer;
use super::turn::Turn;
use super::violation::Violation;
use crate::protocol::{CloseCode, Mode, event, frame};
use crate::transport::Transport;

/// Reads in one turn before the other sockets get theirs.
const READS_A_TURN: usize = 4;

/// Bytes that may wait for a client whose messages are still read.
const READ_WAITING_MAX: usize = 1024 * 1024;

/// Bytes that are read and dropped after the close, so that the client may still read it.
const DROPPED_BYTES_MAX: u32 = 4 * 1024 * 1024;

/// Bytes of an unfinished message that are kept after the close, where only the peer's close is of interest.
const CLOSING_UNFINISHED_MAX: usize = 4 * 1024;

/// Reads what the client sends and writes what the direct way could not, until either side is done.
///
/// A future by hand rather than an `async fn`: there is one for each open socket, most of them idle, so it
/// holds nothing but what outlives a poll.
pub(super) struct Connection<S = Transport> {
    context: SocketContext<S>,
    session: Session<S>,
    reader: FrameReader,
    stage: Stage,
    /// Whether the reader holds what was not looked at: what the client sent before this task began, or more than a turn
    /// had room for.
    has_more: bool,
    /// Whether nothing more that the client sends is looked at.
    is_deaf: bool,
    /// What reading stopped for, if anything.
    hold: Hold,
    /// Bytes read since the close.
    dropped: u32,
    /// Runs while data waits for the peer, and while the peer's close is waited for.
    output_timer: StallTimer,
    /// Runs while a message has not arrived whole.
    input_timer: StallTimer,
    /// Counts this connection among the open ones.
    _permit: OwnedSemaphorePermit,
}

/// Whether the task goes on.
enum Next {
    Wait,
    End,
}

impl<S: Stream> Connection<S> {
    /// The task of a socket that has sent `early` before it began.
    pub(super) fn new(
        context: SocketContext<S>,
        session: Session<S>,
        early: &[u8],
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let reader = FrameReader::holding(early, &context.endpoint.unfinished);
        let has_more = !early.is_empty();
        context.endpoint.count_hurried(false, has_more);
        Self {
            context,
            session,
            reader,
            stage: Stage::Open,
            has_more,
            is_deaf: false,
            hold: Hold::None,
            dropped: 0,
            output_timer: StallTimer::default(),
            input_timer: StallTimer::default(),
            _permit: permit,
        }
    }

    fn advance(&mut self, cx: &mut Context<'_>) -> Next {
        self.context.socket.register(cx);
        if self.context.socket.is_abandoned() {
            self.context.core().count_dropped("silent");
            return self.reset();
        }
        // Reading may call for work, and work for an answer, so writing comes last.
        if let Next::End = self.read(cx) {
            return Next::End;
        }
        if self.stage == Stage::Open {
            self.session.advance(&self.context, cx);
        }
        let socket = &self.context.socket;
        if let (Stage::Open, Some((code, reason))) = (self.stage, socket.closing()) {
            if code == CloseCode::GOING_AWAY && socket.mode() == Mode::Json {
                let wait = self.context.endpoint.reconnect_in(socket);
                socket.reply(&event::closing(reason, wait.as_millis() as u64));
            }
            self.close(code, reason);
        }
        if let Next::End = self.write(cx) {
            return Next::End;
        }
        let may_read = self.hold == Hold::Session && !self.must_wait();
        if may_read || (self.stage == Stage::Open && self.session.may_go_on(&self.context)) {
            // What reading or a replay waited for is done already.
            cx.waker().wake_by_ref();
        }
        self.watch_input(cx);
        self.watch_output(cx)
    }

    /// Reads until nothing is there, the turn is over, or the sender has to wait.
    fn read(&mut self, cx: &mut Context<'_>) -> Next {
        let endpoint = Rc::clone(&self.context.endpoint);
        let mut buffer = endpoint.read_buffer.borrow_mut();
        let turn = Turn::among(endpoint.hurried());
        for _ in 0..READS_A_TURN {
            let Some(room) = self.room(cx) else { return Next::Wait };
            if turn.is_over() {
                break;
            }
            if self.has_more {
                self.context.socket.hear(endpoint.core.now());
                self.take(&mut [], &turn);
                continue;
            }
            let stream = self.context.socket.outbox().sink();
            match stream.poll_readable(cx) {
                Poll::Pending => return Next::Wait,
                Poll::Ready(Err(_)) => return Next::End,
                Poll::Ready(Ok(())) => {}
            }
            let room = room.min(buffer.len());
            match stream.try_read(&mut buffer[..room]) {
                Ok(0) => return Next::End,
                Ok(length) => {
                    self.context.socket.hear(endpoint.core.now());
                    if self.stage != Stage::Open {
                        self.dropped += length as u32;
                        if self.dropped > DROPPED_BYTES_MAX {
                            return self.reset();
                        }
                    }
                    self.take(&mut buffer[..length], &turn);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Next::End,
            }
        }
        cx.waker().wake_by_ref();
        Next::Wait
    }

    /// How many bytes may be read now; `None` if the socket is not to be read.
    fn room(&mut self, cx: &mut Context<'_>) -> Option<usize> {
        self.hold = Hold::None;
        if self.stage != Stage::Open {
            return Some(usize::MAX);
        }
        let (core, socket) = (self.context.core(), &self.context.socket);
        if self.must_wait() {
            self.hold = Hold::Session;
        } else if !core.may_send(socket) && !self.is_refused() {
            if !core.credit().available() {
                core.credit().wait(socket);
            }
            self.hold = Hold::Writer;
        } else if self.has_more {
            // It is here already.
            return Some(0);
        } else if let Poll::Ready(room) = self.reader.poll_room(&self.context.endpoint.unfinished, cx) {
            return Some(room);
        } else {
            self.hold = Hold::Room;
        }
        None
    }

    /// Whether what the client wants to have stored is refused at once, so that there is no end to what may be read, and
    /// what has no need of the database goes on.
    fn is_refused(&self) -> bool {
        self.context.socket.mode() == Mode::Json && self.context.endpoint.chat.refuses_entries()
    }

    /// Whether nothing more is to be read for now: what was read is being worked on, or the client does not
    /// take its answers.
    fn must_wait(&self) -> bool {
        !self.session.is_ready() || self.context.socket.outbox().waiting() > READ_WAITING_MAX
    }

    /// Deals with what was read, as far as the turn goes.
    fn take(&mut self, bytes: &mut [u8], turn: &Turn) {
        if self.is_deaf {
            return;
        }
        let Self { context, session, reader, stage, .. } = self;
        let message_max = session.message_bytes_max(context);
        let endpoint = &context.endpoint;
        let bounds = Bounds {
            message_max,
            unfinished: &endpoint.unfinished,
            inflating: context.socket.window().map(|_| &endpoint.inflating),
            takes_binary: session.takes_binary(),
            turn,
        };
        let (mut closed, mut pongs) = (None, Pongs::default());
        let result = reader.read(bytes, bounds, |incoming| match incoming {
            _ if closed.is_some() => {}
            Incoming::Close(Some((code, reason))) => closed = Some(frame::close(code, reason)),
            Incoming::Close(None) => closed = Some(frame::close_without_code()),
            _ if *stage != Stage::Open => {}
            Incoming::Text(content) => {
                pongs.send(&context.socket);
                session.take(context, content);
            }
            Incoming::Binary(content) => {
                pongs.send(&context.socket);
                session.take_binary(context, content);
            }
            Incoming::Ping(payload) => pongs.push(payload),
            Incoming::Pong => {}
        });
        pongs.send(&context.socket);
        let has_more = result.unwrap_or_default();
        self.set_more(has_more);
        match (closed, result) {
            (Some(answer), _) => {
                self.become_deaf();
                // Code and reason go back as they came: browsers tell a page what the server's close frame says. If
                // the close was the server's, this is the answer to it.
                if self.stage == Stage::Open {
                    self.begin_close(answer);
                }
                // Gone as far as the others are concerned, however long it takes to end the connection.
                self.leave();
            }
            (None, Err(Violation { code, reason })) => {
                self.become_deaf();
                if self.stage == Stage::Open {
                    self.close(code, reason);
                }
            }
            (None, Ok(_)) => {
                let unfinished = self.reader.unfinished().unwrap_or_default();
                if self.stage != Stage::Open && !has_more && unfinished > CLOSING_UNFINISHED_MAX {
                    self.become_deaf();
                }
            }
        }
    }

    /// Looks at nothing more that the client sends, and lets go of what has not arrived whole.
    fn become_deaf(&mut self) {
        self.is_deaf = true;
        self.reader = FrameReader::default();
        self.set_more(false);
    }

    fn set_more(&mut self, has_more: bool) {
        self.context.endpoint.count_hurried(self.has_more, has_more);
        self.has_more = has_more;
    }

    /// Closes the socket, the client not having asked for it.
    fn close(&mut self, code: CloseCode, reason: &str) {
        if let Some(reason) = code.reason() {
            self.context.core().count_dropped(reason);
        }
        self.begin_close(frame::close(code, reason));
    }

    fn begin_close(&mut self, close: Bytes) {
        self.context.socket.outbox().finish(close);
        self.stage = Stage::Closing;
        self.output_timer.stop();
    }

    /// Sends what waits.
    fn write(&mut self, cx: &mut Context<'_>) -> Next {
        let outbox = self.context.socket.outbox();
        match outbox.poll_drain(cx) {
            Poll::Pending => Next::Wait,
            Poll::Ready(Err(_)) => Next::End,
            Poll::Ready(Ok(())) => match self.stage {
                Stage::Open | Stage::Shutdown => Next::Wait,
                Stage::Closing => match outbox.sink().poll_end_writing(cx) {
                    Poll::Pending => Next::Wait,
                    Poll::Ready(Err(_)) => Next::End,
                    Poll::Ready(Ok(())) => {
                        self.stage = Stage::Shutdown;
                        Next::Wait
                    }
                },
            },
        }
    }

    /// Closes a socket whose message has stood still for too long, be it that the client sends nothing more or that
    /// there was no room to read on. It may send the message again over a new connection.
    fn watch_input(&mut self, cx: &mut Context<'_>) {
        let is_read = matches!(self.hold, Hold::None | Hold::Room);
        let (Stage::Open, Some(bytes), true) = (self.stage, self.reader.unfinished(), is_read) else {
            return self.input_timer.stop();
        };
        if self.input_timer.poll(self.context.endpoint.options.stall_timeout, bytes, cx).is_ready() {
            let reason = match self.hold {
                Hold::Room => Violation::NO_ROOM.reason,
                _ => "message not finished in time",
            };
            self.input_timer.stop();
            self.become_deaf();
            self.close(CloseCode::TRY_AGAIN_LATER, reason);
            cx.waker().wake_by_ref();
        }
    }

    /// Ends the connection when the peer has taken nothing for too long.
    fn watch_output(&mut self, cx: &mut Context<'_>) -> Next {
        let (outbox, options) = (self.context.socket.outbox(), &self.context.endpoint.options);
        let (timeout, progress) = match self.stage {
            Stage::Open if outbox.waiting() == 0 => {
                self.output_timer.stop();
                return Next::Wait;
            }
            Stage::Open => {
                let untaken = self.context.endpoint.chat.untaken();
                (untaken.stall_timeout(options.stall_timeout), outbox.progress() as usize)
            }
            // However fast it takes what waits: the end has to come.
            Stage::Closing | Stage::Shutdown => (options.close_timeout, 0),
        };
        match self.output_timer.poll(timeout, progress, cx) {
            Poll::Pending => Next::Wait,
            Poll::Ready(()) if self.stage == Stage::Open => {
                // Should it wake up after all, it finds the reason behind what was begun.
                outbox.drop_messages();
                self.close(CloseCode::TOO_SLOW, "too slow");
                cx.waker().wake_by_ref();
                Next::Wait
            }
            Poll::Ready(()) => self.reset(),
        }
    }

    /// Ends with a reset, so that the kernel too lets go of what the peer does not take.
    fn reset(&self) -> Next {
        self.context.socket.outbox().abandon();
        self.context.socket.outbox().sink().end_with_reset();
        Next::End
    }

    /// Leaves all groups.
    fn leave(&mut self) {
        std::mem::replace(&mut self.session, Session::Over).leave(&self.context);
    }

    /// Leaves all groups, and the core's table.
    fn clean_up(&mut self) {
        self.become_deaf();
        self.context.socket.outbox().abandon();
        self.context.core().close(&self.context.socket);
        self.leave();
    }
}

impl<S: Stream> Future for Connection<S> {
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

// Nothing in it is pinned in place, and `S` least of all.
impl<S> Unpin for Connection<S> {}

#[cfg(test)]
mod tests;
