//! One core's end of all its WebSockets.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::inflating::Inflating;
use super::stream::Stream;
use super::unfinished::UnfinishedBytes;
use crate::chat::{Chat, PresenceNotifier};
use crate::hub::{Core, Subscriber};
use crate::model::Rate;
use crate::protocol::command::CommandParser;
use crate::transport::Transport;
use crate::writer::SubmitBuffer;

/// Size of the read buffer that all sockets of a core share, in bytes.
const READ_BUFFER_BYTES: usize = 64 * 1024;

/// Shortest wait that a client is told before it connects again.
const RECONNECT_MIN: Duration = Duration::from_millis(500);
/// What each open socket adds to the longest wait.
const RECONNECT_A_SOCKET: Duration = Duration::from_millis(1);
/// Longest wait, whatever the number of sockets.
const RECONNECT_MAX: Duration = Duration::from_secs(30);

/// How sockets are treated.
#[derive(Clone, Copy, Debug)]
pub struct WsOptions {
    /// Time between pings.
    pub heartbeat: Duration,
    /// How long a socket may take nothing while data waits for it, and how long a message that has begun to arrive may
    /// stand still.
    pub stall_timeout: Duration,
    /// How long a peer may take to answer a close.
    pub close_timeout: Duration,
    /// How long a socket without a user may take to say `hello`.
    pub hello_timeout: Duration,
    /// How fast one socket may send messages of any kind; `None`: as it likes.
    pub command_limit: Option<Rate>,
}

/// What the sockets of a core share.
pub struct Endpoint<S = Transport> {
    pub(super) core: Rc<Core<S>>,
    pub(super) submit_buffer: Rc<SubmitBuffer<S>>,
    pub(super) notifier: Rc<PresenceNotifier<S>>,
    pub(super) chat: Arc<Chat>,
    pub(super) options: WsOptions,
    pub(super) unfinished: Arc<UnfinishedBytes>,
    pub(super) read_buffer: RefCell<Box<[u8]>>,
    pub(super) parser: Rc<RefCell<CommandParser>>,
    pub(super) inflating: RefCell<Inflating>,
    /// Sockets that have sent more than a turn has room for.
    hurried: Cell<u32>,
}

impl<S: Stream> Endpoint<S> {
    /// An endpoint without sockets. `unfinished` is shared by all cores.
    pub fn new(
        core: Rc<Core<S>>,
        submit_buffer: Rc<SubmitBuffer<S>>,
        notifier: Rc<PresenceNotifier<S>>,
        chat: Arc<Chat>,
        unfinished: Arc<UnfinishedBytes>,
        options: WsOptions,
    ) -> Self {
        let read_buffer = RefCell::new(vec![0; READ_BUFFER_BYTES].into());
        let (parser, inflating, hurried) = (Rc::default(), RefCell::default(), Cell::new(0));
        Self {
            core,
            submit_buffer,
            notifier,
            chat,
            options,
            unfinished,
            read_buffer,
            parser,
            inflating,
            hurried,
        }
    }

    /// How many sockets have sent more than a [`Turn`](super::turn::Turn) has room for.
    pub(super) fn hurried(&self) -> u32 {
        self.hurried.get()
    }

    /// Counts a socket among these, or no longer.
    pub(super) fn count_hurried(&self, was: bool, is: bool) {
        self.hurried.set(self.hurried.get() + u32::from(is) - u32::from(was));
    }

    /// The index of its core.
    pub fn core(&self) -> u16 {
        self.core.index()
    }

    /// Longest frame in JSON mode, in bytes: the longest content with every other character escaped, and room for the
    /// fields around it.
    pub(super) fn json_frame_bytes_max(&self) -> usize {
        2 * self.chat.options().content_bytes_max + 64 * 1024
    }

    /// When a socket shall connect again after the server has gone: all of them at once would be too many for
    /// the next one.
    pub(super) fn reconnect_in(&self, socket: &Subscriber<S>) -> Duration {
        let spread =
            (RECONNECT_MIN + RECONNECT_A_SOCKET * self.core.open_sockets() as u32).min(RECONNECT_MAX);
        // Fibonacci hashing: neighbours fall far apart.
        let share =
            (socket.id().serial.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / f64::from(1 << 24);
        RECONNECT_MIN + spread.mul_f64(share)
    }
}
