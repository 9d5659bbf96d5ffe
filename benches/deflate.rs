//! What compression saves and costs: bytes on the wire and CPU time of the server's process, for readers who have agreed
//! on permessage-deflate and for such as have not, of the same server and of one without `--deflate`.
//!
//! One group of a hundred; one of them says what stands in the protocol reference, in pieces of so many bytes, one after
//! the other or sixteen at once. All readers have got what was said before more is.
//!
//! `cargo bench --bench deflate` runs all; `cargo test --bench deflate` a small part, to see that it works.

mod support;
mod yardstick;

use std::time::Duration;

use groupcast_kit::crowd::BlockingSocket;
use groupcast_kit::frame::{TEXT, push};
use support::contender::{Contender, Mode, path};
use support::figures::{Table, median, thousands};
use support::options::Options;
use support::process::Cores;
use support::sockets::Sockets;
use support::{JSON_MODE, Result};

const MEMBERS: usize = 100;
const MEMBERS_SMALL: usize = 5;
/// How long readers hear nothing before it begins: those who came have been announced.
const QUIET: Duration = Duration::from_millis(500);
const WAIT_MAX: Duration = Duration::from_secs(20);
const WARM_UP: Duration = Duration::from_millis(300);
const COLUMNS: &[&str] = &["contender", "bytes each", "CPU s/million", "deliveries"];

/// What people might say.
const PROSE: &str = include_str!("../docs/protocol.md");

struct Case {
    mode: Mode,
    /// Bytes of a content.
    length: usize,
    /// Messages under way at once.
    window: usize,
}

/// A server and what its readers offer.
struct Way {
    name: &'static str,
    contender: Contender,
    offers: bool,
}

struct Measured {
    bytes: f64,
    /// CPU seconds for a million deliveries.
    cpu: f64,
    deliveries: u64,
}

fn main() -> Result<()> {
    if yardstick::serve_if_asked()? {
        return Ok(());
    }
    let Some(options) = Options::parse("deflate")? else { return Ok(()) };
    let cores = options.cores()?;
    let lengths: &[usize] = if options.small { &[1_024] } else { &[100, 1_024, 8_192] };
    for mode in [Mode::Text, Mode::Json] {
        for &length in lengths {
            for window in [1, 16] {
                let title = format!("{mode:?} mode, {length} bytes, {window} at once");
                if options.wants(&title) {
                    compare(&Case { mode, length, window }, &title, cores, &options)?;
                }
            }
        }
    }
    Ok(())
}

fn compare(case: &Case, title: &str, cores: Option<Cores>, options: &Options) -> Result<()> {
    let way = |name, contender, offers| Way { name, contender, offers };
    let ways = [
        way("without --deflate", Contender::groupcast(options), true),
        way("--deflate, not offered", Contender::deflating(options), false),
        way("--deflate, agreed on", Contender::deflating(options), true),
    ];
    let mut runs: [Vec<Measured>; 3] = Default::default();
    for _ in 0..options.rounds() {
        for (way, runs) in ways.iter().zip(&mut runs) {
            runs.push(measure(way, case, cores, options)?);
        }
    }
    let table = Table::new(title, COLUMNS);
    for (way, runs) in ways.iter().zip(runs) {
        if let Some(run) = median(runs, |run| run.cpu) {
            let figures = [format!("{:.0}", run.bytes), format!("{:.3}", run.cpu), thousands(run.deliveries)];
            table.row(&[&[way.name.to_owned()][..], &figures[..]].concat());
        }
    }
    Ok(())
}

