//! TLS to Postgres: what `sslmode` and the files in `DATABASE_URL` promise, with a real one.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::support::authority::{Authority, Certified};
use crate::support::database::Database;
use crate::support::own_postgres::OwnPostgres;
use crate::support::postgres::Postgres;
use crate::support::server::{Server, command, run};
use crate::support::socket::Socket;

/// Everybody, with and without TLS.
const ALL: &str = "host all all all trust";
const WITH: &str = "hostssl all all all trust";
const WITHOUT: &str = "hostnossl all all all trust";

/// A Postgres of the test's own, at `127.0.0.1`, and a folder for files.
struct Scene {
    postgres: OwnPostgres,
    files: TempDir,
}

impl Scene {
    async fn set() -> Self {
        Self { postgres: OwnPostgres::launch().await, files: TempDir::new().unwrap() }
    }

    /// Starts Postgres anew with this certificate, or without TLS, and this `pg_hba.conf`. `authority` signs what its
    /// clients show.
    async fn serve(&self, certified: Option<&Certified>, access: &str, authority: Option<&Authority>) {
        let (mut files, mut settings) = (Vec::new(), String::new());
        if let Some(Certified { certificate, key }) = certified {
            files.extend([("server.crt", certificate.clone()), ("server.key", key.clone())]);
            settings += "ssl = on\n";
        }
        if let Some(authority) = authority {
            files.push(("clients.crt", authority.certificate()));
            settings += "ssl_ca_file = 'clients.crt'\n";
        }
        files.extend([("postgresql.auto.conf", settings), ("pg_hba.conf", access.to_owned())]);
        let restart = move |postgres: &Postgres| {
            files.iter().for_each(|(name, text)| postgres.put(name, text));
            postgres.stop_immediately();
            postgres.start();
        };
        self.postgres.have(restart).await;
    }

    /// Puts a file into the folder and names it as in a URL.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.files.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().replace('/', "%2F")
    }

    /// Asserts that the database is reached, or with `says` that it is not and that the line says so.
    async fn assert_reached(&self, host: &str, parameters: &str, says: Option<&str>) {
        let url = self.postgres.url().replace("127.0.0.1", host) + "?" + parameters;
        let output = dry_run(self.files.path(), &url).await;
        match says {
            None => assert!(output.status.success(), "{parameters}: {output:?}"),
            Some(says) => assert_complaint(&output, 1, says),
        }
    }
}

/// Reads the database's state and changes nothing, so it takes no longer than connecting does.
async fn dry_run(dir: &Path, url: &str) -> Output {
    run(command(dir).env("DATABASE_URL", url).args(["migrate", "--dry-run"])).await
}

/// Asserts that it says so in one line, in which there is no password.
fn assert_complaint(output: &Output, status: i32, says: &str) {
    let line = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{line}");
    assert!(line.starts_with("groupcast: ") && line.lines().count() == 1, "{line}");
    assert!(line.contains(says) && !line.contains("secret"), "{says}: {line}");
}

#[tokio::test]
async fn modes_are_those_of_libpq() {
    let scene = Scene::set().await;
    let authority = Authority::new();
    let root = scene.file("root.crt", &authority.certificate());
    let other = scene.file("other.crt", &Authority::new().certificate());
    let localhost = authority.certify("localhost");

    scene.serve(None, ALL, None).await;
    for (parameters, says) in [
        ("", None),
        ("sslmode=disable", None),
        ("sslmode=prefer", None),
        ("sslmode=require", Some("server does not support TLS")),
        (&format!("sslmode=verify-full&sslrootcert={root}"), Some("server does not support TLS")),
    ] {
        scene.assert_reached("localhost", parameters, says).await;
    }

    scene.serve(Some(&localhost), WITH, None).await;
    let unknown = Some("no authority in sslrootcert has signed");
    for (host, parameters, says) in [
        ("localhost", "", None),
        ("127.0.0.1", "sslmode=prefer", None),
        ("localhost", "sslmode=disable", Some("no encryption")),
        ("127.0.0.1", "sslmode=require", None),
        ("127.0.0.1", &format!("sslmode=require&sslrootcert={root}"), None),
        ("localhost", &format!("sslmode=require&sslrootcert={other}"), unknown),
        ("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={root}"), None),
        ("localhost", &format!("sslmode=verify-ca&sslrootcert={other}"), unknown),
        ("localhost", &format!("sslmode=verify-full&sslrootcert={root}"), None),
        ("localhost", &format!("sslmode=verify-full&sslrootcert={other}"), unknown),
        ("127.0.0.1", &format!("sslmode=verify-full&sslrootcert={root}"), Some("not valid for name")),
        ("localhost", "sslrootcert=system", unknown),
    ] {
        scene.assert_reached(host, parameters, says).await;
    }

    scene.serve(Some(&localhost), WITHOUT, None).await;
    scene.assert_reached("localhost", "", None).await;
    scene.assert_reached("localhost", "sslmode=require", Some("pg_hba.conf")).await;

    scene.serve(Some(&authority.certify_expired("localhost")), ALL, None).await;
    scene.assert_reached("localhost", "sslmode=require", None).await;
    let verified = format!("sslmode=verify-ca&sslrootcert={root}");
    scene.assert_reached("localhost", &verified, Some("has expired")).await;
}

