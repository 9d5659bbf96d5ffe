//! Handing one buffer to the outboxes of a group whose sockets take everything: what fan-out costs above the
//! kernel's price of a send, which the benchmark `fanout` shows.

use std::hint::black_box;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use groupcast::hub::{Kind, Sink, SocketId, Subscriber};
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

const OUTBOX_BYTES_MAX: usize = 8 << 20;

fn fan_out(criterion: &mut Criterion) {
    let frames: Bytes = frame::text(&["alice: ", &"x".repeat(64)]);
    let mut group = criterion.benchmark_group("hub_fanout");
    for members in [100, 1_000, 10_000] {
        let subscribers: Vec<_> = (0..members)
            .map(|slot| {
                let id = SocketId { core: 0, slot, serial: slot.into() };
                Rc::new(Subscriber::new(id, Mode::Text, Void, OUTBOX_BYTES_MAX, 0))
            })
            .collect();
        group.throughput(Throughput::Elements(members.into()));
        group.bench_with_input(BenchmarkId::from_parameter(members), &subscribers, |bencher, subscribers| {
            bencher.iter(|| {
                for subscriber in subscribers {
                    black_box(subscriber.send(&frames, Kind::Passing));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, fan_out);
criterion_main!(benches);
