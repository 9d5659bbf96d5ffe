//! Ten thousand who come into one group: what each causes does not grow with the group.

use std::time::Instant;

use crate::support::blocking::{crowd_turn, open_crowd, raise_open_files_max};
use crate::support::database::Database;
use crate::support::postgres::Postgres;
use crate::support::server::Server;
use serde_json::json;

const MEMBERS_MAX: usize = 10_000;
/// Files of the server and of the test that are no members, and those that the server keeps back.
const FILES_SPARE: usize = 1_000;
/// Members up to which each is announced to the others; the server's default.
const ANNOUNCED: usize = 200;

#[tokio::test]
async fn ten_thousand_who_come_cost_each_member_one_frame_a_second() {
    let _turn = crowd_turn().await;
    let postgres = Postgres::launch();
    let url = postgres.create_database();
    // A socket that waits for its turn to be read answers no ping.
    let server = Server::start_on(Database::at(url.clone()), &["--heartbeat", "1h"]).await;
    let group = server.public_group("lobby").await;
    let members = MEMBERS_MAX.min(raise_open_files_max() - FILES_SPARE);
    // Over REST each password would be hashed.
    let make_users = format!(
        "INSERT INTO users (username, email, password)
         SELECT 'u' || n, 'u' || n || '@example.com', '' FROM generate_series(0, {}) AS n",
        members - 1
    );
    postgres.psql(&url, &make_users);

    let start = Instant::now();
    let mut sockets = open_crowd(server.address(), members, |number, socket| {
        socket.send(&json!({ "type": "hello", "username": format!("u{number}") }).to_string()).unwrap();
        socket.send(&json!({ "type": "subscribe", "group_id": group }).to_string()).unwrap();
    });
    let (mut joined, mut counts) = (0, 0);
    let everyone = format!(r#""online":{members}"#);
    for socket in &mut sockets {
        loop {
            let frame = socket.text().unwrap();
            let kind = frame.strip_prefix(r#"{"type":""#).and_then(|rest| rest.split('"').next());
            match kind.unwrap_or_default() {
                "joined" => joined += 1,
                "presence" => {
                    counts += 1;
                    if frame.contains(&everyone) {
                        break;
                    }
                }
                "welcome" | "subscribed" | "caught_up" => {}
                _ => panic!("{frame}"),
            }
        }
    }
    // One joining line for each pair would be fifty million.
    assert_eq!(joined, ANNOUNCED * (ANNOUNCED - 1) / 2);
    let periods = start.elapsed().as_secs() as usize + 2;
    assert!(counts <= members * periods, "{counts} frames in {periods} seconds");
}
