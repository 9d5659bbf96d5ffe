use groupcast_kit::random::{Random, seeds};

use super::*;
use crate::hub::Readers;
use crate::model::Seq;
use crate::protocol::{Mode, Window, frame};

/// What a member of the group gets, in both modes.
fn sent(frames: &[Broadcast], group: GroupId) -> (Vec<u8>, Vec<u8>) {
    let of_group = || frames.iter().filter(move |frames| frames.group == group);
    (of_group().flat_map(|f| f.text.to_vec()).collect(), of_group().flat_map(|f| f.json.to_vec()).collect())
}

/// Whatever is merged, each member of a group gets the same bytes in the same order, and each run says which places
/// it holds.
fn play(seed: u64) {
    let mut random = Random::new(seed);
    let mut heads = [0; 3];
    let mut number = 0_u8;
    let batches: Vec<Arc<[Broadcast]>> = (0..1 + random.below(6))
        .map(|_| {
            (0..random.below(4))
                .map(|_| {
                    let group = random.below(3) as usize;
                    let length = 1 + random.below(3) as usize;
                    let mut bytes = |random: &mut Random| {
                        number = number.wrapping_add(1);
                        let is_wanted = random.below(4) > 0;
                        Bytes::from(vec![number; if is_wanted { length } else { 0 }])
                    };
                    let (text, json) = (bytes(&mut random), bytes(&mut random));
                    let passing = Broadcast::ephemeral(GroupId(group as i64), text, json, Readers::All);
                    if random.below(4) == 0 {
                        return passing;
                    }
                    let first = heads[group] + 1;
                    heads[group] += length as i64;
                    Broadcast { first: Seq(first), last: Seq(heads[group]), ..passing }
                })
                .collect()
        })
        .collect();
    let flat: Vec<Broadcast> = batches.iter().flat_map(|batch| batch.to_vec()).collect();
    let absent = GroupId(random.below(4) as i64);
    let merged = merge(&batches, |group| group != absent);
    for group in (0..3).map(GroupId) {
        if group == absent {
            assert_eq!(sent(&merged, group), (vec![], vec![]), "seed {seed}: {group} is not here");
            continue;
        }
        assert_eq!(sent(&merged, group), sent(&flat, group), "seed {seed}: {group}");
        let mut head = 0;
        for run in merged.iter().filter(|run| run.group == group && run.is_stored()) {
            assert_eq!(run.first.0, head + 1, "seed {seed}: a hole in {group}");
            let places = (run.last.0 - head) as usize;
            assert!(run.json.is_empty() || run.json.len() == places, "seed {seed}: not to be counted");
            head = run.last.0;
        }
        assert_eq!(head, heads[group.0 as usize], "seed {seed}: {group}");
    }
}

#[test]
fn merging_changes_nothing_but_the_number_of_writes() {
    seeds(5_000).for_each(play);
}

#[test]
fn batches_that_follow_each_other_are_one_write() {
    let stored = |first, last| {
        let passing = Broadcast::ephemeral(GroupId(1), Bytes::from_static(b"t"), Bytes::new(), Readers::All);
        Broadcast { first: Seq(first), last: Seq(last), ..passing }
    };
    let merged = merge(&[[stored(1, 2)].into(), [stored(3, 3)].into()], |_| true);
    let [frames] = &merged[..] else { panic!("{merged:?}") };
    assert_eq!((frames.first, frames.last, &frames.text[..]), (Seq(1), Seq(3), &b"tt"[..]));
}

fn compressible(seq: i64, content: &str) -> Broadcast {
    let (text, json) =
        (frame::text(&["alice: ", content]), frame::text(&["{\"content\":\"", content, "\"}"]));
    let passing = Broadcast::ephemeral(GroupId(1), text, json, Readers::All);
    Broadcast { first: Seq(seq), last: Seq(seq), twins: Twins::wanted(), ..passing }
}

#[test]
fn all_get_the_same_bytes() {
    let frames = compressible(1, &"to be or not to be ".repeat(50));
    let clone = frames.clone();
    for mode in [Mode::Text, Mode::Json] {
        let largest = Some(Window::LARGEST);
        let (one, other) = (frames.frames_for(mode, largest), clone.frames_for(mode, largest));
        assert_eq!(one.as_ptr(), other.as_ptr());
        assert!(one.len() < frames.plain(mode).len() / 2);
        assert_eq!(frames.frames_for(mode, None), frames.plain(mode));
        // A window that is smaller than the message may not reach far enough.
        assert_eq!(frames.frames_for(mode, Window::of_bits(9)), frames.plain(mode));
        assert_eq!(frames.frames_for(mode, Window::of_bits(10)), one);
    }
}

#[test]
fn nothing_is_compressed_that_nobody_asked_for() {
    let frames = Broadcast { twins: Twins::default(), ..compressible(1, &"again ".repeat(50)) };
    assert_eq!(frames.frames_for(Mode::Text, Some(Window::LARGEST)), &frames.text);
    let none = Broadcast { json: Bytes::new(), ..compressible(1, "x") };
    assert!(none.frames_for(Mode::Json, Some(Window::LARGEST)).is_empty());
}

#[test]
fn merged_frames_are_the_same_bytes_laid_end_to_end() {
    let parts =
        [compressible(1, &"one ".repeat(100)), compressible(2, "2"), compressible(3, &"three ".repeat(100))];
    let batches = parts.clone().map(|part| Arc::from([part]));
    let merged = merge(&batches, |_| true);
    let [frames] = &merged[..] else { panic!("{merged:?}") };
    for mode in [Mode::Text, Mode::Json] {
        let window = Some(Window::LARGEST);
        let expected = parts.each_ref().map(|part| part.frames_for(mode, window).clone()).concat();
        assert_eq!(frames.frames_for(mode, window), &expected);
    }
}
