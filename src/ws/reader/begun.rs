//! A message that has come in part.

use super::append;
use crate::ws::violation::Violation;

/// What a message is, as its first frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) is_binary: bool,
    /// Whether it is compressed, RFC 7692 section 6.
    pub(super) is_deflated: bool,
}

impl Kind {
    /// Text as it is.
    pub(super) const TEXT: Self = Self { is_binary: false, is_deflated: false };
}

/// The fragments of a message so far. One that is compressed stays so until it is whole: it takes less memory, and inflated
/// it is gone before the next read.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) kind: Kind,
    pub(super) bytes: Vec<u8>,
    /// How many of them are known to be text.
    checked: usize,
}

impl Begun {
    /// Nothing yet.
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, bytes: Vec::new(), checked: 0 }
    }

    /// The next fragment.
    ///
    /// # Errors
    /// If it is to be text and can not become that.
    pub(super) fn add(&mut self, payload: &[u8]) -> Result<(), Violation> {
        append(&mut self.bytes, payload, 0);
        if self.kind == Kind::TEXT {
            self.checked += check_text(self.unchecked())?;
        }
        Ok(())
    }

    /// The bytes of a character that has not come whole; of other than text all.
    pub(super) fn unchecked(&self) -> &[u8] {
        &self.bytes[self.checked..]
    }
}

/// How many of these bytes are whole characters; behind them there may be the beginning of one.
///
/// # Errors
/// If they can not become text.
pub(super) fn check_text(bytes: &[u8]) -> Result<usize, Violation> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(bytes.len()),
        Err(error) if error.error_len().is_none() => Ok(error.valid_up_to()),
        Err(_) => Err(Violation::INVALID_TEXT),
    }
}
