//! The command line.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches};
use clap_complete::Shell;

use super::database::DatabaseParser;
use super::operation::{ExportTo, GroupCommand, ImportFrom, KeyCommand, Migrate, UserCommand};
use super::settings::Config;
use super::{ConfigError, Database, dotenv};

const AFTER_HELP: &str = "\
A variable may also stand in the file .env in the working directory; the environment comes before it, and the \
command line before both. Without DATABASE_URL, a Postgres server may be given in parts: MASTER_DB_USER, \
MASTER_DB_PASSWORD, MASTER_DB_HOSTNAME, MASTER_DB_PORT (5432 if not set) and MASTER_DB_NAME. JWT_SECRET_KEY, at least \
32 bytes, is the key under which access tokens are signed; without it one is made and kept in the database. It is a \
variable alone, since others see the command line.

Sizes are in bytes or have a unit (KiB, MiB, GiB); times are in seconds or have a unit (ms, s, m, h), from 50ms \
to 1h.";

/// A self-hosted group-chat server.
#[derive(Debug, clap::Parser)]
#[command(name = "groupcast", version = env!("GROUPCAST_VERSION"), about, after_help = AFTER_HELP)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(super) struct CommandLine {
    /// What to do instead of serving
    #[command(subcommand)]
    pub(super) subcommand: Option<Subcommand>,

    #[command(flatten)]
    pub(super) serve: Serve,
}

/// How to serve.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Serve {
    #[command(flatten)]
    pub(super) config: Config,

    /// Print the settings that would be used, without passwords, and exit
    #[arg(long)]
    pub(super) check_config: bool,
}

/// What the program can do beside serving.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Subcommand {
    /// Run a server, as without any command
    #[command(after_help = AFTER_HELP)]
    Serve(Box<Serve>),
    Verify(groupcast_verify::Options),
    Bench(groupcast_bench::Options),
    /// Ask the server whether it lives, at the HOST and PORT of the environment or of .env; exits with 0 if it does
    /// and with 1 if not
    Healthcheck,
    /// Create, list and change users
    User(Operators<UserCommand>),
    /// Make, list and revoke API keys for programs
    Key(Operators<KeyCommand>),
    /// Create and list groups
    Group(Operators<GroupCommand>),
    /// Make the tables or bring them up to date, which a server that starts does too; those of the FastAPI program that
    /// came before are taken over
    Migrate(Beside<Migrate>),
    /// Write all data to a file, as JSON Lines, also beside a running server; secrets are among them
    Export(Beside<ExportTo>),
    /// Read an export into an empty database, or go on with that after it was stopped
    Import(Beside<ImportFrom>),
    /// Print a script that completes commands and options in a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// A family of operators' commands, and the database that they are about.
#[derive(Clone, Debug, clap::Args)]
#[command(arg_required_else_help = false)]
pub(super) struct Operators<C: clap::Subcommand> {
    #[command(flatten)]
    pub(super) beside: DatabaseBeside,

    #[command(subcommand)]
    pub(super) command: C,
}

/// An operators' command, and the database that it is about.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Beside<C: clap::Args> {
    #[command(flatten)]
    pub(super) beside: DatabaseBeside,

    #[command(flatten)]
    pub(super) command: C,
}

/// The database of an operators' command.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct DatabaseBeside {
    /// The database: postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:FILE [default: sqlite:groupcast.sqlite]
    #[arg(id = "beside", long = "database-url", env = "DATABASE_URL", hide_env_values = true, value_name = "URL",
          default_value = "", hide_default_value = true, value_parser = DatabaseParser, global = true)]
    pub(super) database: Database,
}

/// The script for a shell.
pub(super) fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "groupcast", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// What came of reading the command line.
pub(super) enum Parsed {
    /// A command, and where each value came from.
    CommandLine(Box<CommandLine>, ArgMatches),
    /// A text to print: help or version.
    Text(String),
}

/// Parses `args`, the program's name first.
pub(super) fn parse(
    args: impl IntoIterator<Item = OsString>,
    dotenv: &dotenv::Loaded,
) -> Result<Parsed, ConfigError> {
    let args: Vec<OsString> = args.into_iter().collect();
    let parsed = CommandLine::command()
        .try_get_matches_from(&args)
        .and_then(|matches| Ok((Box::new(CommandLine::from_arg_matches(&matches)?), matches)));
    match parsed {
        Ok((command_line, matches)) => Ok(Parsed::CommandLine(command_line, matches)),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Parsed::Text(error.to_string()))
        }
        Err(error) => {
            let variable = blamed_variable(&error, &args, dotenv);
            let error = ConfigError::from(error);
            Err(match variable {
                Some(variable) => ConfigError::new(format!("{error} ({variable})")),
                None => error,
            })
        }
    }
}

/// The environment variable that an invalid value came from, for clap names the option alone.
fn blamed_variable(error: &clap::Error, args: &[OsString], dotenv: &dotenv::Loaded) -> Option<String> {
    let Some(ContextValue::String(blamed)) = error.get(ContextKind::InvalidArg) else { return None };
    let option = blamed.split([' ', '=', '[']).next()?;
    let command = CommandLine::command();
    let arg = command.get_arguments().find(|arg| arg.get_long() == option.strip_prefix("--"))?;
    let given =
        args.iter().any(|given| given.to_str().and_then(|given| given.split('=').next()) == Some(option));
    let variable = arg.get_env()?.to_str()?;
    (!given).then(|| from_variable(variable, dotenv))
}

/// Where the value of `arg` came from, as a phrase.
pub(super) fn origin_of(arg: &Arg, matches: &ArgMatches, dotenv: &dotenv::Loaded) -> String {
    match matches.value_source(arg.get_id().as_str()) {
        Some(ValueSource::CommandLine) => "command line".to_owned(),
        Some(ValueSource::EnvVariable) => {
            from_variable(arg.get_env().and_then(|variable| variable.to_str()).unwrap_or_default(), dotenv)
        }
        _ => "default".to_owned(),
    }
}

/// A variable and where it stands, as a phrase.
pub(super) fn from_variable(variable: &str, dotenv: &dotenv::Loaded) -> String {
    let place = if dotenv.contains(variable) { ".env" } else { "the environment" };
    format!("{variable} in {place}")
}
