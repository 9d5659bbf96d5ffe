//! Bodies of requests that do not end, or come in the smallest of pieces.

use std::sync::atomic::Ordering;

use super::{Scene, connect, flood, last_words, pour, wait};

const MIB: u64 = 1 << 20;

fn head(field: &str) -> Vec<u8> {
    format!(
        "POST /api/v1/users/ HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/json\r\n{field}\r\n\r\n"
    )
    .into()
}

fn chunked() -> Vec<u8> {
    head("Transfer-Encoding: chunked")
}

/// With this in mind the bystander still posts what is small.
#[tokio::test]
async fn half_bodies_are_bounded_over_all() {
    const COUNT: usize = 300;
    let mut scene = Scene::open(&["--body-timeout", "3s", "--unfinished-bytes-max", "16MiB"]).await;
    let half = scene
        .under("half a body each", |address, is_over| {
            let mut all: Vec<_> = connect(address, COUNT).into_iter().enumerate().collect();
            for (number, stream) in &mut all {
                let head = if *number % 2 == 0 { head("Content-Length: 2000000") } else { chunked() };
                assert!(pour(stream, &[head, b"100000\r\n".to_vec()].concat()));
            }
            let mut sent = vec![0; COUNT];
            while !is_over.load(Ordering::Relaxed) {
                for (number, stream) in &mut all {
                    if sent[*number] < 900_000 && pour(stream, &[b' '; 32 << 10]) {
                        sent[*number] += 32 << 10;
                    }
                }
            }
            all.into_iter().map(|(_, stream)| stream).collect::<Vec<_>>()
        })
        .await;
    assert!(scene.growth() < 64 * MIB, "{} MiB", scene.growth() / MIB);
    let refused = last_words(half).iter().filter(|words| words.starts_with(b"HTTP/1.1 503 ")).count();
    assert!(refused > 0, "nobody was refused");
    scene.end().await;
}

#[tokio::test]
async fn a_chunk_of_one_byte_takes_one_byte() {
    let mut scene = Scene::open(&["--body-timeout", "1h"]).await;
    let sent = scene.under("chunks of one byte", |address, is_over| {
        let mut all = connect(address, 50);
        all.iter_mut().for_each(|stream| assert!(pour(stream, &chunked())));
        let mut sent = 0;
        while !is_over.load(Ordering::Relaxed) {
            for stream in &mut all {
                sent += usize::from(pour(stream, b"1\r\n \r\n"));
            }
        }
        sent
    });
    let sent = sent.await;
    assert!(scene.growth() < 32 * MIB, "{} MiB for {sent} bytes", scene.growth() / MIB);
    scene.end().await;
}

/// hyper looks at each byte of these, and none of them makes a chunk.
#[tokio::test]
async fn a_chunk_that_does_not_begin_holds_up_nobody() {
    let mut scene = Scene::open(&[]).await;
    for (name, begun, endless) in [
        ("a size without end", "", "0"),
        ("blanks without end", "1", " "),
        ("an extension without end", "1;a=", "x"),
        ("a trailer without end", "0\r\nA: ", "x"),
        ("trailers without end", "0\r\n", "A: b\r\n"),
        ("chunks of one byte without end", "", "1\r\n \r\n"),
    ] {
        scene
            .under(name, move |address, is_over| {
                let mut all = connect(address, 10);
                let begun = [chunked(), begun.into()].concat();
                all.iter_mut().for_each(|stream| assert!(pour(stream, &begun)));
                flood(all, &endless.as_bytes().repeat(10_000), is_over);
            })
            .await;
    }
    assert!(scene.growth() < 64 * MIB, "{} MiB", scene.growth() / MIB);
    scene.end().await;
}

/// Those who wait with their body until they are told to go on, and then send none.
#[tokio::test]
async fn who_never_goes_on_is_told_and_closed() {
    let mut scene = Scene::open(&["--body-timeout", "1s"]).await;
    let all = scene.under("nobody goes on", |address, is_over| {
        let mut all = connect(address, 500);
        let head = head("Content-Length: 2\r\nExpect: 100-continue");
        all.iter_mut().for_each(|stream| assert!(pour(stream, &head)));
        wait(is_over);
        all
    });
    for words in last_words(all.await) {
        let words = String::from_utf8(words).unwrap();
        assert!(words.starts_with("HTTP/1.1 100 ") && words.contains("HTTP/1.1 408 "), "{words}");
    }
    scene.end().await;
}
