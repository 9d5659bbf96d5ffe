//! Heads of requests that do not end.

use std::sync::atomic::Ordering;

use super::{Scene, connect, flood, heard, last_words, pour, wait};

const MIB: u64 = 1 << 20;
const BEGUN: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a.test\r\nX-Slow: ";

#[tokio::test]
async fn half_a_head_each_costs_next_to_nothing() {
    const COUNT: usize = 2_000;
    let mut scene = Scene::open(&["--head-timeout", "2s"]).await;
    let half = scene
        .under("half a head each", |address, is_over| {
            let mut all = connect(address, COUNT);
            all.iter_mut().for_each(|stream| assert!(pour(stream, BEGUN)));
            // One byte more from time to time.
            while !is_over.load(Ordering::Relaxed) {
                all.iter_mut().for_each(|stream| _ = pour(stream, b"x"));
            }
            all
        })
        .await;
    // Two buffers of 8 KiB each would be 32 MiB.
    assert!(scene.growth() < 24 * MIB, "{} MiB", scene.growth() / MIB);
    assert!(last_words(half).iter().all(Vec::is_empty), "who is too slow gets no answer");
    scene.end().await;
}

#[tokio::test]
async fn half_of_a_long_head_each_is_bounded_over_all() {
    const COUNT: usize = 1_000;
    const LONG: usize = 30_000;
    let mut scene = Scene::open(&["--head-timeout", "2s", "--unfinished-bytes-max", "4MiB"]).await;
    let half = scene
        .under("half of a long head each", |address, is_over| {
            let mut all = connect(address, COUNT);
            let long = [BEGUN, &[b'x'; LONG][..]].concat();
            all.iter_mut().for_each(|stream| _ = pour(stream, &long));
            wait(is_over);
            all
        })
        .await;
    assert!(scene.growth() < 32 * MIB, "{} MiB", scene.growth() / MIB);
    let refused = last_words(half).iter().filter(|words| words.starts_with(b"HTTP/1.1 503 ")).count();
    assert!(refused > 0, "nobody was refused");
    scene.end().await;
}

/// Not the first request of a connection, and begun together with the one before.
#[tokio::test]
async fn half_a_head_behind_a_request_is_no_way_around() {
    const COUNT: usize = 1_000;
    let mut scene = Scene::open(&["--head-timeout", "2s", "--unfinished-bytes-max", "4MiB"]).await;
    let half = scene.under("half a head behind a request", |address, is_over| {
        let mut all = connect(address, COUNT);
        let bytes = [&b"GET /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n"[..], BEGUN].concat();
        all.iter_mut().for_each(|stream| assert!(pour(stream, &bytes)));
        wait(is_over);
        all
    });
    last_words(half.await);
    assert!(scene.growth() < 40 * MIB, "{} MiB", scene.growth() / MIB);
    scene.end().await;
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let mut scene = Scene::open(&[]).await;
    let refused = scene
        .under("heads without end", |address, is_over| {
            let mut refused = 0;
            while !is_over.load(Ordering::Relaxed) {
                for bytes in [&b"X: y\r\n"[..], &[b'x'; 64 << 10], b"\r\n"] {
                    let mut all = connect(address, 10);
                    if bytes != b"\r\n" {
                        all.iter_mut().for_each(|stream| assert!(pour(stream, BEGUN)));
                    }
                    let (open, taken) = flood(all, &bytes.repeat((64 << 10) / bytes.len()), is_over);
                    // That of what follows an answer so much is dropped is in `http_wire`.
                    assert!(taken < 10 * (96 << 20), "{taken} bytes were taken");
                    refused += 10 - open.len();
                    for mut stream in open {
                        refused += usize::from(heard(&mut stream).0.starts_with(b"HTTP/1.1 431 "));
                    }
                }
            }
            refused
        })
        .await;
    assert!(refused > 0, "no head was refused");
    scene.end().await;
}
