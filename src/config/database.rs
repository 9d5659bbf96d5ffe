//! Which database: `DATABASE_URL`, or the five `MASTER_DB_*` variables.

use std::ffi::OsStr;
use std::net::Ipv6Addr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::ConfigError;
use crate::store::{self, Database, StoreError};

/// Parses `--database-url`. An empty one, which is the default, stands for the database of the `MASTER_DB_*`
/// variables, and if there are none for the file `groupcast.sqlite`.
#[derive(Clone)]
pub(super) struct DatabaseParser;

impl TypedValueParser for DatabaseParser {
    type Value = Database;

    fn parse_ref(&self, command: &Command, _: Option<&Arg>, value: &OsStr) -> Result<Database, clap::Error> {
        let url = value.to_str().map(str::trim).ok_or_else(|| ConfigError::new("DATABASE_URL is not UTF-8"));
        let database = url.and_then(|url| match url {
            "" => Ok(from_parts(variable)?.unwrap_or_else(|| Database::Sqlite("groupcast.sqlite".into()))),
            url => from_url(url),
        });
        // Where a parser gives a plain error, clap adds the value, which holds the password.
        database.map_err(|error| command.clone().error(ErrorKind::ValueValidation, error))
    }
}

/// Whether the database is the one of the `MASTER_DB_*` variables.
pub(super) fn is_in_parts(matches: &ArgMatches) -> bool {
    let is_url = matches.get_raw("database").into_iter().flatten().any(|url| !url.is_empty());
    !is_url && matches!(from_parts(variable), Ok(Some(_)))
}

#[expect(clippy::disallowed_methods, reason = "this room reads the environment for all others")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The database that `url` names.
pub(super) fn from_url(url: &str) -> Result<Database, ConfigError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let database = Database::Postgres(url.to_owned());
        store::check(&database).map_err(|error| match error {
            StoreError::Refused(reason) => ConfigError::new(format!("DATABASE_URL: {reason}")),
            error => ConfigError::new(format!("DATABASE_URL: {error}")),
        })?;
        return Ok(database);
    }
    let Some(file) = url.strip_prefix("sqlite:") else {
        return Err(ConfigError::new(
            "DATABASE_URL must start with postgres://, postgresql:// or sqlite: \
             (postgres://USER:PASSWORD@HOST:5432/NAME, sqlite:FILE)",
        ));
    };
    match file.strip_prefix("//").unwrap_or(file) {
        "" => Err(ConfigError::new("DATABASE_URL names no file: write sqlite:FILE")),
        ":memory:" => {
            Err(ConfigError::new("DATABASE_URL: a database in memory is not supported, name a file"))
        }
        file => Ok(Database::Sqlite(file.into())),
    }
}

/// What may stand unescaped in the parts of a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The database of the `MASTER_DB_*` variables; `None` if none of them is set.
fn from_parts(env: impl Fn(&str) -> Option<String>) -> Result<Option<Database>, ConfigError> {
    let names = ["USER", "PASSWORD", "HOSTNAME", "NAME", "PORT"].map(|part| format!("MASTER_DB_{part}"));
    let values = names.each_ref().map(|name| env(name));
    if values.iter().all(|value| value.as_deref().unwrap_or_default().is_empty()) {
        return Ok(None);
    }
    let [Some(user), Some(password), Some(host), Some(name), port] = values else {
        let with = |set: bool| {
            let names = names[..4].iter().zip(&values).filter(|(_, value)| value.is_some() == set);
            names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
        };
        return Err(ConfigError::new(match with(true) {
            set if set.is_empty() => format!("MASTER_DB_PORT is set, but not {}", with(false)),
            set => format!("{set} set, but not {}", with(false)),
        }));
    };
    if user.is_empty() || host.is_empty() || name.is_empty() {
        return Err(ConfigError::new(
            "MASTER_DB_USER, MASTER_DB_HOSTNAME and MASTER_DB_NAME must not be empty",
        ));
    }
    let port = match port.as_deref().unwrap_or_default() {
        "" => 5432,
        port => match port.trim().parse::<u16>() {
            Ok(port) if port > 0 => port,
            _ => return Err(ConfigError::new("MASTER_DB_PORT must be a number from 1 to 65535")),
        },
    };
    let escaped = |text| utf8_percent_encode(text, ESCAPED).to_string();
    let host = match host.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => escaped(&host),
    };
    let (user, password, name) = (escaped(&user), escaped(&password), escaped(&name));
    Ok(Some(Database::Postgres(format!("postgres://{user}:{password}@{host}:{port}/{name}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_hide_the_password() {
        for (url, shown) in [
            ("postgres://u:p@h:1/d", "postgres://u:***@h:1/d"),
            ("postgres://u:p@ss:w/rd@h/d?sslmode=require", "postgres://u:***@h/d?sslmode=require"),
            ("postgresql://h/d?user=u&password=p", "postgresql://h/d?user=u&password=***"),
            ("postgres://u@h/d", "postgres://u@h/d"),
        ] {
            let database = Database::Postgres(url.to_owned());
            assert_eq!(database.to_string(), shown);
            assert_eq!(format!("{database:?}"), shown);
        }
    }
}
