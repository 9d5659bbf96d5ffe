//! Plays the examples of `docs/protocol.md` against a server. The page itself says how they are written.

use std::collections::HashMap;
use std::iter::Peekable;

use crate::access::people::Town;
use crate::support::database::Store;
use crate::support::pattern::{Bindings, Pattern};
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::until;
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

both_stores!(the_examples_hold);

async fn the_examples_hold(store: Store) {
    let mut played = 0;
    for chapter in chapters() {
        let mut player: Option<Player> = None;
        for block in chapter.blocks {
            if player.is_none() {
                player = Some(match chapter.title {
                    "Access" => Player::start_with_tokens(store).await,
                    _ => Player::start(store).await,
                });
            }
            let player = player.as_mut().unwrap();
            match block.language {
                "http" => player.play_requests(&block).await,
                "session" => player.play_session(&block).await,
                language => panic!("line {}: no test knows `{language}`", block.line),
            }
            played += 1;
        }
    }
    assert!(played > 0, "there are examples");
}

/// What stands under one heading.
#[derive(Default)]
struct Chapter {
    title: &'static str,
    blocks: Vec<Block>,
}

/// A fenced block.
struct Block {
    language: &'static str,
    /// Number of its first line in the document.
    line: usize,
    /// What stands in it, with indented lines joined to the one that they continue.
    lines: Vec<String>,
}

/// The blocks of each chapter.
fn chapters() -> Vec<Chapter> {
    let mut chapters = vec![Chapter::default()];
    let mut lines = DOCUMENT.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            chapters.push(Chapter { title, blocks: Vec::new() });
        } else if let Some(language) = line.strip_prefix("```") {
            let mut block = Block { language, line: number + 2, lines: Vec::new() };
            for (_, line) in lines.by_ref().take_while(|(_, line)| *line != "```") {
                match block.lines.last_mut() {
                    Some(last) if line.starts_with(' ') => last.push_str(line),
                    _ => block.lines.push(line.to_owned()),
                }
            }
            chapters.last_mut().unwrap().blocks.push(block);
        }
    }
    chapters
}

/// A server and what the examples of a chapter have done with it so far.
struct Player {
    server: Server,
    sockets: HashMap<String, Socket>,
    bindings: Bindings,
}

impl Player {
    /// With the users and groups that the document takes for granted.
    async fn start(store: Store) -> Self {
        let server = Server::start(store).await;
        server.users(&["alice", "bob", "carol"]).await;
        server.public_group("lobby").await;
        server.private_group("pair").await;
        Self { server, sockets: HashMap::new(), bindings: Bindings::new() }
    }

    /// The same in token mode, where everybody's token is known by their name.
    async fn start_with_tokens(store: Store) -> Self {
        let people = ["alice", "bob", "carol", "root"];
        let town = Town::start_with(store, &people, &[], &[]).await;
        let mut bindings = Bindings::new();
        for name in people {
            let person = town.log_in(name).await;
            if name == "alice" {
                let mut alice = town.client(&person.token).await;
                alice.create_group("lobby", false).await;
                alice.create_group("pair", true).await;
            }
            bindings.insert(name.to_owned(), person.token.into());
        }
        Self { server: town.server, sockets: HashMap::new(), bindings }
    }

    /// Plays requests, each followed by its answer, with empty lines between.
    async fn play_requests(&mut self, block: &Block) {
        let mut lines = block.lines.iter().map(String::as_str).peekable();
        while lines.peek().is_some() {
            let (first, request) = paragraph(&mut lines);
            let (status, answer) = paragraph(&mut lines);
            let (method, path) = first.split_once(' ').unwrap_or_else(|| panic!("not a request: {first}"));
            let mut headers = vec![("Content-Type", "application/json".to_owned())];
            let mut body = Vec::new();
            for line in request {
                match line.split_once(": ") {
                    Some((name, value)) if !line.starts_with('{') => headers.push((name, self.filled(value))),
                    _ => body = Pattern::parse(line).fill(&self.bindings).to_string().into_bytes(),
                }
            }
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let path = self.filled(path);
            let mut received = self.server.http().await.request(method, &path, &headers, &body).await;
            assert_eq!(received.status.to_string(), status, "line {}: {first}", block.line);
            if !answer.is_empty() {
                let pattern = Pattern::parse(&answer.concat());
                if path.contains("/search/?") {
                    // What was said is found a moment later.
                    received = until("a search to give what is written", async || {
                        let received = self.server.http().await.request(method, &path, &headers, &body).await;
                        pattern.matches(&received.json(), &mut self.bindings.clone()).then_some(received)
                    })
                    .await;
                }
                let matches = pattern.matches(&received.json(), &mut self.bindings);
                assert!(matches, "line {}: {first} gives {}", block.line, received.json());
            }
        }
    }

