//! A test that hangs ends the run and is named. The harness would wait for it for ever and say nothing more.

use std::fs;
use std::io::{Write, stderr};
use std::process::abort;
use std::sync::{Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a test may take, several times what the longest takes on a slow machine.
const OVERDUE: Duration = Duration::from_secs(15 * 60);
/// How often it is looked at that.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The tests that run, by their threads' names, and since when.
static RUNNING: Mutex<Vec<(String, Instant)>> = Mutex::new(Vec::new());

thread_local! {
    static WATCHED: Watched = Watched::begin();
}

/// Has the test whose thread this is be watched until its end.
pub fn watch() {
    WATCHED.with(|_| {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| drop(thread::spawn(look)));
    });
}

/// A test that runs; its thread has it.
struct Watched {
    name: String,
}

impl Watched {
    fn begin() -> Self {
        let name = thread::current().name().unwrap_or("a thread without a name").to_owned();
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push((name.clone(), Instant::now()));
        Self { name }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = running.iter().position(|(name, _)| *name == self.name) {
            running.swap_remove(place);
        }
    }
}

fn look() {
    loop {
        thread::sleep(LOOK_EVERY);
        let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let overdue = running.iter().filter(|(_, since)| since.elapsed() > OVERDUE);
        let overdue: Vec<&str> = overdue.map(|(name, _)| &**name).collect();
        if !overdue.is_empty() {
            // Not by `eprintln!`, which the harness keeps to itself.
            _ = writeln!(
                stderr(),
                "\nhangs, after {OVERDUE:?}: {}\nthreads:\n{}children:\n{}",
                overdue.join(", "),
                threads(),
                children()
            );
            abort();
        }
    }
}

/// Of each thread of this process its name and what it waits for in the system.
fn threads() -> String {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let told = threads.map(|thread| {
        let said = |file| fs::read_to_string(thread.path().join(file)).unwrap_or_default();
        format!("  {} in {} {}\n", said("comm").trim(), said("wchan").trim(), said("syscall").trim())
    });
    told.collect()
}

/// The processes that this one has started, by their command lines.
fn children() -> String {
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let told = processes.filter_map(|process| {
        let stat = fs::read_to_string(process.path().join("stat")).ok()?;
        // The name, which may hold anything, ends with the last bracket; the state and the parent follow.
        let mut rest = stat.rsplit(')').next()?.split_whitespace();
        let (state, parent) = (rest.next()?, rest.next()?);
        let line = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default().replace('\0', " ");
        (parent == own).then(|| format!("  {} {state} {line}\n", process.file_name().display()))
    });
    told.collect()
}
