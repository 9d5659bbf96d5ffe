//! What the server logs, as programs and people read it.

use serde_json::{Value, json};

use crate::support::database::{Database, Store};
use crate::support::postgres::Postgres;
use crate::support::server::{Server, command, first_line};
use crate::support::until;

/// The lines of the log, each a JSON object.
fn lines(server: &Server) -> Vec<Value> {
    server.log().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

#[tokio::test]
async fn a_line_names_the_request_that_it_belongs_to() {
    let server = Server::start_with(Store::Sqlite, &["--log=warn,groupcast=debug"]).await;
    let mut http = server.http().await;
    let given = http.request("GET", "/api/v1/users/7", &[("X-Request-Id", "from-a.proxy_1")], b"").await;
    assert_eq!((given.status, given.header("x-request-id")), (404, Some("from-a.proxy_1")));
    let fresh = http.request("GET", "/no/such/path", &[("X-Request-Id", "not { fit")], b"").await;
    let fresh = fresh.header("x-request-id").expect("a name of its own").to_owned();
    assert!(fresh.len() == 16 && fresh.chars().all(|char| char.is_ascii_hexdigit()), "{fresh}");

    let answered = async |id: &str| {
        until("the line about the request", async || {
            lines(&server).into_iter().find(|line| line["span"]["id"] == id && line["message"] == "answered")
        })
        .await
    };
    let line = answered("from-a.proxy_1").await;
    assert_eq!(
        (&line["span"]["route"], &line["span"]["method"], &line["status"], &line["level"]),
        (&json!("/api/v1/users/{user_id}"), &json!("GET"), &json!(404), &json!("DEBUG"))
    );
    let line = answered(&fresh).await;
    assert_eq!((&line["span"]["route"], &line["status"]), (&Value::Null, &json!(404)));
}

#[tokio::test]
async fn what_goes_wrong_is_told_with_its_request() {
    let server = Server::start(Store::Postgres).await;
    Postgres::shared().psql(server.database().url(), "DROP TABLE private_pairs, users CASCADE");
    let path = "/api/v1/users/1";
    let answer = server.http().await.request("GET", path, &[("X-Request-Id", "r1")], b"").await;
    assert_eq!(answer.status, 503);
    let line = lines(&server).into_iter().find(|line| line["span"]["id"] == "r1").expect("a line");
    assert!(line["error"].as_str().is_some_and(|error| error.contains("users")), "{line}");
}

#[tokio::test]
async fn people_may_have_lines_of_text_anywhere() {
    for (format, begins) in [("text", "2"), ("json", "{")] {
        let database = Database::create(Store::Sqlite).await;
        let mut command = command(database.dir());
        command.args(["--port=0", "--auth=token"]).env("GROUPCAST_LOG_FORMAT", format);
        let log = std::fs::File::create(database.dir().join("log")).unwrap();
        let mut child = command.stderr(log).stdout(std::process::Stdio::piped()).spawn().unwrap();
        first_line(&mut child).await;
        let log = std::fs::read_to_string(database.dir().join("log")).unwrap();
        assert!(
            log.contains("there is no admin yet") && log.lines().all(|line| line.starts_with(begins)),
            "{log}"
        );
    }
}
