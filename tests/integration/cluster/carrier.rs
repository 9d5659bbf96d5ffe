//! NATS as a carrier, with a real server, which is also frozen, killed and cut off.

use std::sync::{Arc, Once};

use bytes::Bytes;
use groupcast::cluster::{Carrier, NatsCarrier, Subject};
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::link::Link;
use crate::support::nats::Nats;
use crate::support::{patiently, until};

const DATABASE: &str = "test";

async fn node(url: &str) -> Arc<dyn Carrier> {
    NatsCarrier::start(&url.parse().unwrap(), DATABASE).await.unwrap()
}

async fn node_that_is_up(url: &str) -> Arc<dyn Carrier> {
    let node = node(url).await;
    up(&*node).await;
    node
}

async fn up(node: &dyn Carrier) {
    until("the carrier to be up", async || node.is_up().then_some(())).await;
}

async fn down(node: &dyn Carrier) {
    until("the carrier to be down", async || (!node.is_up()).then_some(())).await;
}

fn text(payload: &str) -> Bytes {
    Bytes::copy_from_slice(payload.as_bytes())
}

/// The next that comes, as a text.
async fn next(node: &dyn Carrier) -> (Subject, String) {
    let arrived = patiently("a payload", node.next()).await;
    (arrived.subject, String::from_utf8(arrived.payload.to_vec()).unwrap())
}

/// Publishes this from `from` to all until it comes to `to`, and gives what came before it.
async fn before(from: &dyn Carrier, to: &dyn Carrier, word: &str) -> Vec<(Subject, String)> {
    from.publish(Subject::All, text(word));
    let mut earlier = Vec::new();
    loop {
        match next(to).await {
            (Subject::All, came) if came == word => return earlier,
            other => earlier.push(other),
        }
    }
}

#[tokio::test]
async fn payloads_arrive_in_the_order_of_their_subject() {
    const PER_SUBJECT: usize = 2_000;
    let nats = Nats::launch();
    let (a, b) = (node_that_is_up(&nats.url()).await, node_that_is_up(&nats.url()).await);
    let subjects = [Subject::All, Subject::Shard(0), Subject::Shard(-1), Subject::Shard(i64::MAX)];
    for shard in [0, -1, i64::MAX] {
        a.listen(shard).await;
        b.listen(shard).await;
    }
    for number in 0..PER_SUBJECT {
        for subject in subjects {
            a.publish(subject, text(&number.to_string()));
        }
    }
    // A node hears itself too.
    for node in [&a, &b] {
        let mut counts = [0; 4];
        for _ in 0..4 * PER_SUBJECT {
            let (subject, number) = next(&**node).await;
            let count = &mut counts[subjects.iter().position(|known| *known == subject).unwrap()];
            assert_eq!(number, count.to_string(), "{subject:?}");
            *count += 1;
        }
        assert_eq!(node.dropped(), 0);
    }
}

#[tokio::test]
async fn what_is_published_after_listening_arrives() {
    let nats = Nats::launch();
    let (a, b) = (node_that_is_up(&nats.url()).await, node_that_is_up(&nats.url()).await);
    for shard in 0..300 {
        b.listen(shard).await;
        a.publish(Subject::Shard(shard), text("x"));
        assert_eq!(next(&*b).await, (Subject::Shard(shard), "x".to_owned()));
        // It holds already.
        b.listen(shard).await;
    }
    for shard in 0..300 {
        b.unlisten(shard);
    }
    until("the end of listening", async || {
        a.publish(Subject::Shard(7), text("unheard"));
        before(&*a, &*b, "heard").await.is_empty().then_some(())
    })
    .await;
    // Once only, however often it has begun and ended.
    for _ in 0..50 {
        b.unlisten(7);
        b.listen(7).await;
        b.listen(7).await;
    }
    a.publish(Subject::Shard(7), text("again"));
    assert_eq!(next(&*b).await, (Subject::Shard(7), "again".to_owned()));
    assert!(before(&*a, &*b, "end").await.is_empty());
}

