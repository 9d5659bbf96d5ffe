//! House rules that the compiler does not hold: which room may know which, where a foreign crate lives, how
//! long a file may be.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up. A room may use those of lower ranks, and none of its own rank or above.
const RANKS: &[&[&str]] = &[
    &["model", "compat", "metrics", "search", "transport"],
    &["protocol"],
    &["hub", "store"],
    &["acme", "cluster", "auth"],
    &["writer"],
    &["chat"],
    &["http", "ws"],
    &["server", "admin"],
];

/// The crates beside the server: clients, who know nothing of how it works.
pub(crate) const MEMBERS: &[&str] = &["bench", "kit", "verify"];

/// Where these foreign crates may be used: paths under `src` that begin like this, those of another crate with its
/// name in the place of `src`.
const HOMES: &[(&str, &[&str])] = &[
    ("argon2", &["auth/"]),
    ("async_nats", &["cluster/"]),
    ("base64", &["auth/", "cluster/"]),
    ("bcrypt", &["auth/"]),
    ("clap", &["bench/", "config/", "verify/"]),
    ("clap_complete", &["config/"]),
    ("deadpool_postgres", &["store/postgres/"]),
    ("dotenvy", &["config/"]),
    ("fastrand", &["kit/"]),
    ("flate2", &["http/", "protocol/"]),
    ("form_urlencoded", &["compat/"]),
    ("governor", &["auth/"]),
    ("groupcast_bench", &["config/", "main.rs"]),
    ("groupcast_verify", &["config/", "main.rs"]),
    ("hdrhistogram", &["bench/"]),
    ("http_body_util", &["acme/", "http/", "server/"]),
    ("humantime", &["config/", "verify/"]),
    ("hyper", &["http/", "server/"]),
    ("httparse", &["kit/"]),
    ("hyper_util", &["http/", "server/"]),
    ("icu_casemap", &["search/"]),
    ("idna", &["compat/"]),
    ("jsonwebtoken", &["auth/"]),
    ("lru", &["auth/"]),
    ("indicatif", &["admin/"]),
    ("instant_acme", &["acme/"]),
    ("ipnet", &["config/", "http/"]),
    ("mimalloc", &["main.rs"]),
    ("postgres_types", &["store/postgres/"]),
    ("procfs", &["metrics/"]),
    ("ppp", &["server/"]),
    ("prometheus_client", &["metrics/"]),
    ("rcgen", &["acme/", "transport/"]),
    ("refinery_core", &["store/"]),
    ("rlimit", &["config/", "kit/", "main.rs"]),
    ("rpassword", &["admin/"]),
    ("rusqlite", &["store/sqlite/"]),
    ("rustix", &["kit/", "main.rs"]),
    ("sha2", &["admin/", "auth/"]),
    ("rustls", &["store/postgres/", "transport/"]),
    ("rustls_native_certs", &["store/postgres/"]),
    ("simd_json", &["compat/", "protocol/"]),
    ("socket2", &["kit/", "server/", "transport/"]),
    ("tempfile", &["acme/", "admin/", "auth/", "bench/", "kit/", "store/sqlite/", "verify/"]),
    ("time", &["compat/"]),
    ("tokio_postgres", &["store/postgres/"]),
    ("tokio_postgres_rustls", &["store/postgres/"]),
    ("tokio_rustls", &["healthcheck.rs", "kit/", "transport/"]),
    ("tokio_tungstenite", &["kit/", "ws/"]),
    ("tracing_subscriber", &["telemetry.rs", "config/"]),
    ("unicode_normalization", &["compat/", "search/"]),
    ("unicode_properties", &["compat/", "search/"]),
    ("unicode_script", &["search/"]),
    ("unicode_segmentation", &["search/"]),
    ("ureq", &["acme/", "auth/"]),
    ("utoipa", &["http/"]),
    ("x509_cert", &["transport/"]),
];

const LINES_MAX: usize = 400;

/// Of a document, so that it can be read in a terminal.
const COLUMNS_MAX: usize = 120;

pub(crate) struct Source {
    /// The directory it was looked for in.
    dir: String,
    /// Relative to that, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// The lines without comments, numbered from 1.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Where it is, for a report.
    fn place(&self) -> String {
        format!("{}/{}", self.dir, self.path)
    }

    /// The room it belongs to: its directory, or its own name.
    fn room(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }
}

/// All Rust files below this directory of the package.
pub(crate) fn sources(dir: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let mut sources = Vec::new();
    let mut open: Vec<PathBuf> = vec![root.clone()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            let text = fs::read_to_string(&path).unwrap();
            sources.push(Source { dir: dir.to_owned(), path: relative, text });
        }
    }
    sources
}

/// All Rust files of ours, tests and benchmarks among them.
fn all_sources() -> impl Iterator<Item = Source> {
    ["src", "tests", "benches", "fuzz/fuzz_targets", "fuzz/targets"]
        .iter()
        .chain(MEMBERS)
        .flat_map(|dir| sources(dir))
}

