//! The `groupcast` program: reads the settings, starts the server, runs it until it is told to stop.

mod telemetry;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use groupcast::config::{Command, Config};
use groupcast::server::Server;
use tokio::signal::unix::{Signal, SignalKind, signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit codes: the settings cannot be used, and the server could not start or run.
const BAD_SETTINGS: u8 = 2;
const FAILED: u8 = 1;

fn main() -> ExitCode {
    // Debian's soft limit is 1,024 open files, each connection is one.
    let open_files_max = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1_024);
    let config = match Command::load(open_files_max) {
        Ok(Command::Serve(config)) => config,
        Ok(Command::Print(text)) => {
            say(text.trim_end());
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(BAD_SETTINGS, error),
    };
    if let Err(error) = telemetry::start(&config.log) {
        return fail(BAD_SETTINGS, error);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(FAILED, error),
    };
    match runtime.block_on(serve(*config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(FAILED, error),
    }
}

/// Runs a server until the process is told to stop.
async fn serve(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    // From here on a signal stops the server cleanly, even while it is still starting.
    let mut stop =
        Stop { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
    let store = config.database.to_string();
    let server = tokio::select! {
        server = Server::bind(config) => server?,
        () = stop.signal() => return Ok(()),
    };
    let address = server.local_addr();
    say(&format!(
        "groupcast {version} listening on http://{address} (store: {store}) - try: \
         curl http://{address}/healthz, websocat ws://{address}/ws/group/GROUP/USER",
        version = env!("CARGO_PKG_VERSION"),
    ));
    server.run(stop.requested()).await?;
    Ok(())
}

/// The signals that stop the server.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// Waits for the first signal. Another one after it ends the process at once.
    async fn requested(mut self) {
        self.signal().await;
        tokio::spawn(async move {
            self.signal().await;
            std::process::exit(i32::from(FAILED));
        });
    }

    async fn signal(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
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
