//! Finding the resource of a path.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use groupcast::http::route;

const PATHS: [(&str, &str); 5] = [
    ("messages", "/api/v1/messages/"),
    ("group", "/api/v1/groups/4711/"),
    ("presence", "/api/v1/groups/4711/presence/"),
    ("group socket", "/ws/group/lunch/alice"),
    ("unknown", "/wp-admin/setup-config.php"),
];

fn dispatch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("router_dispatch");
    for (name, path) in PATHS {
        group.bench_function(name, |bencher| bencher.iter(|| black_box(route(black_box(path)))));
    }
    group.finish();
}

criterion_group!(benches, dispatch);
criterion_main!(benches);
