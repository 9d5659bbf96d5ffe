//! A disk that loses its power, or takes no more writes.
//!
//! It is a library between the server and libc, written in C (`disk.c`), since SQLite's calls go there. It is loaded into
//! the server alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::support::off_thread;
use crate::support::server::Signal;

/// Has the power be lost soon.
pub(super) const LOSE_POWER: Signal = Signal::USR2;
/// Has the disk take no more writes, or take them again.
pub(super) const TURN_READ_ONLY: Signal = Signal::USR1;

/// The environment of a server whose SQLite file, and its log, are on such a disk.
pub(super) async fn disk_under(file: &Path, seed: u64) -> Vec<(String, String)> {
    let library = off_thread(library).await;
    [("LD_PRELOAD", library), ("GROUPCAST_DISK", file), ("GROUPCAST_DISK_SEED", Path::new(&seed.to_string()))]
        .map(|(name, value)| (name.to_owned(), value.display().to_string()))
        .into()
}

/// The power is back: makes the file and its log what has come to the disk.
pub(super) fn come_back(file: &Path) {
    for part in ["", "-wal"] {
        let _ = fs::remove_file(beside(file, part));
        let _ = fs::rename(beside(file, &format!("{part}.durable")), beside(file, part));
    }
    let _ = fs::remove_file(beside(file, "-shm"));
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The library, compiled once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/faults/disk.c");
        // Another run of the tests may use the one that is there.
        let (library, made) =
            (folder.join("disk.so"), folder.join(format!("disk-{}.so", std::process::id())));
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&made).arg(&source).arg("-ldl");
        assert!(cc.status().unwrap().success(), "disk.c does not compile");
        fs::rename(&made, &library).unwrap();
        library
    })
}
