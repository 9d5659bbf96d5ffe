//! The database that a check uses, as `DATABASE_URL` names it.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use crate::options::InvalidOptions;

/// Which database. Its texts hide the password.
#[derive(Clone)]
pub(crate) enum Database {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// A Postgres, as a connection URL.
    Postgres(String),
}

impl Database {
    /// The database that `url` names.
    pub(crate) fn parse(url: &str) -> Result<Self, InvalidOptions> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let Some(file) = url.strip_prefix("sqlite:") else {
            return Err(InvalidOptions::new(
                "DATABASE_URL must start with postgres://, postgresql:// or sqlite: \
                 (postgres://USER:PASSWORD@HOST:5432/NAME, sqlite:FILE)",
            ));
        };
        match file.strip_prefix("//").unwrap_or(file) {
            "" => Err(InvalidOptions::new("DATABASE_URL names no file: write sqlite:FILE")),
            ":memory:" => {
                Err(InvalidOptions::new("DATABASE_URL: a database in memory is not supported, name a file"))
            }
            file => Ok(Self::Sqlite(file.into())),
        }
    }

    /// What `DATABASE_URL` is to be for the server.
    pub(crate) fn url(&self) -> OsString {
        match self {
            Self::Sqlite(path) => {
                let mut url = OsString::from("sqlite:");
                url.push(path);
                url
            }
            Self::Postgres(url) => url.into(),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match self {
            Self::Sqlite(path) => return write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url,
        };
        // The parameters may have a password too.
        let (url, _) = url.split_once('?').unwrap_or((url, ""));
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        match rest.rsplit_once('@') {
            Some((login, host)) => {
                let user = login.split_once(':').map_or(login.to_owned(), |(user, _)| format!("{user}:***"));
                write!(f, "{scheme}://{user}@{host}")
            }
            None => f.write_str(url),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_hide_the_password() {
        for (url, shown) in [
            ("postgres://u:p@h:1/d", "postgres://u:***@h:1/d"),
            ("postgres://u:p@ss:w/rd@h/d?sslmode=require", "postgres://u:***@h/d"),
            ("postgresql://h/d?user=u&password=p", "postgresql://h/d"),
            ("postgres://u@h/d", "postgres://u@h/d"),
            ("sqlite:chat.sqlite", "sqlite:chat.sqlite"),
        ] {
            let database = Database::parse(url).unwrap();
            assert_eq!(database.to_string(), shown);
            assert_eq!(format!("{database:?}"), shown);
            assert_eq!(database.url(), url);
        }
    }
}