/// The names that follow `crate::` in a line, also in braces: `use crate::{chat::Chat, model}`.
fn rooms_named(line: &str) -> Vec<&str> {
    let name = |text: &str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let mut rooms = Vec::new();
    for (start, _) in line.match_indices("crate::") {
        let is_word =
            line[..start].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '$');
        let rest = &line[start + "crate::".len()..];
        match rest.strip_prefix('{') {
            _ if !is_word => {}
            Some(list) => {
                let mut depth = 0;
                for part in list.split_inclusive(['{', '}', ',']) {
                    let trimmed = part.trim();
                    if depth == 0 {
                        rooms.push(&trimmed[..name(trimmed)]);
                    }
                    depth += part.matches('{').count() as i32 - part.matches('}').count() as i32;
                }
            }
            None => rooms.push(&rest[..name(rest)]),
        }
    }
    rooms.retain(|room| !room.is_empty());
    rooms
}

fn rank(room: &str) -> Option<usize> {
    RANKS.iter().position(|rooms| rooms.contains(&room))
}

/// Whether a file of the room `from` may use the room `to`.
fn allowed(from: &str, to: &str) -> bool {
    match (from, to) {
        _ if from == to => true,
        ("main", _) => true,
        // Settings are plain data: they name the database, how tokens are signed and where nodes meet, and only those read
        // them who start a server, or do what an operator wants.
        ("config", "auth" | "cluster" | "store" | "model") | ("server" | "admin", "config") => true,
        _ => match (rank(from), rank(to)) {
            (Some(from), Some(to)) => to < from,
            _ => false,
        },
    }
}

pub(crate) fn report(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn each_room_knows_only_those_below() {
    let mut faults = Vec::new();
    for source in sources("src").iter().filter(|source| source.path != "lib.rs") {
        for (number, line) in source.code() {
            for room in rooms_named(line).into_iter().filter(|room| !allowed(source.room(), room)) {
                faults.push(format!(
                    "src/{}:{number}: {} must not use {room}; move what both need into a room below both",
                    source.path,
                    source.room(),
                ));
            }
        }
    }
    report(&faults);
}

#[test]
fn the_crates_beside_it_know_nothing_of_the_server() {
    let mut faults = Vec::new();
    for source in MEMBERS.iter().flat_map(|member| sources(member)) {
        for (number, line) in source.code().filter(|(_, line)| line.contains("groupcast::")) {
            faults.push(format!("{}:{number}: a client must not use the server: {line}", source.place()));
        }
    }
    report(&faults);
}

#[test]
fn foreign_crates_stay_in_their_rooms() {
    let mut faults = Vec::new();
    let members = MEMBERS.iter().flat_map(|member| sources(&format!("{member}/src")));
    for source in sources("src").into_iter().chain(members) {
        let path = match source.dir.strip_suffix("/src") {
            Some(member) => format!("{member}/{}", source.path),
            None => source.path.clone(),
        };
        for (number, line) in source.code() {
            for (name, homes) in HOMES {
                let used = line.match_indices(&format!("{name}::")).any(|(start, _)| {
                    line[..start]
                        .chars()
                        .next_back()
                        .is_none_or(|c| !c.is_alphanumeric() && !"_:".contains(c))
                });
                if used && !homes.iter().any(|home| path.starts_with(home)) {
                    faults.push(format!(
                        "{}:{number}: {name} lives in {}; give that room a function for what is needed here",
                        source.place(),
                        homes.join(" and "),
                    ));
                }
            }
        }
    }
    report(&faults);
}

#[test]
fn files_are_short() {
    let mut faults = Vec::new();
    for source in all_sources() {
        let lines = source.text.lines().count();
        if lines > LINES_MAX {
            faults.push(format!("{}: {lines} lines; split it by nouns below {LINES_MAX}", source.place()));
        }
    }
    report(&faults);
}

/// The lines of a Markdown text but those of tables, numbered from 1.
fn outside_tables(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.filter(|(_, line)| !line.starts_with('|'))
}

#[test]
fn documents_fit_a_terminal() {
    let mut faults = Vec::new();
    for folder in ["", "docs", "fuzz", "loadtest", "clients/typescript", "clients/web"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut entries: Vec<PathBuf> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
        for path in entries {
            let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            let long = outside_tables(&text).filter(|(_, line)| line.chars().count() > COLUMNS_MAX);
            faults.extend(long.map(|(number, _)| format!("{name}:{number}: above {COLUMNS_MAX} columns")));
        }
    }
    report(&faults);
}

#[test]
fn nothing_is_left_for_later() {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let mut faults = Vec::new();
    for source in all_sources() {
        for (index, line) in source.text.lines().enumerate() {
            if words.iter().any(|word| line.split(|c: char| !c.is_alphanumeric()).any(|found| found == *word))
            {
                faults.push(format!("{}:{}: do it now, or open an issue", source.place(), index + 1));
            }
        }
    }
    report(&faults);
}

#[test]
fn names_of_rooms_are_found() {
    assert_eq!(rooms_named("use crate::chat::Chat;"), ["chat"]);
    assert_eq!(
        rooms_named("use crate::{chat::{Chat, Entity}, model, store::*};"),
        ["chat", "model", "store"]
    );
    assert_eq!(rooms_named("let x = crate::model::UserId(crate::hub::N);"), ["model", "hub"]);
    assert!(rooms_named("use mycrate::chat; use super::model;").is_empty());
}
