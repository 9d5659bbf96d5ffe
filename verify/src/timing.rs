//! How long acks, deliveries and reconnections took. No I/O; who tells of something says when it was.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::ids::{GroupId, Seq};
use crate::samples::Samples;
use crate::spell::Spell;
use crate::trouble::Trouble;

/// An ack later than this is a fault, on a server without any trouble. It should take 2 s at most, whatever befalls
/// others; more is allowed for machines that are busy.
pub(crate) const ACK_MAX: Duration = Duration::from_secs(10);

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Timing {
    servers: Vec<Spell>,
    /// Of servers that may refuse what is sent to them.
    refusing: Vec<Spell>,
    nats: Spell,
    passages: HashMap<(GroupId, Seq), Passage>,
    /// From sending to the ack, on servers without trouble.
    pub(crate) acks: Samples,
    /// From the moment when a client's server was killed until the client had another.
    pub(crate) reconnections: Samples,
    /// From a kill until the server listened again, at most.
    pub(crate) longest_outage: Duration,
    /// What befell whom.
    pub(crate) troubles: Vec<Trouble>,
}

/// The way of an entry from its ack to those who read it on other servers.
#[derive(Debug, Default)]
struct Passage {
    /// When it was acked, and by which server.
    acked: Option<(Instant, usize)>,
    /// The servers, as bits, that showed it before its ack was read.
    early: u16,
    /// From the ack to the last who saw it.
    last_seen: Option<Duration>,
    is_without_nats: bool,
}

impl Timing {
    /// For so many servers, 16 at most.
    pub(crate) fn new(servers: usize) -> Self {
        Self {
            servers: vec![Spell::default(); servers],
            refusing: vec![Spell::default(); servers],
            ..Self::default()
        }
    }

    /// A trouble begins, of one server or of all.
    pub(crate) fn begin(&mut self, trouble: Trouble, server: Option<usize>) {
        self.troubles.push(trouble);
        self.touched(trouble, server).for_each(Spell::begin);
    }

    /// It is over.
    pub(crate) fn end(&mut self, trouble: Trouble, server: Option<usize>, now: Instant) {
        self.touched(trouble, server).for_each(|spell| spell.end(now));
    }

    fn touched(&mut self, trouble: Trouble, server: Option<usize>) -> impl Iterator<Item = &mut Spell> {
        let servers = self.servers.iter_mut().enumerate();
        let servers =
            servers.filter(move |(index, _)| trouble.slows() && server.is_none_or(|one| one == *index));
        let refusing = self.refusing.iter_mut().enumerate();
        let refusing =
            refusing.filter(move |(index, _)| trouble.refuses() && server.is_none_or(|one| one == *index));
        let nats = Some(&mut self.nats).filter(|_| trouble.cuts_nats());
        servers.chain(refusing).map(|(_, spell)| spell).chain(nats)
    }

    /// Something that was sent to a server at this moment is acked, or is given up waiting for. Says how long that took
    /// if it is at fault.
    pub(crate) fn waited(&mut self, server: usize, sent: Instant, now: Instant) -> Option<Duration> {
        if !self.is_calm(server, sent) {
            return None;
        }
        let took = now.duration_since(sent);
        self.acks.add(took);
        Some(took).filter(|took| *took > ACK_MAX)
    }

    /// An entry is acked by this server.
    pub(crate) fn acked(&mut self, server: usize, group: GroupId, seq: Seq, now: Instant) {
        let passage = self.passages.entry((group, seq)).or_default();
        if passage.acked.is_none() {
            passage.acked = Some((now, server));
            let is_elsewhere = passage.early & !(1 << server) != 0;
            passage.last_seen = is_elsewhere.then_some(Duration::ZERO);
            passage.is_without_nats = !self.nats.was_calm(now);
        }
    }

    /// An entry is shown by this server, to who has read the group there since then.
    pub(crate) fn seen(&mut self, server: usize, group: GroupId, seq: Seq, since: Instant, now: Instant) {
        let passage = self.passages.entry((group, seq)).or_default();
        let Some((acked, by)) = passage.acked else {
            passage.early |= 1 << server;
            return;
        };
        // What came before is a replay.
        if server == by || since > acked {
            return;
        }
        if [server, by].iter().any(|&server| !self.servers[server].was_calm(acked)) {
            return;
        }
        passage.is_without_nats |= !self.nats.was_calm(acked);
        passage.last_seen = passage.last_seen.max(Some(now.duration_since(acked)));
    }

    /// From acks to the last who read it on another server: with NATS, and without.
    pub(crate) fn deliveries(&self) -> (Samples, Samples) {
        let (mut with, mut without) = (Samples::default(), Samples::default());
        for passage in self.passages.values() {
            if let Some(time) = passage.last_seen {
                if passage.is_without_nats { &mut without } else { &mut with }.add(time);
            }
        }
        (with, without)
    }

    /// Whether a server may have refused something that was sent to it at this moment.
    pub(crate) fn may_have_refused(&self, server: usize, sent: Instant) -> bool {
        self.refusing.get(server).is_some_and(|spell| !spell.was_calm(sent))
    }

    fn is_calm(&self, server: usize, since: Instant) -> bool {
        self.servers.get(server).is_some_and(|spell| spell.was_calm(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: GroupId = GroupId(7);

    fn millis(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn acks_of_servers_in_trouble_are_not_measured() {
        let start = Instant::now();
        let mut timing = Timing::new(2);
        timing.begin(Trouble::Freeze, Some(0));
        assert!(timing.may_have_refused(0, start) && !timing.may_have_refused(1, start));
        timing.begin(Trouble::Kill, Some(1));
        timing.end(Trouble::Kill, Some(1), start - Duration::from_secs(4));
        assert!(!timing.may_have_refused(1, start));
        assert_eq!(timing.waited(0, start, millis(start, 60_000)), None);
        assert!(timing.acks.is_empty());
        assert_eq!(timing.waited(1, start, millis(start, 9_000)), None);
        assert_eq!(timing.waited(1, start, millis(start, 11_000)), Some(Duration::from_secs(11)));
        timing.begin(Trouble::HangNatsForAll, None);
        assert_eq!(timing.waited(1, start, millis(start, 11_000)), Some(Duration::from_secs(11)));
        timing.begin(Trouble::SeverDatabases, None);
        assert_eq!(timing.waited(1, start, millis(start, 11_000)), None);
    }

    #[test]
    fn a_passage_lasts_until_the_last_who_reads_elsewhere() {
        let start = Instant::now();
        let mut timing = Timing::new(3);
        timing.acked(0, GROUP, Seq(1), millis(start, 10));
        for (server, since, now) in [(0, 0, 900), (1, 0, 12), (2, 0, 15), (2, 11, 800)] {
            timing.seen(server, GROUP, Seq(1), millis(start, since), millis(start, now));
        }
        timing.seen(1, GROUP, Seq(2), start, millis(start, 20));
        timing.acked(1, GROUP, Seq(2), millis(start, 30));
        assert_eq!(timing.deliveries().0.to_string(), "p50 5.0 ms, p99 5.0 ms, worst 5.0 ms");
        timing.begin(Trouble::HangNats, Some(1));
        timing.acked(1, GROUP, Seq(3), millis(start, 30));
        timing.seen(2, GROUP, Seq(3), start, millis(start, 930));
        assert_eq!(timing.deliveries().1.to_string(), "p50 900.0 ms, p99 900.0 ms, worst 900.0 ms");
    }
}
