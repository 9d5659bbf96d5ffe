//! Where an export goes.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::admin::{AdminError, AdminResult};

/// Bytes that are written at a time.
const BUFFER_BYTES: usize = 256 * 1024;

/// A file that is there when it is complete, readable for its owner alone; or standard output.
pub(in crate::admin) struct Output<'o> {
    to: BufWriter<Target<'o>>,
    /// How it is called in errors.
    name: String,
    bytes: u64,
}

enum Target<'o> {
    Stream(&'o mut dyn Write),
    /// A device or a pipe.
    Special(fs::File),
    /// Another file beside the one that is to be, which takes its place in the end.
    File(NamedTempFile, PathBuf),
}

impl<'o> Output<'o> {
    /// Opens a file, or takes `stdout`.
    pub(in crate::admin) fn open(file: Option<&Path>, stdout: &'o mut dyn Write) -> AdminResult<Self> {
        let (target, name) = match file {
            None => (Ok(Target::Stream(stdout)), "standard output".to_owned()),
            Some(path) => (Target::at(path), path.display().to_string()),
        };
        let target = target.map_err(|error| cannot_write(&name, &error))?;
        Ok(Self { to: BufWriter::with_capacity(BUFFER_BYTES, target), name, bytes: 0 })
    }

    /// Writes a line.
    pub(in crate::admin) fn line(&mut self, line: &impl serde::Serialize) -> AdminResult<()> {
        let mut counted = Counted { to: &mut self.to, bytes: 0 };
        let written = serde_json::to_writer(&mut counted, line).map_err(io::Error::from);
        let written = written.and_then(|()| counted.write_all(b"\n"));
        self.bytes += counted.bytes;
        written.map_err(|error| cannot_write(&self.name, &error))
    }

    /// Bytes that were written.
    pub(in crate::admin) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Has everything written, to the disk if it is a file.
    pub(in crate::admin) fn complete(self) -> AdminResult<()> {
        let Self { to, name, .. } = self;
        let completed = to.into_inner().map_err(io::IntoInnerError::into_error).and_then(Target::complete);
        completed.map_err(|error| cannot_write(&name, &error))
    }
}

fn cannot_write(name: &str, error: &io::Error) -> AdminError {
    AdminError::Failed(format!("cannot write to {name}: {error}"))
}

impl Target<'_> {
    fn at(path: &Path) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() => {
                return Ok(Self::Special(fs::File::options().write(true).open(path)?));
            }
            _ => {}
        }
        // Of a link the file that it leads to.
        let path = path.canonicalize().or_else(|_| std::path::absolute(path))?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        // Such files are made for their owner alone.
        let file = tempfile::Builder::new().prefix(".groupcast-export-").tempfile_in(folder)?;
        Ok(Self::File(file, path))
    }

    fn complete(self) -> io::Result<()> {
        match self {
            Self::Stream(stdout) => stdout.flush(),
            Self::Special(mut file) => file.flush(),
            Self::File(file, path) => {
                file.as_file().sync_all()?;
                file.persist(path)?;
                Ok(())
            }
        }
    }
}

impl Write for Target<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream(stdout) => stdout.write(bytes),
            Self::Special(file) => file.write(bytes),
            Self::File(file, _) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream(stdout) => stdout.flush(),
            Self::Special(file) => file.flush(),
            Self::File(file, _) => file.flush(),
        }
    }
}

/// Counts what is written.
struct Counted<W> {
    to: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
