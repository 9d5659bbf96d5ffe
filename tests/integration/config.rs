//! Settings, as an operator gives them.

use std::path::Path;
use std::process::{Output, Stdio};

use crate::support::database::{Database, Store, postgres_url};
use crate::support::server::{Server, command, first_line, run};
use tempfile::TempDir;

type Variables<'a> = &'a [(&'a str, &'a str)];

async fn groupcast(dir: &Path, variables: Variables<'_>, options: &[&str]) -> Output {
    run(command(dir).envs(variables.iter().copied()).args(options)).await
}

/// What `--check-config` says about one setting: its value and where it came from.
async fn setting(dir: &Path, variables: Variables<'_>, options: &[&str], name: &str) -> (String, String) {
    let output = groupcast(dir, variables, &[options, &["--check-config"]].concat()).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).expect(name);
    let (value, origin) = line.trim().split_once(' ').expect("a value and where it came from");
    (value.to_owned(), origin.trim().to_owned())
}

/// The one line on standard error of a program that refuses to start.
async fn complaint(dir: &Path, variables: Variables<'_>, options: &[&str]) -> String {
    let output = groupcast(dir, variables, options).await;
    assert!(!output.status.success(), "{options:?} {variables:?}");
    assert!(output.stdout.is_empty(), "{:?}", output.stdout);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("groupcast: "), "{text}");
    text
}

#[tokio::test]
async fn there_are_defaults() {
    let dir = TempDir::new().unwrap();
    for (name, value) in [
        ("host", "127.0.0.1"),
        ("port", "8000"),
        ("database-url", "sqlite:groupcast.sqlite"),
        ("deliver", "commit"),
        ("auth", "username"),
        ("registration", "open"),
        ("JWT_SECRET_KEY", "none"),
        ("jwt-algorithm", "HS256"),
        ("access-token-expire-minutes", "30"),
        ("jwks", "none"),
        ("content-bytes-max", "1MiB"),
        ("heartbeat", "25s"),
        ("send-rate", "none"),
        ("hello-timeout", "10s"),
        ("request-rate", "none"),
        ("trusted-proxies", "none"),
        ("proxy-protocol", "false"),
        ("cors-origins", "any"),
        ("log", "warn,groupcast=info"),
    ] {
        assert_eq!(setting(dir.path(), &[], &[], name).await, (value.to_owned(), "default".to_owned()));
    }
}

#[tokio::test]
async fn the_command_line_comes_before_the_environment_before_dotenv() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join(".env"), "# a comment\nPORT=1\nexport HOST='0.0.0.0'\n").unwrap();
    let port = async |variables, options| setting(dir.path(), variables, options, "port").await;
    let pair = |value: &str, origin: &str| (value.to_owned(), origin.to_owned());
    assert_eq!(port(&[], &[]).await, pair("1", "PORT in .env"));
    assert_eq!(port(&[("PORT", "2")], &[]).await, pair("2", "PORT in the environment"));
    assert_eq!(port(&[("PORT", "2")], &["--port=3"]).await, pair("3", "command line"));
    assert_eq!(setting(dir.path(), &[], &[], "host").await, pair("0.0.0.0", "HOST in .env"));
}

#[tokio::test]
async fn serving_may_be_named() {
    let dir = TempDir::new().unwrap();
    let named = ["serve", "--port=3"];
    assert_eq!(setting(dir.path(), &[], &named, "port").await, ("3".to_owned(), "command line".to_owned()));
    let from_variable = setting(dir.path(), &[("PORT", "4")], &["serve"], "port").await;
    assert_eq!(from_variable, ("4".to_owned(), "PORT in the environment".to_owned()));
    let bad = complaint(dir.path(), &[("PORT", "x")], &["serve"]).await;
    assert!(bad.contains("--port") && bad.contains("(PORT in the environment)"), "{bad}");
}

#[tokio::test]
async fn shells_complete_commands() {
    let dir = TempDir::new().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = groupcast(dir.path(), &[], &["completions", shell]).await;
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains("migrate"), "{shell}");
    }
    assert!(complaint(dir.path(), &[], &["completions", "csh"]).await.contains("possible values"));
}

