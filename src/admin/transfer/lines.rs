//! The lines of an export as they are read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::format::LINE_BYTES_MAX;
use crate::admin::{AdminError, AdminResult};
use crate::model::Digest;

/// Bytes that are read at a time.
const BUFFER_BYTES: usize = 256 * 1024;

/// The lines of a file, or of standard input. One of them is in memory at a time.
pub(in crate::admin) struct Lines {
    input: Box<dyn BufRead>,
    line: Vec<u8>,
    bytes: u64,
    /// Lines that were taken.
    number: u64,
    /// Of these, each with the break that ends it.
    digest: Sha256,
}

impl Lines {
    /// Opens a file, or standard input, and answers how many bytes it has, where that is known.
    pub(in crate::admin) fn open(file: Option<&Path>) -> AdminResult<(Self, Option<u64>)> {
        let Some(path) = file else { return Ok((Self::over(BufReader::new(io::stdin())), None)) };
        let unreadable = |error| AdminError::Failed(format!("cannot read {}: {error}", path.display()));
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let length = metadata.is_file().then_some(metadata.len());
        Ok((Self::over(BufReader::with_capacity(BUFFER_BYTES, file)), length))
    }

    fn over(input: impl BufRead + 'static) -> Self {
        Self { input: Box::new(input), line: Vec::new(), bytes: 0, number: 0, digest: Sha256::new() }
    }

    /// The next line, without its break. It does not count before it is [taken](Self::take).
    ///
    /// # Errors
    /// Why it cannot be read; also if it is longer than [`LINE_BYTES_MAX`], of which no more is read than that.
    pub(in crate::admin) fn next(&mut self) -> AdminResult<Option<&[u8]>> {
        self.line.clear();
        let limit = LINE_BYTES_MAX as u64 + 1;
        let unreadable = |error| AdminError::Failed(format!("cannot read line {}: {error}", self.number + 1));
        let read = self.input.by_ref().take(limit).read_until(b'\n', &mut self.line).map_err(unreadable)?;
        if read == 0 {
            return Ok(None);
        }
        self.bytes += read as u64;
        if self.line.pop_if(|byte| *byte == b'\n').is_none() && self.line.len() > LINE_BYTES_MAX {
            let number = self.number + 1;
            return Err(AdminError::Failed(format!("line {number} is longer than {LINE_BYTES_MAX} bytes")));
        }
        Ok(Some(&self.line))
    }

    /// Counts the line that was read last.
    pub(in crate::admin) fn take(&mut self) {
        self.number += 1;
        self.digest.update(&self.line);
        self.digest.update(b"\n");
    }

    /// How many lines were taken.
    pub(in crate::admin) fn number(&self) -> u64 {
        self.number
    }

    /// Bytes that were read.
    pub(in crate::admin) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the lines add up to that were taken.
    pub(in crate::admin) fn digest(&self) -> Digest {
        self.digest.clone().finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn lines_that_are_taken_are_counted_and_add_up() {
        let mut lines = Lines::over(&b"one\n\ntwo"[..]);
        assert_eq!(lines.next().unwrap(), Some(&b"one"[..]));
        lines.take();
        let first = lines.digest();
        for line in ["", "two"] {
            assert_eq!(lines.next().unwrap(), Some(line.as_bytes()));
            assert_eq!(lines.digest(), first);
        }
        lines.take();
        assert_eq!((lines.number(), lines.bytes()), (2, 8));
        assert_eq!(lines.next().unwrap(), None);
        let mut others = Lines::over(&b"one\ntwo\n"[..]);
        while others.next().unwrap().is_some() {
            others.take();
        }
        assert_eq!(others.digest(), lines.digest());
        assert_ne!(first, lines.digest());
    }
}
