//! A socket of tests that takes all and keeps it.

use std::cell::{Ref, RefCell};
use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use super::outbox::Sink;

/// Keeps what is written.
#[derive(Default)]
pub(crate) struct MemorySink(RefCell<Vec<u8>>);

impl MemorySink {
    /// All that was written so far.
    pub(crate) fn written(&self) -> Ref<'_, Vec<u8>> {
        self.0.borrow()
    }
}

impl Sink for MemorySink {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn try_write_vectored(&self, _: &[IoSlice<'_>]) -> io::Result<usize> {
        unreachable!("nothing waits")
    }

    fn poll_writable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
