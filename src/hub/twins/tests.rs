//! What is compressed once, and for whom it is good.

use std::sync::Arc;

use super::*;
use crate::hub::Readers;
use crate::hub::merge::merge;
use crate::model::{GroupId, Seq};
use crate::protocol::frame;

fn stored(seq: i64, content: &str) -> Broadcast {
    let (text, json) = (frame::text(&["alice: ", content]), frame::text(&["{\"content\":\"", content, "\"}"]));
    let passing = Broadcast::ephemeral(GroupId(1), text, json, Readers::All);
    Broadcast { first: Seq(seq), last: Seq(seq), twins: Twins::wanted(), ..passing }
}

#[test]
fn all_get_the_same_bytes() {
    let frames = stored(1, &"to be or not to be ".repeat(50));
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
    let frames = Broadcast { twins: Twins::default(), ..stored(1, &"again ".repeat(50)) };
    assert_eq!(frames.frames_for(Mode::Text, Some(Window::LARGEST)), &frames.text);
    let none = Broadcast { json: Bytes::new(), ..stored(1, "x") };
    assert!(none.frames_for(Mode::Json, Some(Window::LARGEST)).is_empty());
}

#[test]
fn merged_frames_are_the_same_bytes_laid_end_to_end() {
    let parts = [stored(1, &"one ".repeat(100)), stored(2, "2"), stored(3, &"three ".repeat(100))];
    let batches = parts.clone().map(|part| Arc::from([part]));
    let merged = merge(&batches, |_| true);
    let [frames] = &merged[..] else { panic!("{merged:?}") };
    for mode in [Mode::Text, Mode::Json] {
        let window = Some(Window::LARGEST);
        let expected = parts.each_ref().map(|part| part.frames_for(mode, window).clone()).concat();
        assert_eq!(frames.frames_for(mode, window), &expected);
    }
}
