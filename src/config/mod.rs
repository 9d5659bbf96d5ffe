//! Settings: command line before environment before `.env` before defaults.

mod auth_mode;
mod cluster;
mod command_line;
mod completed;
mod database;
mod deliver;
#[cfg(test)]
mod document;
mod domain;
mod dotenv;
mod error;
mod jwks;
mod log_format;
mod operation;
mod quantity;
mod registration;
mod report;
mod secret_key;
mod settings;
mod shown;
mod value;

use std::ffi::OsString;

use groupcast_verify::Check;

use crate::model::Setting;

pub use auth_mode::AuthMode;
use clap::ArgMatches;
pub use cluster::Cluster;
use command_line::{Beside, DatabaseBeside, Operators, Serve, Subcommand};
pub use deliver::Deliver;
pub use domain::Domain;
pub use error::ConfigError;
pub use log_format::LogFormat;
pub use operation::{
    ExportTo, GroupCommand, GroupRetention, ImportFrom, KeyAs, KeyCommand, Migrate, Operation,
    OperatorCommand, PasswordSource, UserCommand,
};
pub use quantity::ByteSize;
pub use registration::Registration;
pub use secret_key::SecretKey;
pub use settings::{BURST_SECONDS, CONNECTIONS_MAX, Config, FILES_RESERVED};

pub use crate::model::Rate;
pub use crate::store::Database;

/// What the command line asks for.
#[derive(Clone, Debug)]
pub enum Command {
    /// Run a server with these settings, which are also there as they are shown.
    Serve(Box<Config>, Vec<Setting>),
    /// Check a server for lost messages.
    Verify(Box<Check>),
    /// Measure how fast messages reach everybody.
    Bench(Box<groupcast_bench::Options>),
    /// Ask the server with these settings whether it lives.
    Healthcheck(Box<Config>),
    /// Do what an operator wants done with a database.
    Operate(Box<Operation>),
    /// Print this text and exit: the help, the version, or the settings.
    Print(String),
}

impl Command {
    /// Reads the command line, the environment, and `.env` in the working directory.
    ///
    /// Sets environment variables from `.env`, so call it before any thread is started. Raise the limit of
    /// open files before, for a default follows from it.
    ///
    /// # Errors
    /// The first setting that is not usable, as one line.
    #[expect(clippy::disallowed_methods, reason = "this room reads the command line for all others")]
    pub fn load() -> Result<Self, ConfigError> {
        let dotenv = dotenv::load(".env".as_ref())?;
        Self::parse(std::env::args_os(), &dotenv)
    }

    /// Reads `args`, the program's name first, and the environment, in which the variables named in `dotenv`
    /// came from `.env`.
    fn parse(args: impl IntoIterator<Item = OsString>, dotenv: &dotenv::Loaded) -> Result<Self, ConfigError> {
        let (command_line, matches) = match command_line::parse(args, dotenv)? {
            command_line::Parsed::CommandLine(command_line, matches) => (command_line, matches),
            command_line::Parsed::Text(text) => return Ok(Self::Print(text)),
        };
        match command_line.subcommand {
            Some(subcommand) => Self::of_subcommand(subcommand, command_line.serve.config, &matches, dotenv),
            None => Self::serve(command_line.serve, &matches, dotenv),
        }
    }

    /// A server with these settings, or what they are.
    fn serve(serve: Serve, matches: &ArgMatches, dotenv: &dotenv::Loaded) -> Result<Self, ConfigError> {
        let config = serve.config.completed()?;
        let settings = report::settings(&config, matches, dotenv);
        if serve.check_config {
            return Ok(Self::Print(report::report(&settings)));
        }
        Ok(Self::Serve(Box::new(config), settings))
    }

    /// What a subcommand asks for. Settings of a server that could not be used together are no matter to it.
    fn of_subcommand(
        subcommand: Subcommand,
        config: Config,
        matches: &ArgMatches,
        dotenv: &dotenv::Loaded,
    ) -> Result<Self, ConfigError> {
        let (DatabaseBeside { database }, command) = match subcommand {
            Subcommand::Serve(serve) => {
                let matches = matches.subcommand_matches("serve").unwrap_or(matches);
                return Self::serve(*serve, matches, dotenv);
            }
            Subcommand::Bench(options) => {
                options.check().map_err(ConfigError::new)?;
                return Ok(Self::Bench(Box::new(options)));
            }
            Subcommand::Completions { shell } => return Ok(Self::Print(command_line::completions(shell))),
            Subcommand::Verify(options) => {
                let check = Check::new(options).map_err(|error| ConfigError::new(error.to_string()))?;
                return Ok(Self::Verify(Box::new(check)));
            }
            Subcommand::Healthcheck => return Ok(Self::Healthcheck(Box::new(config))),
            Subcommand::User(Operators { beside, command }) => (beside, OperatorCommand::User(command)),
            Subcommand::Key(Operators { beside, command }) => (beside, OperatorCommand::Key(command)),
            Subcommand::Group(Operators { beside, command }) => (beside, OperatorCommand::Group(command)),
            Subcommand::Migrate(Beside { beside, command }) => (beside, OperatorCommand::Migrate(command)),
            Subcommand::Export(Beside { beside, command }) => (beside, OperatorCommand::Export(command)),
            Subcommand::Import(Beside { beside, command }) => (beside, OperatorCommand::Import(command)),
        };
        Ok(Self::Operate(Box::new(Operation { database, command })))
    }
}
