//! docs/configuration.md has a table of the settings. It is made of their declarations, and these tests compare.

use clap::{Arg, CommandFactory};

use super::command_line::CommandLine;

const DOCUMENT: &str = include_str!("../../docs/configuration.md");

fn row(arg: &Arg) -> String {
    let text = arg.get_help().unwrap().to_string();
    let (help, default) = match text.split_once(" [default: ") {
        // A default that follows from something else is told in words.
        Some((help, default)) => (help, default.trim_end_matches(']').to_owned()),
        None if arg.get_action().takes_values() => {
            (&text[..], arg.get_default_values().iter().map(|value| code(value.to_str())).collect())
        }
        None => (&text[..], String::new()),
    };
    let variable = arg.get_env().map(|name| code(name.to_str())).unwrap_or_default();
    let cells = [format!("`--{}`", arg.get_long().unwrap()), variable, default, help.to_owned()];
    cells.map(|cell| if cell.is_empty() { "| ".to_owned() } else { format!("| {cell} ") }).concat() + "|\n"
}

fn code(text: Option<&str>) -> String {
    format!("`{}`", text.unwrap())
}

#[test]
fn the_table_of_settings_says_what_they_are() {
    let command = CommandLine::command();
    let rows: String = command.get_arguments().map(row).collect();
    let table = format!("| option | variable | default | |\n|---|---|---|---|\n{rows}\n");
    assert!(DOCUMENT.contains(&table), "docs/configuration.md should have this table:\n{table}");
}

#[test]
fn the_help_tells_the_upper_bound_that_the_parser_holds() {
    let command = CommandLine::command();
    let general = command.get_after_help().unwrap().to_string();
    let is_amount = |arg: &&Arg| {
        let names = arg.get_value_names().unwrap_or_default();
        names.iter().any(|name| ["COUNT", "PORT", "SIZE", "TIME"].contains(&name.as_str()))
    };
    for arg in command.get_arguments().filter(is_amount) {
        let option = arg.get_long().unwrap();
        let beyond = format!("--{option}={}", u32::MAX);
        let Err(error) = command.clone().try_get_matches_from(["groupcast", &beyond]) else { continue };
        let error = error.to_string();
        let complaint = error.lines().next().unwrap();
        let Some((_, high)) = complaint.rsplit_once(" to ").or(complaint.rsplit_once("..=")) else {
            continue;
        };
        let bound = format!("to {high}");
        let help = arg.get_help().unwrap().to_string();
        assert!(help.contains(&bound) || general.contains(&bound), "--{option} does not say {bound:?}");
    }
}
