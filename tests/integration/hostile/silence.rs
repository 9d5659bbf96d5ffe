//! Sockets that are opened and say nothing.

use super::{Scene, connect, last_words, sockets, wait};

const COUNT: usize = 2_000;

#[tokio::test]
async fn connections_that_ask_nothing_are_closed() {
    let mut scene = Scene::open(&["--head-timeout", "2s"]).await;
    let all = scene
        .under("connections that ask nothing", |address, is_over| {
            let all = connect(address, COUNT);
            wait(is_over);
            all
        })
        .await;
    assert!(scene.growth() < 24 << 20, "{} MiB", scene.growth() >> 20);
    assert!(last_words(all).iter().all(Vec::is_empty));
    scene.end().await;
}

#[tokio::test]
async fn sockets_that_do_not_say_hello_are_closed() {
    let mut scene = Scene::open(&["--hello-timeout", "3s"]).await;
    let all = scene
        .under("sockets that do not say hello", |address, is_over| {
            let all = sockets(address, COUNT, "/ws", "");
            wait(is_over);
            all
        })
        .await;
    assert!(scene.growth() < 24 << 20, "{} MiB", scene.growth() >> 20);
    for words in last_words(all) {
        assert!(words.windows(2).any(|code| code == 4001_u16.to_be_bytes()), "no close with 4001");
    }
    scene.end().await;
}