#[tokio::test]
async fn databases_share_a_nats() {
    let nats = Nats::launch();
    let (a, b) = (node_that_is_up(&nats.url()).await, node_that_is_up(&nats.url()).await);
    let other = NatsCarrier::start(&nats.url().parse().unwrap(), "other").await.unwrap();
    up(&*other).await;
    other.publish(Subject::All, text("unheard"));
    assert_eq!(next(&*other).await.1, "unheard");
    assert!(before(&*a, &*b, "heard").await.is_empty());
    for name in ["", "a.b", ">"] {
        assert!(NatsCarrier::start(&nats.url().parse().unwrap(), name).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_frozen_nats_blocks_nobody_and_is_noticed() {
    let nats = Nats::launch();
    let (a, b) = (node_that_is_up(&nats.url()).await, node_that_is_up(&nats.url()).await);
    let payload = Bytes::from(vec![b'x'; 8 << 10]);
    let frozen = nats.freeze();
    // More than may wait. Nothing else runs meanwhile: would one of them wait, all would.
    for _ in 0..20_000 {
        a.publish(Subject::All, payload.clone());
    }
    let dropped = a.dropped();
    assert!(dropped > 10_000 && dropped < 20_000, "{dropped}");
    patiently("an answer all the same", a.listen(1)).await;
    down(&*a).await;
    // Nothing waits for its return once it is known that it is away.
    until("what waits to be dropped", async || (a.dropped() > 19_000).then_some(())).await;
    let dropped = a.dropped();
    a.publish(Subject::All, payload.clone());
    assert_eq!(a.dropped(), dropped + 1);

    drop(frozen);
    up(&*a).await;
    up(&*b).await;
    // The subscription that was not made is made.
    until("what is published to the shard", async || {
        b.publish(Subject::Shard(1), text("healed"));
        let came = before(&*b, &*a, "all").await;
        came.contains(&(Subject::Shard(1), "healed".to_owned())).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_restarted_nats_heals() {
    let nats = Nats::launch();
    let (a, b) = (node_that_is_up(&nats.url()).await, node_that_is_up(&nats.url()).await);
    b.listen(5).await;
    for round in 1..=3 {
        nats.stop();
        down(&*a).await;
        down(&*b).await;
        a.publish(Subject::Shard(5), text("lost"));
        assert_eq!(a.dropped(), round);
        nats.start();
        up(&*a).await;
        up(&*b).await;
        // Neither side listens anew.
        a.publish(Subject::Shard(5), text("back"));
        assert_eq!(next(&*b).await, (Subject::Shard(5), "back".to_owned()));
        b.listen(5 + i64::try_from(round).unwrap()).await;
    }
}

#[tokio::test]
async fn any_of_several_servers_does() {
    let (one, other) = (Nats::launch(), Nats::launch());
    let node = node_that_is_up(&format!("{},127.0.0.1:{}", one.url(), other.port())).await;
    for nats in [&one, &other] {
        let _frozen = nats.freeze();
        // Heard again and again, so not by the one that stands still, whatever was on its way.
        for _ in 0..5 {
            until("a way around the frozen one", async || {
                node.publish(Subject::All, text("around"));
                tokio::time::timeout(std::time::Duration::from_millis(100), node.next()).await.ok()
            })
            .await;
        }
    }
}

#[tokio::test]
async fn it_begins_without_nats() {
    let nats = Nats::launch();
    nats.stop();
    let node = node(&format!("{},127.0.0.1:1", nats.url())).await;
    assert!(!node.is_up());
    assert!(node.payload_bytes_max() >= 4_096);
    // More than the client takes.
    for shard in 0..100 {
        patiently("an answer all the same", node.listen(shard)).await;
    }
    node.publish(Subject::All, text("lost"));
    assert_eq!(node.dropped(), 1);
    nats.start();
    up(&*node).await;
    until("all subscriptions", async || {
        node.listen(99).await;
        for shard in 0..100 {
            node.publish(Subject::Shard(shard), text("x"));
        }
        (before(&*node, &*node, "all").await.len() == 100).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_takes_too_slowly_loses_and_stays() {
    let nats = Nats::launch();
    let (a, b) = (node_that_is_up(&nats.url()).await, node_that_is_up(&nats.url()).await);
    b.listen(1).await;
    let payload = Bytes::from(vec![b'x'; a.payload_bytes_max()]);
    until("more than may wait", async || {
        a.publish(Subject::Shard(1), payload.clone());
        (b.dropped() > 10).then_some(())
    })
    .await;
    assert!(b.is_up());
    let earlier = tokio::time::timeout(std::time::Duration::from_millis(500), async {
        loop {
            b.next().await;
        }
    });
    assert!(earlier.await.is_err());
    a.publish(Subject::Shard(1), text("small"));
    assert_eq!(next(&*b).await, (Subject::Shard(1), "small".to_owned()));
}

#[tokio::test]
async fn what_is_too_large_is_dropped() {
    let nats = Nats::launch();
    let node = node_that_is_up(&nats.url()).await;
    let max = node.payload_bytes_max();
    assert_eq!(max, 1 << 20);
    node.publish(Subject::All, vec![b'x'; max + 1].into());
    assert_eq!(node.dropped(), 1);
    node.publish(Subject::All, vec![b'y'; max].into());
    assert_eq!(next(&*node).await.1, "y".repeat(max));
    assert!(node.is_up());
}

#[tokio::test]
async fn a_cut_link_is_noticed_and_mended() {
    let nats = Nats::launch();
    let link = Link::to(nats.port()).await.unwrap();
    let a = node_that_is_up(&format!("nats://127.0.0.1:{}", link.port())).await;
    let b = node_that_is_up(&nats.url()).await;
    a.listen(1).await;
    for round in 0..2 {
        link.cut();
        down(&*a).await;
        assert!(b.is_up());
        link.mend();
        up(&*a).await;
        b.publish(Subject::Shard(1), text(&format!("mended {round}")));
        assert_eq!(next(&*a).await, (Subject::Shard(1), format!("mended {round}")));
        link.sever();
        // It may be back before anybody looks.
        until("a new connection", async || {
            b.publish(Subject::Shard(1), text("closed"));
            tokio::time::timeout(std::time::Duration::from_millis(100), a.next()).await.ok()
        })
        .await;
        up(&*a).await;
        before(&*b, &*a, "end").await;
        before(&*a, &*a, "end").await;
    }
}

/// Has whoever logs ask each time whether somebody listens. While threads begin and cease to, an answer that is remembered
/// may be that of another moment.
fn keep_listening() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let nobody = dynamic_filter_fn(|_, _| false);
        // Somebody else may have been first.
        _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(nobody));
    });
}

/// All that is logged on this thread, and so by a test's own runtime.
struct Log {
    file: tempfile::NamedTempFile,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Log {
    fn start() -> Self {
        keep_listening();
        let file = tempfile::NamedTempFile::new().unwrap();
        let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        let logging = lines.with_writer(Arc::new(file.reopen().unwrap())).finish();
        Self { file, _guard: tracing::subscriber::set_default(logging) }
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.file.path()).unwrap()
    }

    /// A warning of ours with this word.
    async fn warning(&self, word: &str) -> String {
        until("a warning in the log", async || {
            let is_it = |line: &&str| line.contains("WARN groupcast") && line.contains(word);
            self.text().lines().find(is_it).map(str::to_owned)
        })
        .await
    }
}

#[tokio::test]
async fn the_log_tells_of_wrong_credentials_and_not_which() {
    let nats = Nats::launch_with(&["--user", "alice", "--pass", "right-hidden"]);
    let log = Log::start();
    let address = nats.url().replace("nats://", "");
    let refused = node(&format!("nats://alice:wrong-hidden@{address}")).await;
    let warning = log.warning("authorization violation").await;
    assert!(warning.contains("alice:***@127"), "{warning}");
    assert!(!refused.is_up());
    up(&*node(&format!("nats://alice:right-hidden@{address}")).await).await;
    assert!(!log.text().contains("hidden"), "{}", log.text());
}

#[tokio::test]
async fn tokens_are_taken() {
    let nats = Nats::launch_with(&["--auth", "right"]);
    up(&*node(&nats.url().replace("nats://", "nats://right@")).await).await;
    let log = Log::start();
    let refused = node(&nats.url()).await;
    log.warning("authorization violation").await;
    assert!(!refused.is_up());
}

#[tokio::test]
async fn nothing_is_said_without_tls_where_it_is_asked_for() {
    let nats = Nats::launch();
    let log = Log::start();
    let node = node(&nats.url().replace("nats://", "tls://")).await;
    log.warning(&format!("127.0.0.1:{}: ", nats.port())).await;
    assert!(!node.is_up());
}

#[tokio::test]
async fn a_host_without_address_is_told() {
    let log = Log::start();
    let node = node("nats://name.invalid").await;
    log.warning("no address").await;
    assert!(!node.is_up());
}
