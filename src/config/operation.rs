//! What operators do with a database, beside the server or while it is stopped.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::Database;
use super::quantity::age;
use super::value::positive;
use crate::model::limits::{RETAIN_MESSAGES_MAX, RETAIN_SECONDS_MIN};
use crate::model::{RetentionRule, Scope};

/// A command, and the database that it is about.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The database.
    pub database: Database,
    /// What is to be done.
    pub command: OperatorCommand,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum OperatorCommand {
    /// `groupcast user`
    User(UserCommand),
    /// `groupcast key`
    Key(KeyCommand),
    /// `groupcast group`
    Group(GroupCommand),
    /// `groupcast migrate`
    Migrate(Migrate),
    /// `groupcast export`
    Export(ExportTo),
    /// `groupcast import`
    Import(ImportFrom),
}

/// Where an export goes.
#[derive(Clone, Debug, clap::Args)]
pub struct ExportTo {
    /// The file, which only its owner may read; `-` is standard output
    #[arg(default_value = "-")]
    pub file: PathBuf,
}

/// Where an export comes from.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportFrom {
    /// The file; `-` is standard input
    #[arg(default_value = "-")]
    pub file: PathBuf,
    /// Say at the end as JSON what was imported
    #[arg(long)]
    pub json: bool,
}

/// How the tables are brought up to date.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Migrate {
    /// Change nothing and make nothing: only say what is missing
    #[arg(long = "dry-run")]
    pub is_dry: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be done with users.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum UserCommand {
    /// Create a user; the password is asked for
    Add {
        /// The user's name; 1 to 50 characters
        name: String,
        /// The user's e-mail address; up to 100 characters
        #[arg(long, value_name = "ADDRESS")]
        email: String,
        /// Make the user an admin of the server
        #[arg(long)]
        admin: bool,
        /// From where the password comes.
        #[command(flatten)]
        password: PasswordSource,
    },
    /// List all users
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a user another password, which ends all their sessions
    Passwd {
        /// The user's name
        name: String,
        /// From where the password comes.
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Make a user an admin of the server
    Admin {
        /// The user's name
        name: String,
        /// Make the user an admin no longer
        #[arg(long)]
        revoke: bool,
    },
}

/// From where a password comes.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct PasswordSource {
    /// Take the password from standard input, one line, instead of asking for it on the terminal
    #[arg(long = "password-stdin")]
    pub is_stdin: bool,
}

/// What can be done with API keys.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it; it is shown this once
    Add {
        /// A name to know the key by; 1 to 50 characters
        name: String,
        /// What it is good for: `read`, `write`, which includes reading, or `admin`, which includes both
        #[arg(long, hide_possible_values = true,
              value_parser = PossibleValuesParser::new(["read", "write", "admin"])
                  .try_map(|name| Scope::of_name(&name).ok_or("no such scope")))]
        scope: Scope,
        /// As whom it acts.
        #[command(flatten)]
        actor: KeyAs,
    },
    /// List all keys, without the keys themselves
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a key back: it counts no more, for a running server within a second
    Revoke {
        /// The key's name
        name: String,
    },
}

/// As whom a key acts: one of these.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct KeyAs {
    /// As this user: it may never do more than they may
    #[arg(long = "as", value_name = "USER")]
    pub user: Option<String>,
    /// As whichever user it names
    #[arg(long = "as-any")]
    pub is_any: bool,
    /// As nobody: it reads everything
    #[arg(long = "as-server")]
    pub is_server: bool,
}

/// What can be done with groups.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum GroupCommand {
    /// Create a group
    Add {
        /// The group's name; 1 to 100 characters
        name: String,
        /// Make it private, for at most two members
        #[arg(long)]
        private: bool,
        /// The user who owns it [default: nobody]
        #[arg(long, value_name = "USER")]
        owner: Option<String>,
    },
    /// Say how much of a group's log is kept, in place of what was said before
    Retain {
        /// The group's name
        name: String,
        /// What is kept.
        #[command(flatten)]
        retention: GroupRetention,
    },
    /// List all groups
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// How much of a group's log is kept: at least one of these.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub struct GroupRetention {
    /// How old an entry may become, also in days as in `30d`; 60s to 36500d [default: as the server's settings say]
    #[arg(long = "age", value_name = "TIME", value_parser = age(RETAIN_SECONDS_MIN))]
    pub max_age: Option<Duration>,
    /// How many messages are kept, the newest of them; 1 to 1000000000 [default: as the server's settings say]
    #[arg(long = "messages", value_name = "COUNT", value_parser = positive(RETAIN_MESSAGES_MAX.into()))]
    pub max_messages: Option<NonZeroU32>,
    /// Take the group's own rule away
    #[arg(long = "forget", conflicts_with_all = ["max_age", "max_messages"])]
    pub is_forgotten: bool,
}

impl GroupRetention {
    /// The group's own rule from now on.
    pub fn rule(self) -> RetentionRule {
        RetentionRule { max_age: self.max_age, max_messages: self.max_messages }
    }
}