#[tokio::test]
async fn a_host_may_be_a_name() {
    let dir = TempDir::new().unwrap();
    for (host, address) in [("localhost", "127.0.0.1"), ("::1", "::1"), ("[::]", "::")] {
        assert_eq!(setting(dir.path(), &[("HOST", host)], &[], "host").await.0, address);
    }
    assert!(complaint(dir.path(), &[], &["--host", "name.invalid"]).await.contains("name.invalid"));
}

#[tokio::test]
async fn a_database_is_given_as_a_url() {
    let dir = TempDir::new().unwrap();
    for (url, shown) in [
        ("sqlite:some/file.db", "sqlite:some/file.db"),
        ("sqlite:///var/lib/chat.db", "sqlite:/var/lib/chat.db"),
        ("postgres://u:hidden@h:1/d", "postgres://u:***@h:1/d"),
        ("postgresql://u:hidden@h/d?sslmode=disable", "postgresql://u:***@h/d?sslmode=disable"),
        ("", "sqlite:groupcast.sqlite"),
    ] {
        assert_eq!(setting(dir.path(), &[("DATABASE_URL", url)], &[], "database-url").await.0, shown);
    }
    for url in ["mysql://u:hidden@h/d", "hidden", "sqlite:", "sqlite::memory:"] {
        let complaint = complaint(dir.path(), &[("DATABASE_URL", url)], &["--check-config"]).await;
        assert!(complaint.contains("DATABASE_URL") && !complaint.contains("hidden"), "{complaint}");
    }
}

#[tokio::test]
async fn a_database_is_given_in_parts() {
    const PARTS: [(&str, &str); 5] = [
        ("MASTER_DB_USER", "us@er"),
        ("MASTER_DB_PASSWORD", "p@ss:w/o?r#d%"),
        ("MASTER_DB_HOSTNAME", "db.example.com"),
        ("MASTER_DB_NAME", "chat"),
        ("MASTER_DB_PORT", "6543"),
    ];
    let dir = TempDir::new().unwrap();
    let (shown, origin) = setting(dir.path(), &PARTS, &[], "database-url").await;
    assert_eq!(shown, "postgres://us%40er:***@db.example.com:6543/chat");
    assert!(origin.contains("MASTER_DB"), "{origin}");
    let (shown, _) = setting(dir.path(), &PARTS[..4], &[], "database-url").await;
    assert_eq!(shown, "postgres://us%40er:***@db.example.com:5432/chat");
    let with_url = [&PARTS[..], &[("DATABASE_URL", "sqlite:file")]].concat();
    assert_eq!(setting(dir.path(), &with_url, &[], "database-url").await.0, "sqlite:file");

    for missing in 0..4 {
        let mut parts = PARTS.to_vec();
        let (name, _) = parts.remove(missing);
        let complaint = complaint(dir.path(), &parts, &["--check-config"]).await;
        assert!(complaint.contains(&format!("not {name}")), "{complaint}");
        assert!(!complaint.contains("w/o"), "{complaint}");
    }
    let mut parts = PARTS;
    parts[4].1 = "65536";
    assert!(complaint(dir.path(), &parts, &[]).await.contains("MASTER_DB_PORT"));
}