#[tokio::test]
async fn a_certificate_that_signs_itself_is_trusted_by_name_and_time() {
    let scene = Scene::set().await;
    let localhost = Certified::self_signed("localhost");
    let root = scene.file("root.crt", &localhost.certificate);
    scene.serve(Some(&localhost), WITH, None).await;
    let verified = format!("sslmode=verify-full&sslrootcert={root}");
    scene.assert_reached("localhost", &verified, None).await;
    scene.assert_reached("127.0.0.1", &verified, Some("not valid for name")).await;

    scene.serve(Some(&Certified::self_signed("localhost")), WITH, None).await;
    scene.assert_reached("localhost", &verified, Some("is refused: CaUsedAsEndEntity")).await;

    let expired = Certified::self_signed_expired("localhost");
    scene.file("root.crt", &expired.certificate);
    scene.serve(Some(&expired), WITH, None).await;
    scene.assert_reached("localhost", &verified, Some("has expired")).await;
}

#[tokio::test]
async fn the_database_is_shown_a_certificate() {
    let scene = Scene::set().await;
    let authority = Authority::new();
    let mut shown = Vec::new();
    for (name, user) in [("right", "postgres"), ("wrong", "somebody")] {
        let Certified { certificate, key } = authority.certify(user);
        let certificate = scene.file(&format!("{name}.crt"), &certificate);
        let key = scene.file(&format!("{name}.key"), &key);
        shown.push(format!("sslmode=require&sslcert={certificate}&sslkey={key}"));
    }
    let access = "hostssl all all all cert";
    scene.serve(Some(&authority.certify("localhost")), access, Some(&authority)).await;
    scene.assert_reached("localhost", &shown[0], None).await;
    scene.assert_reached("localhost", &shown[1], Some("certificate authentication failed")).await;
    scene.assert_reached("localhost", "sslmode=require", Some("valid client certificate")).await;
}

/// Both ends derive from the certificate what the password's proof is bound to, so a wrong one would be refused.
#[tokio::test]
async fn all_connections_are_bound_to_it_and_come_back_with_new_certificates() {
    let scene = Scene::set().await;
    let authority = Authority::new();
    let root = scene.file("root.crt", &authority.certificate());
    let url = scene.postgres.url().to_owned();
    let password = "SET password_encryption = 'scram-sha-256'; ALTER USER postgres PASSWORD 'secret'";
    scene.postgres.have(move |postgres| postgres.psql(&url, password)).await;
    let access = "hostssl all all all scram-sha-256";
    scene.serve(Some(&authority.certify("localhost")), access, None).await;

    let url = scene.postgres.url().replace("postgres@127.0.0.1", "postgres:secret@localhost");
    let parameters = format!("sslmode=verify-full&sslrootcert={root}&channel_binding=require");
    let server = Server::start_on(Database::at(format!("{url}?{parameters}")), &[]).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let mut bob = Socket::join(&server, "g", "bob").await;
    alice.expect("bob joined g.").await;

    // The authority itself is another one, and its file is read anew.
    let authority = Authority::new();
    scene.file("root.crt", &authority.certificate());
    scene.serve(Some(&authority.certify("localhost")), access, None).await;
    server.ready(true).await;
    bob.send("back").await;
    alice.expect("bob: back").await;
    assert_eq!(server.lines(group).await, ["bob: back"]);

    let question = "SELECT count(*) FILTER (WHERE ssl) > 1, count(*) FILTER (WHERE NOT ssl)
                    FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'groupcast'";
    let connections = move |postgres: &Postgres| postgres.psql(&format!("{url}?sslmode=require"), question);
    assert_eq!(scene.postgres.have(connections).await, "t|0");
    assert!(!server.log().contains("secret"), "{}", server.log());
}

#[tokio::test]
async fn what_cannot_be_kept_is_a_usage_error() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("no.pem"), "no certificate").unwrap();
    fs::write(dir.path().join("bad.key"), "-----BEGIN PRIVATE KEY----- secret").unwrap();
    fs::write(dir.path().join("good.crt"), Authority::new().certificate()).unwrap();
    for (parameters, says) in [
        ("sslmode=always", "sslmode must be disable, prefer"),
        ("sslmode=verify-full", "sslrootcert=FILE"),
        ("sslmode=verify-full&sslrootcert=none.pem", "sslrootcert=none.pem: No such file"),
        ("sslmode=verify-full&sslrootcert=no.pem", "no certificate in it"),
        ("sslmode=require&sslcert=good.crt&sslkey=no.pem", "no key without a password in it"),
        ("sslmode=require&sslcert=good.crt&sslkey=bad.key", "not well-formed PEM"),
        ("sslnegotiation=direct", "sslmode=require"),
    ] {
        let output = dry_run(dir.path(), &format!("postgres://u:secret@h/d?{parameters}")).await;
        assert_complaint(&output, 2, says);
        assert!(String::from_utf8_lossy(&output.stderr).contains("DATABASE_URL"), "{output:?}");
    }
}
