//! Reading the commands of JSON mode.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use groupcast::model::GroupId;
use groupcast::protocol::command::{BadFrame, CommandParser, Request};

/// Reads the fields that a `send` has, as its command does.
fn read(request: Result<Request<'_, '_>, BadFrame>) -> Result<usize, String> {
    let Request { command, fields, .. } = request.map_err(|bad| bad.reason)?;
    if command != "send" {
        return Ok(0);
    }
    let group: GroupId = fields.required("group_id")?;
    let content: &str = fields.required("content")?;
    let client_id: Option<&str> = fields.optional("client_id")?;
    let ephemeral: Option<bool> = fields.optional("ephemeral")?;
    black_box((group, client_id, ephemeral));
    Ok(content.len())
}

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
            bencher.iter(|| parser.parse(black_box(frame), |request| black_box(read(request).is_ok())));
        });
    }
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
