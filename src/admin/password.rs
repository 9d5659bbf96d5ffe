//! Where the password of a user comes from.

use std::io::{self, BufRead, IsTerminal, Read};

use tokio::runtime::Handle;

use super::{AdminError, AdminResult, check};
use crate::auth::PasswordHasher;
use crate::config::PasswordSource;
use crate::model::limits::PASSWORD_BYTES_MAX;

/// Longest line that is read: a password, what ends its line, and one byte that tells that it is too long.
const LINE_BYTES_MAX: u64 = PASSWORD_BYTES_MAX as u64 + 3;

/// Reads a password and gives its hash. Blocks while somebody types.
///
/// # Errors
/// [`AdminError::Usage`] for one that could not be registered, two that differ, and where there is nobody to ask.
pub(super) async fn read_and_hash(source: PasswordSource) -> AdminResult<String> {
    let password = if source.is_stdin { read_line()? } else { ask()? };
    check::password(&password)?;
    let hash = PasswordHasher::new(Handle::current(), 1).hash(password).await;
    hash.map_err(|error| AdminError::Failed(error.to_string()))
}

/// The first line of standard input, without what ends it.
fn read_line() -> AdminResult<String> {
    let unreadable = |error| AdminError::Failed(format!("the password cannot be read: {error}"));
    let mut line = Vec::new();
    io::stdin().lock().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(unreadable)?;
    if line.pop_if(|byte| *byte == b'\n').is_some() {
        line.pop_if(|byte| *byte == b'\r');
    }
    String::from_utf8(line).map_err(|_| AdminError::Usage("the password is not UTF-8".to_owned()))
}

/// Asks on the terminal, twice.
fn ask() -> AdminResult<String> {
    if !io::stdin().is_terminal() {
        let text = "there is no terminal to ask for the password on: use --password-stdin";
        return Err(AdminError::Usage(text.to_owned()));
    }
    let prompt = |text| {
        rpassword::prompt_password(text)
            .map_err(|error| AdminError::Failed(format!("the password cannot be asked for: {error}")))
    };
    let password = prompt("Password: ")?;
    check::password(&password)?;
    if prompt("The same again: ")? != password {
        return Err(AdminError::Usage("these were two different passwords".to_owned()));
    }
    Ok(password)
}
