//! `.env`: settings kept in a file.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;

use super::ConfigError;

/// The names of the variables that came from `.env`.
pub(super) type Loaded = HashSet<String>;

/// Sets the variables of the file at `path` that the environment does not have. No file is no variables.
#[expect(clippy::disallowed_methods, reason = "this room reads the environment for all others")]
pub(super) fn load(path: &Path) -> Result<Loaded, ConfigError> {
    let shown = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Loaded::new()),
        Err(error) => return Err(ConfigError::new(format!("{shown} cannot be read: {error}"))),
    };
    let unreadable = |error| match error {
        // The line itself may hold a password, so its number has to do.
        dotenvy::Error::LineParse(bad, _) => {
            let number = text.lines().position(|line| line.trim() == bad.trim()).map_or(0, |index| index + 1);
            ConfigError::new(format!("{shown}, line {number}: not of the form NAME=VALUE"))
        }
        error => ConfigError::new(format!("{shown} cannot be read: {error}")),
    };
    let mut loaded = Loaded::new();
    for pair in dotenvy::from_read_iter(text.as_bytes()) {
        let (name, _) = pair.map_err(unreadable)?;
        if std::env::var_os(&name).is_none() {
            loaded.insert(name);
        }
    }
    dotenvy::from_read(text.as_bytes()).map_err(unreadable)?;
    Ok(loaded)
}
