//! The check for lost messages, run as an operator runs it: it passes the server as it is, and finds the
//! faults that are made for it.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::support::database::{Database, Store};
use crate::support::nats::Nats;
use crate::support::postgres::Postgres;
use crate::support::server::{Server, command, run};
use crate::support::{patiently, until};
use tempfile::TempDir;
use tokio::time::{Duration, timeout};

both_stores!(nothing_is_at_fault);

/// The counts of faults in a report.
const FAULTS: [&str; 12] = [
    "acked but lost",
    "seen but not stored",
    "duplicated",
    "reordered",
    "holes in seq",
    "altered",
    "outdated content",
    "states that differ",
    "stored but never seen",
    "acks far too late",
    "wrong presence",
    "unexpected answers",
];

async fn verify(dir: &Path, options: &[&str]) -> Output {
    run(command(dir).env("PATH", std::env::var_os("PATH").unwrap()).arg("verify").args(options)).await
}

/// The counts of a report by their names.
fn counts(output: &Output) -> HashMap<String, u64> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    // A name has single spaces, and more of them follow it.
    let rows = text.lines().filter_map(|line| line.split_once("  "));
    let count = |rest: &str| rest.split_whitespace().next()?.parse().ok();
    rows.filter_map(|(name, rest)| Some((name.to_owned(), count(rest)?))).collect()
}

/// Asserts that a check has come to its end, and has found none.
fn assert_no_faults(output: &Output, counts: &HashMap<String, u64>) {
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{report} {}", String::from_utf8_lossy(&output.stderr));
    for fault in FAULTS {
        assert_eq!(counts.get(fault), Some(&0), "{fault}: {report}");
    }
}

async fn nothing_is_at_fault(store: Store) {
    let database = Database::create(store).await;
    let options = [
        "--seconds=3",
        "--kills=2",
        "--senders=4",
        "--receivers=4",
        "--groups=2",
        "--cut-every=500ms",
        "--seed=7",
        "--database-url",
        database.url(),
    ];
    let output = verify(database.dir(), &options).await;
    let counts = counts(&output);
    let report = format!("{output:?}");
    assert_no_faults(&output, &counts);
    assert_eq!(counts["kills"], 2);
    assert!(counts["cut sockets"] > 0, "{report}");
    let sent = counts["messages sent"];
    assert!(sent > 0);
    assert_eq!((counts["messages acked"], counts["messages stored"]), (sent, sent));
    let changes = counts["changes sent"];
    assert!(changes > 0, "{report}");
    assert_eq!(counts["changes acked"] + counts["changes refused"], changes, "{report}");
    assert!(counts["changes stored"] > 0 && counts["lines seen"] > 0, "{report}");
    assert!(counts["entries seen"] >= sent, "{report}");
}

/// How long a run of several servers may take: troubles, the time in which all must know who is there, and reading
/// everything from each.
const SEVERAL_TIMEOUT: Duration = Duration::from_secs(240);

/// What befalls several servers whatever carries between them.
const TROUBLES: [&str; 5] = [
    "frozen",
    "stopped by SIGTERM",
    "Postgres hung for one",
    "Postgres severed from one",
    "Postgres severed from all",
];

async fn nothing_is_at_fault_with_several(cluster: &str, troubles: &[&str]) {
    let database = Database::create(Store::Postgres).await;
    let mut check = command(database.dir());
    check.env("PATH", std::env::var_os("PATH").unwrap());
    check.args(["verify", "--nodes=3", "--seconds=10", "--kills=2", "--rate=30", "--groups=2", "--seed=7"]);
    check.args(["--senders=6", "--receivers=6", "--cluster", cluster, "--database-url", database.url()]);
    check.arg(format!("--faults={}", troubles.len()));
    let output = timeout(SEVERAL_TIMEOUT, check.output()).await.expect("the check ends").unwrap();
    let counts = counts(&output);
    assert_no_faults(&output, &counts);
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!((counts["nodes"], counts["troubles"]), (3, troubles.len() as u64), "{report}");
    for &trouble in troubles {
        assert!(report.contains(&format!("  {trouble}")), "{trouble}: {report}");
    }
    assert!(counts["kills"] >= 2 && counts["messages acked"] > 0, "{report}");
    assert_eq!(counts["messages acked"], counts["messages stored"], "{report}");
    assert!(counts["entries seen"] > counts["messages stored"] && counts["lines seen"] > 0, "{report}");
    assert!(report.contains("ack to the last reader elsewhere    p50"), "{report}");
}

#[tokio::test]
async fn nothing_is_at_fault_with_several_nodes_over_nats() {
    let nats = Nats::launch();
    let of_nats =
        ["NATS hung for one", "NATS refused one", "NATS hung for all", "killed while NATS hung for all"];
    nothing_is_at_fault_with_several(&nats.url(), &[&TROUBLES[..], &of_nats].concat()).await;
}

#[tokio::test]
async fn nothing_is_at_fault_with_several_nodes_over_postgres() {
    nothing_is_at_fault_with_several("postgres", &TROUBLES).await;
}