#[tokio::test]
async fn parts_with_special_characters_reach_postgres() {
    let url = postgres_url().await;
    let (login, place) = url.split_once("://").unwrap().1.rsplit_once('@').expect("a user in the URL");
    let (host, name) = place.split_once('/').unwrap();
    let (host, port) = host.rsplit_once(':').unwrap();
    // The server in the tests trusts everyone, so any password is right as long as the URL is well formed.
    let parts = [
        ("MASTER_DB_USER", login.split(':').next().unwrap()),
        ("MASTER_DB_PASSWORD", "p@ss:w/o?r#d% ü"),
        ("MASTER_DB_HOSTNAME", host),
        ("MASTER_DB_PORT", port),
        ("MASTER_DB_NAME", name.split('?').next().unwrap()),
    ];
    let dir = TempDir::new().unwrap();
    let mut child = command(dir.path())
        .envs(parts)
        .args(["--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let line = first_line(&mut child).await.expect("the server starts");
    assert!(line.contains(":***@"), "{line}");
}

#[tokio::test]
async fn a_bad_setting_is_one_clear_line() {
    let dir = TempDir::new().unwrap();
    for (option, value, says) in [
        ("--port", "65536", "--port"),
        ("--port", "x", "'x'"),
        ("--threads", "0", "--threads"),
        ("--database-connections", "1001", "1..=1000"),
        ("--deliver", "later", "[possible values: commit, eager]"),
        ("--heartbeat", "1ms", "from 50ms to 1h"),
        ("--idle-timeout", "soon", "--idle-timeout"),
        ("--content-bytes-max", "0", "from 1 to 64MiB"),
        ("--body-bytes-max", "1MB", "--body-bytes-max"),
        ("--outbox-bytes-max", "1KiB", "--content-bytes-max"),
        ("--cors-origins", "https://a.example/path", "without a path"),
        ("--send-rate", "0", "1..=1000000"),
        ("--send-burst", "5", "without --send-rate"),
        ("--request-burst", "5", "without --request-rate"),
        ("--connect-burst", "5", "without --connect-rate"),
        ("--command-burst", "5", "without --command-rate"),
        ("--command-rate", "1000001", "1..=1000000"),
        ("--trusted-proxies", "10.0.0.1,10.0.0.0/33", "'10.0.0.0/33'"),
        ("--trusted-proxies", "proxy.example", "an address such as 192.0.2.1"),
        ("--proxy-protocol=maybe", "--port=0", "'maybe'"),
        ("--proxy-protocol", "--port=0", "needs --trusted-proxies"),
        ("--auth", "password", "[possible values: username, token]"),
        ("--registration", "no", "[possible values: open, closed]"),
        ("--jwt-algorithm", "none", "HS256, HS384 or HS512"),
        ("--access-token-expire-minutes", "1441", "1..=1440"),
        ("--jwks", "keys.json", "--jwt-issuer"),
        ("--jwks", "https://u:hidden@h/keys", "no user name or password"),
        ("--jwt-issuer", "https://h", "without --jwks"),
        ("--jwt-audience", "chat", "without --jwks"),
        ("--jwt-username-claim", "name", "without --jwks"),
        ("--log", "a=b=c", "--log"),
        ("--prot", "1", "'--port'"),
    ] {
        let complaint = complaint(dir.path(), &[], &[option, value]).await;
        assert!(complaint.contains(says) && !complaint.contains("hidden"), "{complaint}");
    }
    let complaint_about_port = complaint(dir.path(), &[("PORT", "x")], &[]).await;
    assert!(complaint_about_port.contains("PORT in the environment"), "{complaint_about_port}");
    std::fs::write(dir.path().join(".env"), "PORT=1\n\nno pair with a secret\n").unwrap();
    let complaint_about_file = complaint(dir.path(), &[], &[]).await;
    assert!(complaint_about_file.contains(".env, line 3"), "{complaint_about_file}");
    assert!(!complaint_about_file.contains("secret"), "{complaint_about_file}");
}

#[tokio::test]
async fn a_failed_start_is_one_clear_line() {
    let server = Server::start(Store::Sqlite).await;
    let dir = TempDir::new().unwrap();
    let port = server.address().port().to_string();
    let start = async |options: &[&str]| {
        let complaint = complaint(dir.path(), &[], &[options, &["--log", "off"]].concat()).await;
        assert!(!complaint.contains("hidden"), "{complaint}");
        complaint
    };
    assert!(start(&["--port", &port]).await.contains(&port));
    start(&["--port=0", "--database-url=sqlite:no/such/directory/file"]).await;
    start(&["--port=0", "--database-url=postgres://u:hidden@127.0.0.1:1/d"]).await;
    start(&["--port=0", "--database-url=postgres://u:hidden@127.0.0.1:x/d"]).await;
    std::fs::write(dir.path().join("no database"), "x".repeat(10_000)).unwrap();
    start(&["--port=0", "--database-url=sqlite:no database"]).await;
}

#[tokio::test]
async fn help_and_version_are_printed() {
    let dir = TempDir::new().unwrap();
    let help = groupcast(dir.path(), &[], &["--help"]).await;
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).unwrap();
    for word in ["--port", "PORT", "8000", "DATABASE_URL", "MASTER_DB_NAME", "GROUPCAST_HEARTBEAT", "25s"] {
        assert!(help.contains(word), "{word}");
    }
    let secret = groupcast(dir.path(), &[("DATABASE_URL", "postgres://u:hidden@h/d")], &["--help"]).await;
    assert!(!String::from_utf8(secret.stdout).unwrap().contains("hidden"));
    let version = groupcast(dir.path(), &[], &["--version"]).await;
    let version = String::from_utf8(version.stdout).unwrap();
    let commit =
        version.trim_end().strip_prefix(concat!("groupcast ", env!("CARGO_PKG_VERSION"))).expect(&version);
    // Sources without a git have none.
    let is_commit = |text: &str| text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(commit.is_empty() || commit.strip_prefix(' ').is_some_and(is_commit), "{version}");
}

#[tokio::test]
async fn tokens_need_a_key_of_some_length_and_messages_that_are_stored() {
    let dir = TempDir::new().unwrap();
    let short = [("JWT_SECRET_KEY", "hidden-and-short")];
    let about_key = complaint(dir.path(), &short, &["--auth=token"]).await;
    assert!(about_key.contains("at least 32 bytes") && !about_key.contains("hidden"), "{about_key}");
    assert_eq!(setting(dir.path(), &short, &[], "JWT_SECRET_KEY").await.0, "***");
    assert_eq!(
        setting(dir.path(), &[("JWT_SECRET_KEY", "")], &["--auth=token"], "JWT_SECRET_KEY").await.0,
        "none"
    );
    let about_eager = complaint(dir.path(), &[], &["--auth=token", "--deliver=eager"]).await;
    assert!(about_eager.contains("--deliver=eager"), "{about_eager}");
}

#[tokio::test]
async fn several_servers_are_told_how_to_reach_each_other() {
    let dir = TempDir::new().unwrap();
    let database = ("DATABASE_URL", "postgres://u:p@h/d");
    for (cluster, shown) in [
        ("postgres", "postgres"),
        ("nats://h", "nats://h:4222"),
        ("nats://u:hidden@h,k:5222", "nats://u:***@h:4222,k:5222"),
        ("tls://hidden@h", "tls://***@h:4222"),
    ] {
        let variables = [database, ("CLUSTER", cluster)];
        let origin = "CLUSTER in the environment".to_owned();
        assert_eq!(setting(dir.path(), &variables, &[], "cluster").await, (shown.to_owned(), origin));
        let help = groupcast(dir.path(), &variables, &["--help"]).await;
        assert!(!String::from_utf8(help.stdout).unwrap().contains("hidden"));
    }
    assert_eq!(setting(dir.path(), &[], &[], "cluster").await.0, "none");

    for cluster in ["redis://u:hidden@h", "hidden", "nats://u:hidden@h:0", "nats://u:hidden@h,k/x", ""] {
        let complaint = complaint(dir.path(), &[database], &["--cluster", cluster]).await;
        assert!(complaint.contains("--cluster") && !complaint.contains("hidden"), "{complaint}");
    }
    for (variables, options, says) in [
        (&[][..], &["--cluster=nats://h"][..], "needs a Postgres database"),
        (&[("DATABASE_URL", "sqlite:file")], &["--cluster=postgres"], "needs a Postgres database"),
        (&[database], &["--cluster=postgres", "--deliver=eager"], "--deliver=eager"),
        (&[database], &["--cluster=nats://h", "--new-epoch"], "--new-epoch"),
    ] {
        let complaint = complaint(dir.path(), variables, options).await;
        assert!(complaint.contains(says), "{complaint}");
    }
}

#[tokio::test]
async fn without_settings_it_keeps_a_file_where_it_stands() {
    let database = Database::at("".to_owned());
    let server = Server::start_on(database, &[]).await;
    server.user("alice").await;
    assert!(server.database().dir().join("groupcast.sqlite").exists());
}

#[tokio::test]
async fn the_document_lists_every_option() {
    let dir = TempDir::new().unwrap();
    let document = include_str!("../../docs/configuration.md");
    for command in [&["--help"][..], &["verify", "--help"]] {
        let help = String::from_utf8(groupcast(dir.path(), &[], command).await.stdout).unwrap();
        let options = help.split_whitespace().filter(|word| word.starts_with("--"));
        // An option whose value may be left out is followed by `[=<VALUE>]`.
        let options = options.filter_map(|word| word.split('[').next());
        for option in options.filter(|option| !matches!(*option, "--help" | "--version")) {
            assert!(
                document.contains(&format!("`{option}`")),
                "docs/configuration.md does not list {option}"
            );
        }
    }
}
