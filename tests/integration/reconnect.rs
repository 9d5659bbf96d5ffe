//! Everyone comes back at once: the database is hardly asked.

use std::collections::BTreeMap;

use crate::support::blocking::{BlockingSocket, crowd_turn, open_crowd, raise_open_files_max};
use crate::support::chat::text;
use crate::support::database::Database;
use crate::support::json::JsonSocket;
use crate::support::postgres::Postgres;
use crate::support::server::Server;
use crate::support::until;
use serde_json::{Value, json};

const SOCKETS_MAX: usize = 10_000;
/// Files of the server and of the test that are no sockets of the crowd, and those that the server keeps back.
const FILES_SPARE: usize = 1_000;
const USERS: usize = 200;
const GROUPS: usize = 4;
/// Groups that each socket reads.
const GROUPS_EACH: usize = 2;
/// Messages of each group before the sockets go, and while they are away.
const SEEN: i64 = 3;
const MISSED: i64 = 5;
/// Statements that may be made for all who come back, however many they are.
const STATEMENTS_MAX: i64 = 100;
/// Statements that may be made for all who come for the first time, to a server that knows none of them.
const STATEMENTS_FIRST_MAX: i64 = 400;

/// The frames of each group in the order they came.
type Frames = BTreeMap<i64, Vec<String>>;

#[tokio::test]
async fn ten_thousand_who_come_back_make_few_queries() {
    let postgres = Postgres::launch_with(&["shared_preload_libraries=pg_stat_statements"]);
    let url = postgres.create_database();
    postgres.psql(&url, "CREATE EXTENSION pg_stat_statements");
    // A socket that waits for its turn to be read answers no ping.
    let server = Server::start_on(Database::at(url.clone()), &["--heartbeat", "1h"]).await;
    // Over REST each password would be hashed.
    let make_users = format!(
        "INSERT INTO users (username, email, password)
         SELECT 'u' || n, 'u' || n || '@example.com', '' FROM generate_series(0, {}) AS n",
        USERS - 1
    );
    postgres.psql(&url, &make_users);
    let mut groups = Vec::new();
    for number in 0..GROUPS {
        groups.push(server.public_group(&format!("g{number}")).await);
    }
    let _turn = crowd_turn().await;
    let count = SOCKETS_MAX.min(raise_open_files_max() - FILES_SPARE);
    let groups_of = |number: usize| (number..number + GROUPS_EACH).map(|place| groups[place % GROUPS]);
    let files_at_rest = server.open_files();
    let statements = || -> i64 {
        let sum = "SELECT sum(calls) FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid
                   WHERE datname = current_database()";
        postgres.psql(&url, sum).parse().unwrap()
    };

    let enter = |count: usize| {
        let mut sockets = open_crowd(server.address(), count, |number, socket| {
            hello(socket, number, json!({}));
            groups_of(number).for_each(|group| subscribe(socket, group, None));
        });
        for socket in &mut sockets {
            read_until_caught_up(socket, GROUPS_EACH);
        }
        sockets
    };

    say(&server, &groups, SEEN).await;
    let statements_before = statements();
    let crowd = enter(count);
    let made = statements() - statements_before;
    println!("{made} statements for {count} sockets of {USERS} users that nobody knew");
    assert!(made > 0, "who comes for the first time is looked up");
    assert!(made <= STATEMENTS_FIRST_MAX, "{made} statements for {count} sockets of {USERS} users");
    let members = "SELECT count(*) FROM group_memberships";
    // Whoever spoke before is in all groups.
    let expected = USERS.min(count) * GROUPS_EACH + GROUPS - GROUPS_EACH;
    assert_eq!(postgres.psql(&url, members).parse::<usize>().unwrap(), expected);
    drop(crowd);
    until("the sockets to be gone", async || (server.open_files() < files_at_rest + 100).then_some(())).await;
    say(&server, &groups, MISSED).await;

    let statements_before = statements();
    let mut crowd = open_crowd(server.address(), count, |number, socket| {
        if number % 2 == 0 {
            let resume = groups_of(number).map(|group| (group.to_string(), json!(SEEN)));
            hello(socket, number, Value::Object(resume.collect()));
        } else {
            hello(socket, number, json!({}));
            groups_of(number).for_each(|group| subscribe(socket, group, Some(SEEN)));
        }
    });
    let mut expected = Frames::new();
    for (number, socket) in crowd.iter_mut().enumerate() {
        for (group, frames) in read_until_caught_up(socket, GROUPS_EACH) {
            // All get the same bytes, so a look into one suffices.
            let expected = expected.entry(group).or_insert_with(|| {
                check_missed(&frames);
                frames.clone()
            });
            assert_eq!(&frames, expected, "socket {number}");
        }
    }
    let made = statements() - statements_before;
    assert!(made < STATEMENTS_MAX, "{made} statements for {count} sockets");

    // They read on from there, and nothing comes twice.
    say(&server, &groups, 1).await;
    for (number, socket) in crowd.iter_mut().enumerate() {
        for _ in groups_of(number) {
            let frame = next_of_a_group(socket);
            let message: Value = serde_json::from_str(&frame).unwrap();
            assert_eq!(message["seq"], SEEN + MISSED + 1, "socket {number}: {frame}");
        }
    }
}

