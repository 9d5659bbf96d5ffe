//! Making a full batch ready for the database: numbering it, and encoding it for COPY.

mod sample;

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use groupcast::model::{MessageId, NewEntry, NewEntryKind, Seq, Timestamp};
use groupcast::store::copy;
use groupcast::writer::{Numbering, Ready, ReadyKind};

fn build(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("batch_build");
    group.throughput(Throughput::Elements(sample::BATCH as u64));

    let new: Vec<Ready> = sample::new_messages(sample::BATCH).into_iter().filter_map(ready).collect();
    let mut numbering = Numbering::new(MessageId(1_000_000), Timestamp(0));
    for id in numbering.unknown(new.iter().map(|ready| ready.group.id)) {
        numbering.learn(id, Seq(100_000));
    }
    group.bench_function("number", |bencher| {
        bencher.iter_batched(
            || new.clone(),
            |batch| numbering.number(batch.into_iter()),
            BatchSize::SmallInput,
        );
    });

    let batch = sample::messages(sample::BATCH);
    group.bench_function("encode for COPY", |bencher| {
        bencher.iter(|| {
            let mut data = BytesMut::with_capacity(copy::encoded_bytes(&batch));
            copy::encode(black_box(&batch), &mut data);
            data
        });
    });
    group.finish();
}

/// A message that nothing is said against.
fn ready(entry: NewEntry) -> Option<Ready> {
    let NewEntry { group, user, kind, client_id, received_at, .. } = entry;
    let NewEntryKind::Message { content, .. } = kind else { return None };
    let kind = ReadyKind::Message { content, details: None };
    Some(Ready { group, user, client_id, received_at, kind })
}

criterion_group!(benches, build);
criterion_main!(benches);
