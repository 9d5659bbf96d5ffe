//! Reading the commands of JSON mode.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use groupcast::protocol::command::CommandParser;

fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("command_parse");
    let long = "x".repeat(64 * 1024);
    let commands = [
        ("ping", r#"{"type":"ping"}"#.to_owned()),
        (
            "send",
            r#"{"type":"send","id":7,"group_id":4711,"content":"See you at noon.","client_id":"a-1"}"#
                .to_owned(),
        ),
        ("send of 64 KiB", format!(r#"{{"type":"send","id":7,"group_id":4711,"content":"{long}"}}"#)),
        ("bad frame", r#"{"type":"send","group_id":"4711","content":7}"#.to_owned()),
    ];
    for (name, frame) in &commands {
        let mut parser = CommandParser::default();
        group.throughput(Throughput::Bytes(frame.len() as u64));
        group.bench_function(*name, |bencher| {
            bencher.iter(|| parser.parse(black_box(frame), |result| black_box(result.is_ok())));
        });
    }
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
