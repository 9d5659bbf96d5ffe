//! What `--check-config` prints.

use std::fmt::Write;

use clap::{ArgMatches, CommandFactory};

use super::command_line::{CommandLine, origin_of};
use super::settings::Config;
use super::{database, dotenv};

/// All settings, one a line: the option, its value, where it came from. What holds for one start only, such as
/// `--new-epoch`, is no setting.
pub(super) fn report(config: &Config, matches: &ArgMatches, dotenv: &dotenv::Loaded) -> String {
    let command = CommandLine::command();
    let mut text = String::new();
    for (name, value) in config.shown() {
        let Some(arg) = command.get_arguments().find(|arg| arg.get_id() == name) else { continue };
        let Some(option) = arg.get_long().filter(|_| arg.get_action().takes_values()) else { continue };
        let origin = match name {
            "database" if database::is_in_parts(matches) => "MASTER_DB_* variables".to_owned(),
            _ => origin_of(arg, matches, dotenv),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{option:<22} {value:<40} {origin}");
    }
    text
}