fn measure(way: &Way, case: &Case, cores: Option<Cores>, options: &Options) -> Result<Measured> {
    let (members, span) = match options.small {
        true => (MEMBERS_SMALL, Duration::from_millis(200)),
        false => (MEMBERS, options.duration),
    };
    let server = way.contender.start(cores)?;
    server.seed(members, 1)?;
    let protocol = match case.mode {
        Mode::Text => None,
        Mode::Json => Some(JSON_MODE),
    };
    let mut headers: Vec<_> =
        protocol.map(|protocol| ("Sec-WebSocket-Protocol", protocol)).into_iter().collect();
    if way.offers {
        headers.push(("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"));
    }
    let group = server.group_ids(1)?[0];
    let opened = BlockingSocket::open_many(
        server.address,
        0..members,
        |user, socket| socket.ask_upgrade_with(&path(0, user), &headers),
        |_, socket| socket.await_upgrade(protocol),
    )?;
    let mut sockets = Sockets::new()?;
    opened.into_iter().try_for_each(|socket| sockets.add(socket))?;
    let mut talk = Talk { case, group, sockets, heard: vec![Heard::default(); members], said: 0 };
    while talk.hear(QUIET)? {}
    talk.go_on(WARM_UP)?;
    talk.heard.iter_mut().for_each(|heard| heard.bytes = 0);
    let (before, used) = (talk.said, server.process.cpu()?);
    talk.go_on(span)?;
    let used = server.process.cpu()?.saturating_sub(used);
    let readers = &talk.heard[1..];
    let deliveries = (talk.said - before) as u64 * readers.len() as u64;
    let bytes: u64 = readers.iter().map(|heard| heard.bytes).sum();
    Ok(Measured {
        bytes: bytes as f64 / deliveries as f64,
        cpu: used.as_secs_f64() * 1e6 / deliveries as f64,
        deliveries,
    })
}

/// What a socket has heard.
#[derive(Clone, Copy, Default)]
struct Heard {
    /// Messages since more were said.
    frames: usize,
    /// Bytes of frames, without their heads.
    bytes: u64,
}

/// A group whose first member speaks.
struct Talk<'a> {
    case: &'a Case,
    group: i64,
    sockets: Sockets,
    /// By socket.
    heard: Vec<Heard>,
    /// Messages so far.
    said: usize,
}

impl Talk<'_> {
    /// Speaks for so long, and waits until all have heard it.
    fn go_on(&mut self, span: Duration) -> Result<()> {
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < span {
            self.heard.iter_mut().for_each(|heard| heard.frames = 0);
            let frames = self.next_frames();
            self.sockets.write(0, &frames)?;
            // The first hears of it in another way.
            while self.heard[1..].iter().any(|heard| heard.frames < self.case.window) {
                if !self.hear(WAIT_MAX)? {
                    return Err("not all was delivered".into());
                }
            }
        }
        Ok(())
    }

    fn next_frames(&mut self) -> Vec<u8> {
        let (mut frames, group) = (Vec::new(), self.group);
        for _ in 0..self.case.window {
            let content = piece(self.said, self.case.length);
            self.said += 1;
            let text = match self.case.mode {
                Mode::Text => content,
                Mode::Json => format!(r#"{{"type":"send","group_id":{group},"content":"{content}"}}"#),
            };
            push(&mut frames, TEXT, text.as_bytes());
        }
        frames
    }

    /// Reads what is there; `false` if for so long there is nothing.
    fn hear(&mut self, patience: Duration) -> Result<bool> {
        let count = self.sockets.wait(patience)?;
        for place in 0..count {
            let number = self.sockets.ready(place);
            let heard = &mut self.heard[number];
            self.sockets.read(number, |payload, _| {
                heard.frames += 1;
                heard.bytes += payload.len() as u64;
                Ok(())
            })?;
        }
        Ok(count > 0)
    }
}

/// A piece of prose, each time another one, that stands in JSON as it is.
fn piece(number: usize, length: usize) -> String {
    let start = number.wrapping_mul(7_919) % (PROSE.len() - length);
    let bytes = PROSE.as_bytes()[start..start + length].iter();
    bytes
        .map(|&byte| match byte {
            b'"' => '\'',
            b'\\' | 0..0x20 | 0x7f.. => ' ',
            byte => byte.into(),
        })
        .collect()
}
