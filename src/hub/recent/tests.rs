use std::collections::HashMap;

use groupcast_kit::random::{self, Random};

use super::*;
use crate::hub::{Readers, Twins};
use crate::protocol::frame;

/// All messages of a group, and how many of them were stored when it was first followed.
#[derive(Default)]
struct Model {
    frames: Vec<Bytes>,
    followed_at: Option<usize>,
    is_learned: bool,
}

fn batch(group: GroupId, first: usize, frames: &[Bytes]) -> Broadcast {
    let (first, last) = (Seq(first as i64 + 1), Seq((first + frames.len()) as i64));
    Broadcast {
        group,
        first,
        last,
        readers: Readers::All,
        as_of: 0,
        messages: 0,
        text: Bytes::new(),
        json: frames.concat().into(),
        twins: Twins::default(),
    }
}

/// From any place, what comes is what was stored after it, up to a place that is told; or it is not known.
fn check(seed: u64, recent: &Recent, group: GroupId, model: &Model) {
    for position in 0..=model.frames.len() + 1 {
        let stored = model.frames.get(position..).unwrap_or_default();
        match recent.after(group, Seq(position as i64)) {
            Replay::Frames(frames, Seq(last)) => {
                let count = (last as usize).checked_sub(position).filter(|count| *count <= stored.len());
                let expected = count.map(|count| stored[..count].concat());
                assert!(
                    count > Some(0) && expected.as_deref() == Some(&frames[..]),
                    "seed {seed}: after {position} of {} to {last}",
                    model.frames.len()
                );
            }
            Replay::UpToDate => {
                assert!(stored.is_empty(), "seed {seed}: {} missing after {position}", stored.len())
            }
            Replay::Unknown => {}
        }
    }
    let known = (model.followed_at.is_some() && model.is_learned).then_some(Seq(model.frames.len() as i64));
    assert_eq!(recent.head(group), known, "seed {seed}: head of {group}");
    assert_eq!(recent.follows(group), model.followed_at.is_some(), "seed {seed}: {group}");
}

fn play(seed: u64) {
    let mut random = Random::new(seed);
    let bytes_max = random.below(400) as usize;
    let recent = Recent::new(bytes_max);
    let mut models: HashMap<GroupId, Model> = HashMap::new();
    let mut kept = VecDeque::new();
    let mut has_forgotten = false;
    for step in 0..random.below(40) {
        let group = GroupId(random.below(3) as i64);
        let model = models.entry(group).or_default();
        match random.below(9) {
            8 => {
                recent.forget(&[group]);
                (model.followed_at, model.is_learned) = (None, false);
                kept.retain(|(of, _)| *of != group);
                has_forgotten = true;
            }
            0 => {
                recent.follow(group);
                model.followed_at.get_or_insert(model.frames.len());
            }
            1 => {
                // What the store knows is learned after the group is followed.
                if model.followed_at.is_some() {
                    recent.learn(group, Seq(model.frames.len() as i64));
                    model.is_learned = true;
                }
            }
            _ => {
                let new: Vec<Bytes> = (0..1 + random.below(4))
                    .map(|_| frame::text(&[&format!("{step}"), &"-".repeat(random.below(160) as usize)]))
                    .collect();
                let frames = batch(group, model.frames.len(), &new);
                // The writer knows of a batch's commit at once, the store may tell of it before.
                if model.followed_at.is_some() && random.below(4) == 0 {
                    recent.learn(group, frames.last);
                }
                model.frames.extend(new);
                recent.keep(&frames);
                if model.followed_at.is_some() {
                    model.is_learned = true;
                    kept.push_back((group, frames));
                }
            }
        }
        check(seed, &recent, group, &models[&group]);
    }

    // The newest batches that fit are all there, and no others.
    let mut room = bytes_max;
    let mut fits = true;
    for (group, frames) in kept.iter().rev() {
        fits = fits && frames.json.len() <= room;
        room -= if fits { frames.json.len() } else { 0 };
        let expected = if fits { Replay::Frames(frames.json.clone(), frames.last) } else { Replay::Unknown };
        let known = recent.after(*group, Seq(frames.first.0 - 1));
        // What went before others made room does not come back.
        let is_gone = has_forgotten && known == Replay::Unknown;
        assert!(known == expected || is_gone, "seed {seed}: {known:?} at {}", frames.first);
    }
}

#[test]
fn a_replay_is_what_was_stored_or_unknown() {
    random::seeds(3_000).for_each(play);
}