#[tokio::test]
async fn messages_that_vanish_from_the_store_are_found() {
    let mut server = Server::start(Store::Postgres).await;
    assert!(server.terminate().await.success(), "the tables exist");
    let url = server.database().url().to_owned();
    let mut check = command(server.database().dir());
    // A sender that is cut off before its ack would send the message again.
    check.args(["verify", "--seconds=3", "--kills=0", "--groups=1", "--cut-every=1h", "--changes=0"]);
    check.args(["--database-url", &url]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = check.spawn().expect("the check starts").wait_with_output();
    let mut gone = 0;
    until("two messages to be stored and taken away", async || {
        gone += tamper(&url, "DELETE FROM messages WHERE seq IN (3, 4)").await;
        (gone == 2).then_some(())
    })
    .await;
    let output = patiently("the check", output).await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let counts = counts(&output);
    assert_eq!((counts["acked but lost"], counts["seen but not stored"], counts["holes in seq"]), (2, 2, 2));
    assert_eq!(counts["duplicated"] + counts["reordered"] + counts["altered"], 0, "{output:?}");
}

/// Changes rows behind the server's back; returns how many.
async fn tamper(url: &str, statement: &str) -> u64 {
    let url = url.to_owned();
    let statement = format!("WITH tampered AS ({statement} RETURNING 1) SELECT count(*) FROM tampered");
    let rows = tokio::task::spawn_blocking(move || Postgres::shared().psql(&url, &statement));
    rows.await.unwrap().parse().unwrap()
}

#[tokio::test]
async fn changes_that_are_undone_in_the_store_are_found() {
    let mut server = Server::start(Store::Postgres).await;
    assert!(server.terminate().await.success(), "the tables exist");
    let url = server.database().url().to_owned();
    let mut check = command(server.database().dir());
    check.args(["verify", "--seconds=3", "--kills=0", "--groups=1", "--cut-every=1h", "--changes=60"]);
    check.args(["--database-url", &url]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = check.spawn().expect("the check starts").wait_with_output();
    // A message that is deleted is changed no more, so what is put in its place stays.
    until("a deleted message to have a content again", async || {
        let statement = "UPDATE messages SET content = 'back' WHERE id = \
                         (SELECT id FROM messages WHERE content = '' ORDER BY id LIMIT 1)";
        (tamper(&url, statement).await == 1).then_some(())
    })
    .await;
    let output = patiently("the check", output).await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let counts = counts(&output);
    assert!(counts["altered"] > 0 && counts["states that differ"] > 0, "{output:?}");
    assert_eq!(counts["duplicated"] + counts["reordered"] + counts["holes in seq"], 0, "{output:?}");
}

#[tokio::test]
async fn a_server_that_does_not_come_back_is_told_with_its_last_words() {
    let dir = TempDir::new().unwrap();
    let program = env!("CARGO_BIN_EXE_groupcast");
    let script = format!("mkdir once || {{ echo first >&2; echo no more >&2; exit 3; }}\nexec {program}\n");
    std::fs::write(dir.path().join("once.sh"), script).unwrap();
    let output = verify(dir.path(), &["--server", "sh once.sh", "--seconds=1", "--kills=1"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("ended before it listened (exit status: 3)"), "{told}");
    assert!(told.ends_with("first\nno more\n"), "{told}");
}

#[tokio::test]
async fn options_that_cannot_be_used_are_told() {
    let dir = TempDir::new().unwrap();
    for (options, says) in [
        (&["--seconds=0"][..], "1..=3600"),
        (&["--kills=1001"], "0..=1000"),
        (&["--senders=1000", "--rate=1000", "--seconds=11"], "11000000 messages"),
        (&["--senders=100", "--receivers=1000", "--seconds=100"], "626000000 messages"),
        (&["--cut-every=1ms"], "from 50ms"),
        (&["--changes=91"], "0..=90"),
        (&["--database-url=mysql://h/d"], "postgres://"),
        (&["--port=1"], "--port"),
        (&["--nodes=17"], "1..=16"),
        (&["--nodes=2"], "needs a Postgres"),
        (&["--nodes=2", "--database-url=sqlite:x"], "needs a Postgres"),
        (&["--cluster=postgres"], "--nodes=2"),
        (&["--faults=1"], "--nodes=2"),
        (&["--nodes=2", "--database-url=postgres://u@h/d", "--cluster=redis://h"], "nats://"),
    ] {
        let output = verify(dir.path(), options).await;
        assert_eq!(output.status.code(), Some(2), "{options:?} {output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(says) && told.lines().count() == 1, "{told}");
    }
}

#[tokio::test]
async fn a_check_that_is_stopped_takes_its_server_along() {
    let dir = TempDir::new().unwrap();
    let script = format!("echo $$ > pid\nexec {}\n", env!("CARGO_BIN_EXE_groupcast"));
    std::fs::write(dir.path().join("noted.sh"), script).unwrap();
    let mut check = command(dir.path());
    check.env("PATH", std::env::var_os("PATH").unwrap()).env("TMPDIR", dir.path());
    check.args(["verify", "--server", "sh noted.sh", "--seconds=3600", "--rate=10"]);
    let mut check = check.spawn().expect("the check starts");
    let note = dir.path().join("pid");
    let server: i32 = until("the server to start", async || {
        std::fs::read_to_string(&note).ok()?.strip_suffix('\n')?.parse().ok()
    })
    .await;
    let pid = |raw: i32| rustix::process::Pid::from_raw(raw).expect("a process");
    let own = check.id().expect("the check runs").cast_signed();
    until("the signal to be heeded", async || {
        rustix::process::kill_process(pid(own), rustix::process::Signal::INT).ok()?;
        check.try_wait().expect("a status")
    })
    .await;
    until("the server to be gone", async || rustix::process::test_kill_process(pid(server)).err()).await;
}
