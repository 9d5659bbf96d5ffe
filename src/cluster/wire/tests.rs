use bytes::Bytes;

use super::{HEAD, PAGE_HEAD, Told, broadcast, look, notify, pages, presence, sender};
use crate::hub::{Broadcast, Page, Readers};
use crate::model::{GroupId, NodeId, Seq, UserId};

const NODE: NodeId = NodeId(7);
const LONG: &str =
    "a page that is so long that it does not fit where two of the others do, whatever is done about it";

fn page(group: i64, first: i64, json: &'static str) -> Page {
    let frames = Broadcast {
        first: Seq(first),
        last: Seq(first + 1),
        messages: 1,
        ..Broadcast::ephemeral(GroupId(group), "line".into(), json.into(), Readers::All)
    };
    Page { frames, rewrites: group % 2 == 0 }
}

fn parse(payload: Bytes) -> Option<(NodeId, Told)> {
    assert!(payload.len() < 10 || sender(&payload) == Some(NODE));
    super::parse(payload, |_| true)
}

fn pages_of(payload: Bytes) -> Vec<Page> {
    match parse(payload) {
        Some((NODE, Told::Pages(pages))) => pages,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pages_come_as_they_were_in_as_few_payloads_as_will_do() {
    let sent = [page(1, 1, "one"), page(2, 5, "two"), page(3, 9, LONG)];
    let size = PAGE_HEAD + "line".len() + "one".len();
    let payloads = pages(NODE, sent.iter(), HEAD + 2 * size);
    assert_eq!(payloads.len(), 2, "the last fits into none");
    assert!(matches!(parse(payloads[1].clone()), Some((NODE, Told::Look))));
    let came = pages_of(payloads[0].clone());
    assert_eq!(format!("{came:?}"), format!("{:?}", &sent[..2]));
    let payloads = pages(NODE, sent.iter(), HEAD + PAGE_HEAD + "line".len() + LONG.len());
    assert_eq!(payloads.len(), 2);
    let came: Vec<Page> = payloads.into_iter().flat_map(pages_of).collect();
    assert_eq!(format!("{came:?}"), format!("{sent:?}"));
}

#[test]
fn pages_that_nobody_hears_are_passed_over() {
    let sent = [page(1, 1, "one"), page(2, 5, "two"), page(3, 9, LONG)];
    let payload = pages(NODE, sent.iter(), 1_000).remove(0);
    match super::parse(payload, |group| group == GroupId(3)) {
        Some((NODE, Told::Pages(pages))) => assert_eq!(format!("{pages:?}"), format!("{:?}", &sent[2..])),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_stored_comes_to_those_for_whom_it_is() {
    let came = |readers| match parse(broadcast(
        NODE,
        &Broadcast::ephemeral(GroupId(4), "line".into(), "event".into(), readers),
    )) {
        Some((NODE, Told::Broadcast(frames))) => (frames.readers, frames.text, frames.json),
        other => panic!("{other:?}"),
    };
    let socket = crate::hub::SocketId { core: 1, slot: 2, serial: 3 };
    let with = |readers| (readers, Bytes::from("line"), Bytes::from("event"));
    assert_eq!(came(Readers::All), with(Readers::All));
    assert_eq!(came(Readers::But(UserId(5))), with(Readers::But(UserId(5))));
    assert_eq!(came(Readers::Of(UserId(5), Some(socket))), with(Readers::Of(UserId(5), None)));
    match parse(notify(NODE, UserId(9), &"frame".into())) {
        Some((NODE, Told::Notify(UserId(9), frame))) => assert_eq!(frame, "frame"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(parse(look(NODE)), Some((NODE, Told::Look))));
    assert!(matches!(parse(presence(NODE, b"x")), Some((NODE, Told::Presence(rest))) if rest == "x"));
}

#[test]
fn what_is_not_understood_is_nothing() {
    let whole = pages(NODE, [page(1, 1, "one")].iter(), 1_000).remove(0);
    for end in 0..whole.len() {
        assert!(parse(whole.slice(..end)).is_none(), "{end}");
    }
    let with = |place: usize, byte: u8| {
        let mut bytes = whole.to_vec();
        bytes[place] = byte;
        parse(bytes.into())
    };
    assert!(with(0, 2).is_none(), "another version");
    assert!(with(1, 99).is_none(), "another tag");
    assert!(with(HEAD - 4, 255).is_none(), "more pages than there are");
}
