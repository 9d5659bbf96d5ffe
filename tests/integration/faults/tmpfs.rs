//! A small disk that can be filled.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Waits until the process that mounted it closes its end of the pipe, be it by dying, then unmounts it.
const WATCHDOG: &str = r#"read _; umount -l "$0"; rmdir "$0""#;

/// A file system in memory, which goes when it is dropped, or with this process.
pub(super) struct Tmpfs {
    folder: PathBuf,
    watchdog: Child,
}

impl Tmpfs {
    /// One of so many MiB, which everybody may use.
    pub(super) fn mount(mib: usize) -> Self {
        let folder = tempfile::Builder::new().prefix("groupcast-disk-").tempdir().unwrap().keep();
        let mut watchdog = Command::new("sh");
        // Out of reach of what ends this process and its group.
        watchdog.args(["-c", WATCHDOG]).arg(&folder).stdin(Stdio::piped()).process_group(0);
        let watchdog = watchdog.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let size = format!("size={mib}m,mode=1777");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&folder);
        assert!(mount.status().unwrap().success(), "disks are mounted by root: run this test as root");
        Self { folder, watchdog }
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Leaves no room on it.
    pub(super) fn fill(&self) {
        let mut file = File::options().create(true).append(true).open(self.filling()).unwrap();
        for bytes in [vec![0; 1 << 20], vec![0; 4096], vec![0; 1]] {
            loop {
                match file.write(&bytes) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    /// Gives the room back.
    pub(super) fn free(&self) {
        fs::remove_file(self.filling()).unwrap();
    }

    fn filling(&self) -> PathBuf {
        self.folder.join("filling")
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        _ = self.watchdog.wait();
    }
}
