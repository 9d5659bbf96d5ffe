//! What a benchmark was asked to do.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use super::Result;
use super::database::Database;
use super::process::Cores;

/// How to run.
pub(crate) struct Options {
    /// Run by `cargo test`: seconds, not minutes, to show that the benchmark works and all is delivered.
    pub(crate) small: bool,
    /// Only cases whose name contains this.
    pub(crate) case: Option<String>,
    /// Only contenders whose name contains this. Yardsticks run always: the ratios need them.
    pub(crate) contender: Option<String>,
    /// Where groupcast keeps its messages.
    pub(crate) database: Database,
    /// Length of each measurement. Default 2 s.
    pub(crate) duration: Duration,
    /// Measurements of each case; the one with the median CPU time is shown. Default 3.
    pub(crate) runs: usize,
    /// Threads of groupcast that serve sockets. Default: as many as it chooses itself.
    pub(crate) threads: Option<usize>,
    /// Servers and client share all cores, where they would have one each. Default: false.
    pub(crate) unpinned: bool,
}

impl Options {
    /// Reads the command line; `None` if `cargo test` was told to run other tests than `name`.
    ///
    /// `cargo bench` says `--bench`. Without it this is `cargo test`, whose arguments are the test harness's.
    pub(crate) fn parse(name: &str) -> Result<Option<Options>> {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let mut options = Options {
            small: !arguments.iter().any(|argument| argument == "--bench"),
            case: None,
            contender: None,
            database: Database::from_environment(),
            duration: Duration::from_secs(2),
            runs: 3,
            threads: None,
            unpinned: false,
        };
        if options.small {
            options.database = Database::Sqlite;
            let listed = arguments.iter().any(|argument| argument == "--list");
            let mut filters = arguments.iter().filter(|argument| !argument.starts_with('-')).peekable();
            let meant = filters.peek().is_none() || filters.any(|filter| name.contains(filter.as_str()));
            return Ok((meant && !listed).then_some(options));
        }
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--bench" => {}
                "--case" => options.case = Some(value()?),
                "--contender" => options.contender = Some(value()?),
                "--database" => options.database = Database::parse(&value()?)?,
                "--seconds" => options.duration = Duration::try_from_secs_f64(value()?.parse()?)?,
                "--runs" => options.runs = value()?.parse()?,
                "--threads" => options.threads = Some(value()?.parse()?),
                "--unpinned" => options.unpinned = true,
                _ => return Err(format!("{argument}: unknown. {USAGE}").into()),
            }
        }
        println!("profile: {}", profile());
        Ok(Some(options))
    }

    /// The cores of the measurement, if each side is to have one of its own.
    pub(crate) fn cores(&self) -> Result<Option<Cores>> {
        if self.small || self.unpinned { Ok(None) } else { Cores::pick() }
    }

    /// Measurements of each case where a small run does with one.
    pub(crate) fn rounds(&self) -> usize {
        if self.small { 1 } else { self.runs.max(1) }
    }

    /// Whether a case of this name is asked for.
    pub(crate) fn wants(&self, case: &str) -> bool {
        self.case.as_ref().is_none_or(|part| case.contains(part.as_str()))
    }
}

/// The build profile that is measured: `release`, which is quick to build, or `dist`, which is what is published.
fn profile() -> &'static str {
    let folder = Path::new(env!("CARGO_BIN_EXE_groupcast")).parent().and_then(Path::file_name);
    folder.and_then(OsStr::to_str).unwrap_or("unknown")
}

const USAGE: &str = "Options: --case PART, --contender PART, --database sqlite|postgres://..., --seconds N, \
                     --runs N, --threads N, --unpinned";
