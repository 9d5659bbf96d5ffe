//! A check that can be run.

use crate::cluster::Cluster;
use crate::database::Database;
use crate::options::{InvalidOptions, Options};

/// What `groupcast verify` is to do, validated.
#[derive(Clone, Debug)]
pub struct Check {
    pub(crate) options: Options,
    /// Where the server keeps everything; a temporary SQLite file if there is none.
    pub(crate) database: Option<Database>,
    /// How several servers reach each other.
    pub(crate) cluster: Cluster,
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
        let cluster = options.cluster.take();
        let cluster = cluster.as_deref().map_or(Ok(Cluster::Postgres), Cluster::parse)?;
        if options.nodes > 1 && !matches!(database, Some(Database::Postgres(_))) {
            return Err(InvalidOptions::new(
                "--nodes above 1 needs a Postgres that they share: --database-url postgres://...",
            ));
        }
        Ok(Self { options, database, cluster })
    }
}
