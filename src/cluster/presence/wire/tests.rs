use groupcast_kit::random::{self, Random};

use super::*;

fn some_number(random: &mut Random) -> u64 {
    let bits = 1 + random.below(64);
    random.below(u64::MAX) >> (64 - bits)
}

fn entry(random: &mut Random) -> Entry {
    let place = (GroupId(some_number(random) as i64), UserId(some_number(random) as i64));
    let mut count = || some_number(random) as u32 >> 9;
    let sockets = Sockets { plain: count(), private: count() };
    let is_gone = sockets.total() == 0;
    let letters = if is_gone { 0 } else { random.size(USERNAME_CHARS_MAX + 1) };
    Entry { place, username: "\u{1f600}".repeat(letters).into(), sockets }
}

fn payload(random: &mut Random) -> Payload {
    let serial = some_number(random);
    let count = random.size(20);
    let said = match random.below(5) {
        0 => Said::Changes { serial, entries: (0..count).map(|_| entry(random)).collect() },
        1 => Said::Digest { serial, sum: Sum { places: some_number(random), hash: some_number(random) } },
        2 => Said::Ask { of: NodeId(some_number(random) as i64) },
        3 => Said::All {
            serial,
            round: some_number(random) as u32,
            part: some_number(random) as u32,
            is_last: random.chance(50),
            entries: (0..count).map(|_| entry(random)).collect(),
        },
        _ => Said::Goodbye,
    };
    Payload { node: NodeId(some_number(random) as i64), said }
}

#[test]
fn what_is_said_is_understood() {
    for seed in random::seeds(2_000) {
        let payload = payload(&mut Random::new(seed));
        let bytes = payload.encode();
        assert_eq!(Payload::decode(&bytes).unwrap(), payload, "seed {seed}");
        let entries = match &payload.said {
            Said::Changes { entries, .. } | Said::All { entries, .. } => entries.len(),
            _ => continue,
        };
        assert!(bytes.len() <= HEAD_BYTES_MAX + entries * ENTRY_BYTES_MAX, "seed {seed}");
    }
}

#[test]
fn nonsense_is_refused_without_a_panic() {
    for seed in random::seeds(5_000) {
        let mut random = Random::new(seed);
        let mut bytes = payload(&mut random).encode().to_vec();
        match random.below(3) {
            0 => bytes.truncate(random.size(bytes.len())),
            1 => bytes.iter_mut().for_each(|byte| *byte = random.below(256) as u8),
            _ => (0..3).for_each(|_| {
                let index = random.size(bytes.len());
                bytes[index] = random.below(256) as u8;
            }),
        }
        let _ = Payload::decode(&bytes);
    }
    let head = [&[VERSION, CHANGES][..], &[0; 8]].concat();
    let with = |rest: &[u8]| Payload::decode(&[&head, rest].concat());
    assert!(matches!(with(&[0xff; 10]), Err(Malformed::Number)));
    assert!(matches!(with(&[]), Err(Malformed::Short(_))));
    assert!(matches!(with(&[1, 1, 1, 201, 1]), Err(Malformed::Username)));
    assert!(matches!(with(&[1, 1, 1, 2, 0xff, 0xff, 0, 1]), Err(Malformed::Username)));
    assert!(matches!(with(&[1, 1, 1, 20, b'a']), Err(Malformed::Short(_))));
    assert!(matches!(Payload::decode(&[2, CHANGES]), Err(Malformed::Version(2))));
    assert!(matches!(Payload::decode(&[VERSION, 9, 0, 0, 0, 0, 0, 0, 0, 0]), Err(Malformed::Kind(9))));
    let goodbye = [&[VERSION, GOODBYE][..], &[0; 9]].concat();
    assert!(matches!(Payload::decode(&goodbye), Err(Malformed::Long)));
}
