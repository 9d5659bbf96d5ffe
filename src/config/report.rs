//! What `--check-config` prints.

use std::fmt::Write;

use clap::{ArgMatches, CommandFactory};

use super::command_line::{CommandLine, from_variable, origin_of};
use super::settings::Config;
use super::{database, dotenv, secret_key};

/// All settings, one a line: the option, its value, where it came from. What holds for one start only, such as
/// `--new-epoch`, is no setting.
pub(super) fn report(config: &Config, matches: &ArgMatches, dotenv: &dotenv::Loaded) -> String {
    let command = CommandLine::command();
    let mut text = String::new();
    for (name, value) in config.shown() {
        // Writing to a String cannot fail.
        if name == "jwt_secret_key" {
            let origin = config.jwt_secret_key.as_ref().map(|_| from_variable(secret_key::VARIABLE, dotenv));
            let origin = origin.as_deref().unwrap_or("default");
            let _ = writeln!(text, "{:<28} {value:<40} {origin}", secret_key::VARIABLE);
        }
        let Some(arg) = command.get_arguments().find(|arg| arg.get_id() == name) else { continue };
        let Some(option) = arg.get_long().filter(|_| arg.get_action().takes_values()) else { continue };
        let origin = match name {
            "database" if database::is_in_parts(matches) => "MASTER_DB_* variables".to_owned(),
            _ => origin_of(arg, matches, dotenv),
        };
        let _ = writeln!(text, "{option:<28} {value:<40} {origin}");
    }
    text
}
