//! The `groupcast` program: reads the settings, starts the server, runs it until it is told to stop. Or checks
//! one, asks whether one lives, or does what an operator wants.

mod healthcheck;
mod telemetry;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use groupcast::admin::{self, AdminError};
use groupcast::config::{AuthMode, Command, Config, Operation};
use groupcast::model::Setting;
use groupcast::server::{STOP_TIMEOUT, Server};
use groupcast_verify::Check;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit codes: the settings cannot be used, and the server could not start or run, or was found at fault.
const BAD_SETTINGS: u8 = 2;
const FAILED: u8 = 1;

fn main() -> ExitCode {
    // Sockets come and go in any order. Of a huge page all 2 MiB are resident, whatever the sockets in it still use.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    // Debian's soft limit is 1,024 open files, each connection is one.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let (config, settings) = match Command::load() {
        Ok(Command::Serve(config, settings)) => (config, settings),
        Ok(Command::Verify(check)) => return run(verify(*check)),
        Ok(Command::Bench(options)) => return run(bench(*options)),
        Ok(Command::Healthcheck(config)) => return run(healthcheck(*config)),
        Ok(Command::Operate(operation)) => return run(operate(*operation)),
        Ok(Command::Print(text)) => {
            say(text.trim_end());
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(BAD_SETTINGS, error),
    };
    if let Err(error) = telemetry::start(&config.log, config.log_format) {
        return fail(BAD_SETTINGS, error);
    }
    run(serve(*config, settings))
}

/// Runs `task` on this thread. Its result is the program's.
fn run(task: impl Future<Output = Result<ExitCode, Box<dyn Error>>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(FAILED, error),
    };
    runtime.block_on(task).unwrap_or_else(|error| fail(FAILED, error))
}

/// Runs a server until the process is told to stop.
async fn serve(config: Config, settings: Vec<Setting>) -> Result<ExitCode, Box<dyn Error>> {
    // From here on a signal stops the server cleanly, even while it is still starting.
    let mut stop = Stop::new()?;
    let store = config.database.to_string();
    let (auth, drain_delay) = (config.auth, config.drain_delay);
    let s = if config.has_tls() { "s" } else { "" };
    let server = tokio::select! {
        server = Server::bind(config, settings) => server?,
        () = stop.signal() => return Ok(ExitCode::SUCCESS),
    };
    let address = server.local_addr();
    let (mode, header) = match auth {
        AuthMode::Username => ("--auth=username: any name is believed", ""),
        AuthMode::Token => ("--auth=token", "-H 'Authorization: Bearer TOKEN' "),
    };
    say(&format!(
        "groupcast {version} listening on http{s}://{address} (store: {store}; {mode}) - open it in a browser, or try: \
         curl http{s}://{address}/healthz, websocat {header}ws{s}://{address}/ws/group/GROUP/USER",
        version = env!("CARGO_PKG_VERSION"),
    ));
    let leave = server.leave();
    server.run(stop.requested(drain_delay, leave)).await?;
    Ok(ExitCode::SUCCESS)
}

/// Asks a server whether it lives.
async fn healthcheck(config: Config) -> Result<ExitCode, Box<dyn Error>> {
    healthcheck::ask(&config).await?;
    Ok(ExitCode::SUCCESS)
}

/// Does what an operator wants done with a database.
async fn operate(operation: Operation) -> Result<ExitCode, Box<dyn Error>> {
    match admin::run(operation, &mut io::stdout()).await {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error @ AdminError::Usage(_)) => Ok(fail(BAD_SETTINGS, error)),
        Err(error @ AdminError::Failed(_)) => Ok(fail(FAILED, error)),
    }
}

/// Measures a server and prints what was found.
async fn bench(options: groupcast_bench::Options) -> Result<ExitCode, Box<dyn Error>> {
    let mut stop = Stop::new()?;
    let report = tokio::select! {
        report = groupcast_bench::run(&options) => report?,
        () = stop.signal() => return Err("stopped before the measurement was complete".into()),
    };
    say(&if options.json { report.json()? } else { report.to_string() });
    Ok(ExitCode::SUCCESS)
}

/// Checks a server and prints what was found.
async fn verify(check: Check) -> Result<ExitCode, Box<dyn Error>> {
    let mut stop = Stop::new()?;
    let report = tokio::select! {
        report = check.run() => report,
        () = stop.signal() => return Err("stopped before the check was complete".into()),
    };
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            // The last words of a server have lines, which `fail` would join.
            let _ = writeln!(io::stderr(), "groupcast: {error}");
            return Ok(ExitCode::from(FAILED));
        }
    };
    say(&report.to_string());
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// The signals that stop the server.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the first signal, calls `leave`, and waits that long or for another signal. After it the process ends
    /// within [`STOP_TIMEOUT`], or at once with one more signal.
    async fn requested(mut self, drain_delay: Duration, leave: impl FnOnce()) {
        self.signal().await;
        leave();
        if !drain_delay.is_zero() {
            tracing::info!(?drain_delay, "not ready any more, going on");
            // A signal is one of those who want it to end.
            let _ = timeout(drain_delay, self.signal()).await;
        }
        thread::spawn(end_in_time);
        tokio::spawn(async move {
            self.signal().await;
            process::exit(i32::from(FAILED));
        });
    }

    async fn signal(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ends the process after [`STOP_TIMEOUT`], whatever its other threads wait for.
#[expect(clippy::disallowed_methods, reason = "a thread of its own serves nobody")]
fn end_in_time() {
    thread::sleep(STOP_TIMEOUT);
    let _ = fail(FAILED, format_args!("not stopped within {} s, ended", STOP_TIMEOUT.as_secs()));
    process::exit(i32::from(FAILED));
}

/// Prints a line. Nobody may be listening, which is no reason to stop.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Tells in one line why the program ends.
fn fail(code: u8, error: impl Display) -> ExitCode {
    let reason = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    let _ = writeln!(io::stderr(), "groupcast: {reason}");
    ExitCode::from(code)
}
