//! What `--check-config` prints, and admins see.

use std::fmt::Write;

use clap::{ArgMatches, CommandFactory};

use super::command_line::{CommandLine, from_variable, origin_of};
use super::settings::Config;
use super::{database, dotenv, secret_key};
use crate::model::Setting;

/// All settings in force, without secrets. What holds for one start only, such as `--new-epoch`, is no setting.
pub(super) fn settings(config: &Config, matches: &ArgMatches, dotenv: &dotenv::Loaded) -> Vec<Setting> {
    let command = CommandLine::command();
    let mut settings = Vec::new();
    for (id, value) in config.shown() {
        if id == "jwt_secret_key" {
            let source = match config.jwt_secret_key {
                Some(_) => from_variable(secret_key::VARIABLE, dotenv),
                None => "default".to_owned(),
            };
            settings.push(Setting { name: secret_key::VARIABLE.to_owned(), value, source });
            continue;
        }
        let Some(arg) = command.get_arguments().find(|arg| arg.get_id() == id) else { continue };
        let Some(option) = arg.get_long().filter(|_| arg.get_action().takes_values()) else { continue };
        let source = match id {
            "database" if database::is_in_parts(matches) => "MASTER_DB_* variables".to_owned(),
            _ => origin_of(arg, matches, dotenv),
        };
        settings.push(Setting { name: option.to_owned(), value, source });
    }
    settings
}

/// The same as a text, one a line: the option, its value, where it came from.
pub(super) fn report(settings: &[Setting]) -> String {
    let mut text = String::new();
    for Setting { name, value, source } in settings {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<28} {value:<40} {source}");
    }
    text
}
