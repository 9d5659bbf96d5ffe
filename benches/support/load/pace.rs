//! When and for how long publishers send.

use std::time::{Duration, Instant};

use super::{Load, Publisher};

/// When publishers send.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Flat out: each publisher has this many messages under way, counted by its own echo.
    Window(usize),
    /// At even distances, this many in a second, the publishers taking turns.
    PerSecond(f64),
}

/// How long publishers send.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Span {
    /// For so long.
    Time(Duration),
    /// This many messages each.
    Messages(usize),
}

/// A run of the publishers.
pub(super) struct Sending {
    pace: Pace,
    span: Span,
    pub(super) started: Instant,
    /// Set when publishers have sent all they should.
    pub(super) done: bool,
}

impl Sending {
    /// One that begins now.
    pub(super) fn new(pace: Pace, span: Span) -> Sending {
        Sending { pace, span, started: Instant::now(), done: false }
    }

    /// One in which nobody sends.
    pub(super) fn nothing() -> Sending {
        Sending { done: true, ..Sending::new(Pace::Window(0), Span::Messages(0)) }
    }

    pub(super) fn check(&mut self, load: &Load) {
        self.done = match self.span {
            Span::Time(duration) => self.started.elapsed() >= duration,
            Span::Messages(each) => load.messages >= (each * load.publishers.len()) as u64,
        };
    }

    /// How many messages a publisher that sends flat out may send now.
    pub(super) fn allowed(&self, load: &Load, publisher: usize) -> usize {
        let Pace::Window(window) = self.pace else { return 0 };
        if self.done {
            return 0;
        }
        let Publisher { sent, echoed, sent_max, .. } = &load.publishers[publisher];
        (window - (sent.len() - echoed)).min(sent_max - sent.len())
    }
}
