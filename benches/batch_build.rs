//! Making a full batch ready for the database: numbering it, and encoding it for COPY.

mod sample;

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use groupcast::model::{MessageId, Seq, Timestamp};
use groupcast::store::copy;
use groupcast::writer::Numbering;

fn build(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("batch_build");
    group.throughput(Throughput::Elements(sample::BATCH as u64));

    let new = sample::new_messages(sample::BATCH);
    let mut numbering = Numbering::new(MessageId(1_000_000), Timestamp(0));
    for id in numbering.unknown(new.iter()) {
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

criterion_group!(benches, build);
criterion_main!(benches);
