//! Who only wants to chat.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use crate::support::http::Connection;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::Socket;

/// The rest after each round.
const REST: Duration = Duration::from_millis(20);

/// Somebody with a socket in each mode and a connection for REST.
pub(super) struct Bystander {
    text: Socket,
    json: JsonSocket,
    group: i64,
    rest: Connection,
    said: usize,
    /// The slowest answer to each since it was last told.
    worst: [Duration; 3],
    /// The most files that the server had open meanwhile.
    pub(super) files: usize,
}

impl Bystander {
    pub(super) async fn come(server: &Server) -> Self {
        let group = server.public_group("quiet").await;
        let text = Socket::join(server, "quiet", "alice").await;
        let json = JsonSocket::join(server, group, "bob").await;
        let rest = server.http().await;
        Self { text, json, group, rest, said: 0, worst: Default::default(), files: 0 }
    }

    /// Speaks so many times and waits for each answer. Gives how much CPU time the server took at most for one of them,
    /// whatever else it was doing.
    pub(super) async fn speak(&mut self, server: &Server, rounds: usize) -> Duration {
        let mut worked = Duration::ZERO;
        for _ in 0..rounds {
            self.said += 1;
            let content = format!("{} of many", self.said);
            let mut step = Step::begin(server);
            self.text.send(&content).await;
            self.text.until(&format!("alice: {content}")).await;
            worked = worked.max(step.end(server, &mut self.worst[0]));
            self.json.store(self.group, &content).await;
            worked = worked.max(step.end(server, &mut self.worst[1]));
            self.text.until(&format!("bob: {content}")).await;
            step = Step::begin(server);
            let body = json!({ "user_id": 1, "group_id": self.group, "content": content });
            self.rest.post("/api/v1/messages/", &body).await.ok();
            worked = worked.max(step.end(server, &mut self.worst[2]));
            self.text.until(&format!("alice: {content}")).await;
            self.files = self.files.max(server.open_files());
            sleep(REST).await;
        }
        worked
    }

    /// Prints how long the slowest answers took, for those who run a test with `--nocapture`.
    pub(super) fn tell(&mut self, when: &str) {
        let [text, json, rest] = std::mem::take(&mut self.worst).map(|worst| worst.as_millis());
        println!("{when}: text {text} ms, JSON {json} ms, REST {rest} ms");
    }
}

/// Something that is waited for.
struct Step {
    since: Instant,
    cpu: Duration,
}

impl Step {
    fn begin(server: &Server) -> Self {
        Self { since: Instant::now(), cpu: server.cpu() }
    }

    /// It has come. Gives what the server has worked, and begins the next.
    fn end(&mut self, server: &Server, worst: &mut Duration) -> Duration {
        *worst = (*worst).max(self.since.elapsed());
        let next = Self::begin(server);
        let worked = next.cpu.saturating_sub(self.cpu);
        *self = next;
        worked
    }
}
