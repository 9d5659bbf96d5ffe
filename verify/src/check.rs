//! A check that can be run.

use crate::database::Database;
use crate::options::{InvalidOptions, Options};

/// What `groupcast verify` is to do, validated.
#[derive(Clone, Debug)]
pub struct Check {
    pub(crate) options: Options,
    /// Where the server keeps everything; a temporary SQLite file if there is none.
    pub(crate) database: Option<Database>,
}

impl Check {
    /// Checks what concerns more than one option, and what the database is.
    ///
    /// # Errors
    /// The first option that can't be used.
    pub fn new(mut options: Options) -> Result<Self, InvalidOptions> {
        options.validate()?;
        // A URL may have a password; the database does not show it.
        let database = options.database_url.take().as_deref().map(Database::parse).transpose()?;
        Ok(Self { options, database })
    }
}
