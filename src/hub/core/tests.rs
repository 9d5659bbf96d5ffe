use std::pin::pin;
use std::task::{Context, Waker};

use bytes::Bytes;

use super::*;
use crate::hub::{MemorySink, Readers};

const GROUP: GroupId = GroupId(1);

const LIMITS: CoreLimits = CoreLimits {
    in_flight_messages: 1,
    in_flight_bytes: 1,
    socket_in_flight: 1,
    outbox_bytes: 1024,
    members_a_turn: 2,
};

fn frames(text: &'static str) -> Broadcast {
    Broadcast::ephemeral(GROUP, Bytes::from_static(text.as_bytes()), Bytes::new(), Readers::All)
}

/// Who has got the last message may leave while others have not; they are told afterwards.
#[test]
fn nothing_overtakes_what_is_handed_out_in_parts() {
    let (hub, mut inboxes) = Hub::new(1);
    let core: Core<MemorySink> = Core::new(0, hub.clone(), LIMITS);
    let sockets: Vec<_> = (0..5)
        .map(|member| {
            let socket = core.open(MemorySink::default(), Mode::Text);
            let (subscription, _) = core.join(GROUP, UserId(member), &socket, Reading::Live, Seq(0));
            (socket, subscription)
        })
        .collect();
    let heard = || -> Vec<String> {
        let bytes = |socket: &Subscriber<MemorySink>| socket.outbox().sink().written().clone();
        sockets.iter().map(|(socket, _)| String::from_utf8(bytes(socket)).unwrap()).collect()
    };
    let mut cx = Context::from_waker(Waker::noop());
    let stored = Broadcast { first: Seq(1), last: Seq(1), ..frames("bye,") };
    assert!(pin!(hub.deliver(vec![stored], Vec::new(), None)).poll(&mut cx).is_ready());

    let mut run = pin!(core.run(inboxes.remove(0)));
    assert!(run.as_mut().poll(&mut cx).is_pending());
    assert_eq!(heard(), ["bye,", "bye,", "", "", ""]);
    core.leave(&sockets[0].1);
    core.flush(&frames("left."));
    let all = ["bye,", "bye,left.", "bye,left.", "bye,left.", "bye,left."];
    assert_eq!(heard(), all);
    assert!(run.as_mut().poll(&mut cx).is_pending());
    assert_eq!(heard(), all);
}

/// Of the next messages there may be no text: they may have been encoded while nobody in text mode was there.
#[test]
fn who_comes_in_text_mode_after_messages_were_encoded_does_not_get_them() {
    let (hub, _inboxes) = Hub::new(1);
    let core: Core<MemorySink> = Core::new(0, hub.clone(), LIMITS);
    let join = |user| {
        let socket = core.open(MemorySink::default(), Mode::Text);
        core.join(GROUP, UserId(user), &socket, Reading::Live, Seq(0));
        socket
    };
    let encode = |seq, text| {
        let (_, as_of) = hub.listeners_as_of(GROUP);
        Broadcast { first: Seq(seq), last: Seq(seq), as_of, ..frames(text) }
    };
    let early = join(1);
    let first = encode(1, "first,");
    let late = join(2);
    core.flush(&first);
    core.flush(&encode(2, "second"));
    let heard = |socket: &Subscriber<MemorySink>| socket.outbox().sink().written().clone();
    assert_eq!((heard(&early), heard(&late)), (b"first,second".to_vec(), b"second".to_vec()));
}

/// A session may still be at work when its socket is gone and another is in its place.
#[test]
fn what_is_for_a_user_reaches_their_sockets_alone() {
    let (hub, mut inboxes) = Hub::new(1);
    let core: Core<MemorySink> = Core::new(0, hub.clone(), LIMITS);
    let owned = |user| {
        let socket = core.open(MemorySink::default(), Mode::Json);
        core.own(&socket, UserId(user));
        socket
    };
    let (gone, other, one, another, left) = (owned(1), owned(2), owned(1), owned(1), owned(1));
    core.close(&gone);
    let successor = core.open(MemorySink::default(), Mode::Json);
    assert_eq!(successor.id().slot, gone.id().slot);
    core.disown(&left, UserId(1));

    let mut cx = Context::from_waker(Waker::noop());
    assert!(pin!(hub.notify(UserId(1), Bytes::from_static(b"you"))).poll(&mut cx).is_ready());
    assert!(pin!(core.run(inboxes.remove(0))).poll(&mut cx).is_pending());
    let heard = [&gone, &successor, &other, &one, &another, &left]
        .map(|socket| String::from_utf8(socket.outbox().sink().written().clone()).unwrap());
    assert_eq!(heard, ["", "", "", "you", "you", ""]);
}
