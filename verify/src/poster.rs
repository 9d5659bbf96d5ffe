//! A client that writes over REST.

use std::sync::Arc;
use std::time::Duration;

use groupcast_kit::random::Random;
use groupcast_kit::response::Response;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::action::Request;
use crate::content::{Key, content};
use crate::entry::Message;
use crate::ledger::Author;
use crate::pace::Pace;
use crate::rest::{Rest, escaped};
use crate::seat::Seat;
use crate::shared::{Phase, Shared};

/// How often a poster looks whether it may send more, and how long it waits before it asks again.
const WAIT: Duration = Duration::from_millis(10);
/// In so many of a hundred cases it does not wait for the answer, as long as there are cuts.
const CUT_PERCENT: u64 = 2;
const CUT_MICROS_MAX: u64 = 5_000;
/// How long it waits for an answer where there are other servers to ask.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// A client that does one thing after the other in one group, and asks again when it got no answer.
pub(crate) struct Poster {
    /// Which sender, from 0.
    pub(crate) index: usize,
    /// As whom, and where.
    pub(crate) author: Author,
    /// How fast, at most.
    pub(crate) pace: Pace,
    /// In so many of a hundred cases it does something else than to send a plain message.
    pub(crate) changes_percent: u64,
    /// When it does not wait for answers, and what it does.
    pub(crate) random: Random,
    /// Where it is: each time at another server, if there are several.
    pub(crate) seat: Seat,
    pub(crate) shared: Arc<Shared>,
}

/// A request and what may be in its answer.
struct Asked {
    method: &'static str,
    path: String,
    client_id: Option<String>,
    body: Vec<u8>,
}

impl Poster {
    /// Sends until the phase of sending is over and all is answered.
    pub(crate) async fn run(mut self) {
        while self.shared.phase() == Phase::Sending {
            if !self.pace.is_due() {
                sleep(WAIT).await;
                continue;
            }
            self.pace.step();
            let key = {
                let mut ledger = self.shared.ledger();
                let action = ledger.choose(self.index, self.changes_percent, &mut self.random);
                ledger.begin(self.index, action)
            };
            let asked = self.asked(key);
            while !self.ask(key, &asked).await {
                sleep(WAIT).await;
                self.shared.ledger().send_again(key);
            }
        }
    }

    fn asked(&self, key: Key) -> Asked {
        let (seed, request) = {
            let ledger = self.shared.ledger();
            (ledger.seed(), ledger.request(key))
        };
        let (group, user) = (self.author.group, self.author.user);
        let of = |message, rest: String| format!("/api/v1/messages/{message}{rest}?user_id={user}");
        let plain = |method, path| Asked { method, path, client_id: None, body: Vec::new() };
        let written = |method, path, mut body: Value, reply_to: Option<_>| {
            if let Some(reply_to) = reply_to {
                body["reply_to"] = json!(reply_to);
            }
            Asked { method, path, client_id: Some(key.client_id()), body: body.to_string().into_bytes() }
        };
        match request {
            Request::Send { reply_to } => {
                let body = json!({ "group_id": group, "user_id": user, "content": content(seed, key) });
                written("POST", "/api/v1/messages/".to_owned(), body, reply_to)
            }
            Request::Edit { message } => {
                let body = json!({ "content": content(seed, key) });
                written("PATCH", of(message, String::new()), body, None)
            }
            Request::Delete { message } => plain("DELETE", of(message, String::new())),
            Request::React { message, emoji, on } => {
                let path = of(message, format!("/reactions/{}", escaped(emoji.text())));
                plain(if on { "PUT" } else { "DELETE" }, path)
            }
        }
    }

    /// Makes the request once. Says whether that is settled.
    async fn ask(&mut self, key: Key, asked: &Asked) -> bool {
        let shared = Arc::clone(&self.shared);
        let address = shared.server(&mut self.seat, &mut self.random).await;
        let Some(address) = address else { return false };
        let is_cut = shared.phase() == Phase::Sending && self.random.chance(CUT_PERCENT);
        let patience = match is_cut {
            true => self.random.micros(CUT_MICROS_MAX),
            false if shared.are_several() => ANSWER_TIMEOUT.min(shared.patience),
            false => shared.patience,
        };
        let rest = Rest { address, patience };
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "")];
        let headers = match &asked.client_id {
            Some(client_id) => &[headers[0], ("Idempotency-Key", client_id.as_str())][..],
            None => &headers[..1],
        };
        let exchange = rest.exchange(asked.method, &asked.path, headers, &asked.body);
        let sent = Instant::now();
        match timeout(patience, exchange).await {
            Ok(Ok(answer)) if answer.status == 503 => false,
            Ok(Ok(answer)) => {
                shared.waited(self.seat, sent);
                self.answered(key, asked, &answer);
                true
            }
            // The server was killed.
            Ok(Err(_)) => false,
            Err(_) if is_cut => {
                shared.cut();
                false
            }
            // Another one may be in no trouble.
            Err(_) if shared.are_several() => {
                shared.waited(self.seat, sent);
                false
            }
            Err(_) => {
                shared.ledger().unexpected(&format!("{} {}: no answer", asked.method, asked.path));
                false
            }
        }
    }

    fn answered(&self, key: Key, asked: &Asked, answer: &Response) {
        let mut ledger = self.shared.ledger();
        let what = || {
            let body = String::from_utf8_lossy(&answer.body);
            format!("{} {}: answered with {} {body}", asked.method, asked.path, answer.status)
        };
        match answer.status {
            200 => match serde_json::from_slice::<Message>(&answer.body) {
                Ok(message) if asked.method == "POST" => ledger.acked(key, message.id, Some(message.seq)),
                Ok(message) => ledger.patched(key, &message),
                Err(_) => ledger.unexpected(&what()),
            },
            204 => ledger.changed(key),
            404 if ledger.deny(key.sender, key.number).is_some() => {}
            _ => ledger.unexpected(&what()),
        }
    }
}
