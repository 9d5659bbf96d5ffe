//! Handing one buffer to the outboxes of a group whose sockets take everything: what fan-out costs above the
//! kernel's price of a send, which the benchmark `fanout` shows.

use std::hint::black_box;
use std::io::{self, IoSlice};
use std::task::{Context, Poll};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use groupcast::hub::{Broadcast, Core, CoreLimits, Hub, Readers, Reading, Sink};
use groupcast::model::{GroupId, Seq, UserId};
use groupcast::protocol::{Mode, frame};

/// A socket that takes all.
struct Void;

impl Sink for Void {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(black_box(bytes).len())
    }

    fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(black_box(buffers).iter().map(|buffer| buffer.len()).sum())
    }

    fn poll_writable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

const GROUP: GroupId = GroupId(1);
const LIMITS: CoreLimits = CoreLimits {
    in_flight_messages: 1,
    in_flight_bytes: 1,
    socket_in_flight: 1,
    outbox_bytes: 8 << 20,
    members_a_turn: 256,
};

fn fan_out(criterion: &mut Criterion) {
    let text = frame::text(&["alice: ", &"x".repeat(64)]);
    let passing = Broadcast::ephemeral(GROUP, text, Bytes::new(), Readers::All);
    let frames = Broadcast { first: Seq(1), last: Seq(1), ..passing };
    let mut group = criterion.benchmark_group("hub_fanout");
    for members in [100, 1_000, 10_000] {
        let (hub, _inboxes) = Hub::new(1);
        let core: Core<Void> = Core::new(0, hub, LIMITS);
        for member in 0..members {
            let socket = core.open(Void, Mode::Text);
            core.join(GROUP, UserId(member), &socket, Reading::Live, Seq(0));
        }
        group.throughput(Throughput::Elements(members as u64));
        group.bench_function(members.to_string(), |bencher| {
            bencher.iter(|| core.flush(black_box(&frames)));
        });
    }
    group.finish();
}

criterion_group!(benches, fan_out);
criterion_main!(benches);