/// Stores so many messages in each group, each in a batch of its own.
async fn say(server: &Server, groups: &[i64], count: i64) {
    let mut socket = JsonSocket::hello(server, "u0").await;
    for &group in groups {
        socket.subscribe(group).await;
        for _ in 0..count {
            socket.store(group, "hello").await;
        }
    }
}

fn hello(socket: &mut BlockingSocket, number: usize, resume: Value) {
    let user = format!("u{}", number % USERS);
    socket.send(&json!({ "type": "hello", "username": user, "resume": resume }).to_string()).unwrap();
}

fn subscribe(socket: &mut BlockingSocket, group: i64, after: Option<i64>) {
    socket.send(&json!({ "type": "subscribe", "group_id": group, "after": after }).to_string()).unwrap();
}

/// The next frame that is about what was said in a group.
fn next_of_a_group(socket: &mut BlockingSocket) -> String {
    loop {
        let frame = socket.text().unwrap();
        assert!(!frame.starts_with(r#"{"type":"error""#), "{frame}");
        let is_other = ["welcome", "joined", "left", "presence"]
            .iter()
            .any(|kind| frame.strip_prefix(r#"{"type":""#).is_some_and(|rest| rest.starts_with(kind)));
        if !is_other {
            return frame;
        }
    }
}

/// Reads until so many groups have caught up. Searched for what is needed, since there are so many.
fn read_until_caught_up(socket: &mut BlockingSocket, groups: usize) -> Frames {
    let mut frames = Frames::new();
    let mut caught_up = 0;
    while caught_up < groups {
        let frame = next_of_a_group(socket);
        caught_up += usize::from(frame.starts_with(r#"{"type":"caught_up""#));
        let (_, rest) = frame.split_once(r#""group_id":"#).unwrap_or_else(|| panic!("no group: {frame}"));
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
        frames.entry(rest[..digits].parse().unwrap()).or_default().push(frame);
    }
    frames
}

/// Checks that these are the frames of one who missed [`MISSED`] messages.
fn check_missed(frames: &[String]) {
    let mut frames = frames.iter().map(|frame| serde_json::from_str::<Value>(frame).unwrap());
    let mut next = |kind: &str| {
        let frame = frames.next().unwrap();
        assert_eq!(text(&frame["type"]), kind, "{frame}");
        frame
    };
    let subscribed = next("subscribed");
    assert_eq!((&subscribed["after"], &subscribed["head_seq"]), (&json!(SEEN), &json!(SEEN + MISSED)));
    for seq in SEEN + 1..=SEEN + MISSED {
        assert_eq!(next("message")["seq"], seq);
    }
    assert_eq!(next("caught_up")["seq"], SEEN + MISSED);
    assert_eq!(frames.next(), None);
}
