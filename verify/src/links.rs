//! What stands between a server and that which it needs.

use std::ffi::OsString;
use std::io;

use groupcast_kit::link::Link;

use crate::cluster::Cluster;
use crate::database::Database;
use crate::endpoints::Endpoints;
use crate::trouble::Trouble;

const POSTGRES_PORT: u16 = 5432;
const NATS_PORT: u16 = 4222;

/// Parameters of a Postgres URL that say in another way where it is, or have its certificate checked for its name.
const NOT_LINKED: [&str; 5] = ["host=", "hostaddr=", "port=", "sslmode=verify-ca", "sslmode=verify-full"];

/// Networks that belong to one server, and can be cut without a right over Postgres or NATS.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// One for each host.
    database: Vec<Link>,
    nats: Vec<Link>,
}

/// Where a server is to find database and cluster: behind its links, or straight.
pub(crate) struct Addresses {
    pub(crate) database_url: OsString,
    /// `None` for a server that is alone.
    pub(crate) cluster: Option<String>,
}

impl Links {
    /// Those of one of several servers. Where TLS checks the name of the other side, or it is no TCP, there is no link.
    pub(crate) async fn lay(database: &Database, cluster: &Cluster) -> io::Result<(Self, Addresses)> {
        let mut links = Self::default();
        let mut database_url = database.url();
        if let Database::Postgres(url) = database
            && let Some(endpoints) = linked_postgres(url)
        {
            links.database = lay_all(&endpoints).await?;
            database_url = endpoints.at_ports(links.database.iter().map(Link::port)).into();
        }
        let cluster = match cluster {
            Cluster::Postgres => "postgres".to_owned(),
            Cluster::Nats(url) => match linked_nats(url) {
                Some(endpoints) => {
                    links.nats = lay_all(&endpoints).await?;
                    endpoints.at_ports(links.nats.iter().map(Link::port))
                }
                None => url.clone(),
            },
        };
        Ok((links, Addresses { database_url, cluster: Some(cluster) }))
    }

    /// The kinds of trouble that can be made between servers with such links.
    pub(crate) fn allow(&self, trouble: Trouble) -> bool {
        !(trouble.cuts_database() && self.database.is_empty() || trouble.cuts_nats() && self.nats.is_empty())
    }

    /// Makes a trouble begin on this server's links.
    pub(crate) fn begin(&self, trouble: Trouble) {
        match trouble {
            Trouble::HangDatabase => self.database.iter().for_each(Link::cut),
            Trouble::SeverDatabase | Trouble::SeverDatabases => self.database.iter().for_each(Link::sever),
            Trouble::RefuseNats => self.nats.iter().for_each(Link::refuse),
            Trouble::HangNats | Trouble::HangNatsForAll | Trouble::KillWithoutNats => {
                self.nats.iter().for_each(Link::cut);
            }
            Trouble::Kill | Trouble::Freeze | Trouble::Terminate => {}
        }
    }

    /// Ends what lasts of it.
    pub(crate) fn end(&self, trouble: Trouble) {
        let links = if trouble.cuts_nats() { &self.nats } else { &self.database };
        links.iter().for_each(Link::mend);
    }
}

async fn lay_all(endpoints: &Endpoints) -> io::Result<Vec<Link>> {
    let mut links = Vec::new();
    for (host, port) in &endpoints.hosts {
        links.push(Link::to_host(host.clone(), *port).await?);
    }
    Ok(links)
}

fn linked_postgres(url: &str) -> Option<Endpoints> {
    let (_, parameters) = url.split_once('?').unwrap_or((url, ""));
    let is_linked = !parameters.split('&').any(|one| NOT_LINKED.iter().any(|not| one.starts_with(not)));
    Endpoints::parse(url, POSTGRES_PORT).filter(|_| is_linked)
}

fn linked_nats(url: &str) -> Option<Endpoints> {
    Endpoints::parse(url, NATS_PORT).filter(|_| url.starts_with("nats://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_checks_names_is_reached_straight() {
        for (url, is_linked) in [
            ("postgres://u@h/d", true),
            ("postgres://u@h/d?sslmode=require", true),
            ("postgres://u@h/d?sslmode=verify-full&sslrootcert=x", false),
            ("postgres://u@/d?host=/run", false),
        ] {
            assert_eq!(linked_postgres(url).is_some(), is_linked, "{url}");
        }
        assert!(linked_nats("nats://h").is_some() && linked_nats("tls://h").is_none());
    }

    #[tokio::test]
    async fn trouble_needs_links() {
        let database = Database::Postgres("postgres://u@h/d".into());
        let (links, addresses) = Links::lay(&database, &Cluster::Postgres).await.unwrap();
        assert!(links.allow(Trouble::HangDatabase) && links.allow(Trouble::Freeze));
        assert!(!links.allow(Trouble::KillWithoutNats));
        assert_eq!(addresses.cluster.as_deref(), Some("postgres"));
        let port = links.database[0].port();
        assert_eq!(addresses.database_url, *format!("postgres://u@127.0.0.1:{port}/d"));
    }
}
