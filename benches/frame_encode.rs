//! Encoding stored messages as finished WebSocket frames, in both modes.

mod sample;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use groupcast::model::Message;
use groupcast::protocol::{event, text};

fn put_text(out: &mut Vec<u8>, message: &Message) {
    text::put_message(out, &message.user.username, &message.content);
}

fn encode(criterion: &mut Criterion) {
    let batch = sample::messages(sample::BATCH);
    for (mode, put) in [("text", put_text as fn(&mut Vec<u8>, &Message)), ("json", event::put_message)] {
        let mut group = criterion.benchmark_group(format!("frame_encode/{mode}"));
        for messages in [&batch[..1], &batch] {
            let mut size = Vec::new();
            messages.iter().for_each(|message| put(&mut size, message));
            group.throughput(Throughput::Elements(messages.len() as u64));
            group.bench_function(format!("{} messages", messages.len()), |bencher| {
                bencher.iter(|| {
                    let mut out = Vec::with_capacity(size.len());
                    black_box(messages).iter().for_each(|message| put(&mut out, message));
                    out
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, encode);
criterion_main!(benches);