    /// A path or the value of a header, with what its placeholders stand for.
    fn filled(&self, text: &str) -> String {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, (name, after))) =
            rest.split_once('<').and_then(|(before, rest)| Some((before, rest.split_once('>')?)))
        {
            let bound = self.bindings.get(name).unwrap_or_else(|| panic!("<{name}> is not known yet"));
            filled.push_str(before);
            filled.push_str(&bound.as_str().map_or_else(|| bound.to_string(), str::to_owned));
            rest = after;
        }
        filled + rest
    }

    /// Plays what goes over sockets.
    async fn play_session(&mut self, block: &Block) {
        let mut lines = block.lines.iter().map(|line| action(line)).peekable();
        while let Some((name, action)) = lines.next() {
            match action {
                Action::Opens(path) => {
                    let socket = Socket::open(&self.server, path).await;
                    assert!(self.sockets.insert(name.to_owned(), socket).is_none(), "{name} is open");
                }
                Action::Closes => self.take(name).close().await,
                Action::IsClosed(code) => self.take(name).expect_close(code).await,
                Action::Sends(text) if text.starts_with('{') => {
                    let frame = Pattern::parse(text).fill(&self.bindings).to_string();
                    self.socket(name).send(&frame).await;
                }
                Action::Sends(text) => self.socket(name).send(text).await,
                Action::Receives(text) if text.starts_with('{') => {
                    let mut expected = vec![Pattern::parse(text)];
                    while let Some((_, Action::Receives(text))) = lines.next_if(|(other, action)| {
                        *other == name && matches!(action, Action::Receives(text) if text.starts_with('{'))
                    }) {
                        expected.push(Pattern::parse(text));
                    }
                    self.receive_frames(name, expected, block).await;
                }
                Action::Receives(text) => {
                    let received = self.socket(name).text().await;
                    assert_eq!(received, text, "line {}: {name}", block.line);
                }
            }
        }
    }

    /// Takes as many frames as are expected, in any order.
    async fn receive_frames(&mut self, name: &str, mut expected: Vec<Pattern>, block: &Block) {
        while !expected.is_empty() {
            let text = self.socket(name).text().await;
            let frame: Value = serde_json::from_str(&text).unwrap();
            let found = expected.iter().position(|pattern| pattern.matches(&frame, &mut self.bindings));
            let Some(found) = found else { panic!("line {}: {name} receives {text}", block.line) };
            expected.remove(found);
        }
    }

    fn socket(&mut self, name: &str) -> &mut Socket {
        self.sockets.get_mut(name).unwrap_or_else(|| panic!("{name} is not open"))
    }

    fn take(&mut self, name: &str) -> Socket {
        self.sockets.remove(name).unwrap_or_else(|| panic!("{name} is not open"))
    }
}

/// The lines up to an empty one or the end; the first of them apart.
fn paragraph<'a>(lines: &mut Peekable<impl Iterator<Item = &'a str>>) -> (&'a str, Vec<&'a str>) {
    let first = lines.next().expect("a request has an answer");
    (first, lines.by_ref().take_while(|line| !line.is_empty()).collect())
}

/// What a line of a session says.
#[derive(Clone, Copy)]
enum Action<'a> {
    Opens(&'a str),
    Sends(&'a str),
    Receives(&'a str),
    Closes,
    IsClosed(u16),
}

fn action(line: &str) -> (&str, Action<'_>) {
    let (name, rest) = line.split_once(' ').unwrap_or_else(|| panic!("not an action: {line}"));
    let rest = rest.trim_start();
    let action = match rest.split_once(' ') {
        Some(("opens", path)) => Action::Opens(path),
        Some((">", text)) => Action::Sends(text),
        Some(("<", text)) => match text.strip_prefix("close ") {
            Some(code) => Action::IsClosed(code.parse().expect("a close code")),
            None => Action::Receives(text),
        },
        None if rest == "closes" => Action::Closes,
        _ => panic!("not an action: {line}"),
    };
    (name, action)
}
