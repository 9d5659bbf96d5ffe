//! LISTEN and NOTIFY as a carrier, over a Postgres.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use groupcast::cluster::{Carrier, NotifyCarrier, Subject};
use groupcast::store::{Asked, Notifications, StoreError};
use tokio::sync::{Mutex, mpsc};
use tokio_postgres::{AsyncMessage, Client, NoTls};

use crate::support::database::postgres_url;
use crate::support::patiently;

/// The least that notifies and listens.
struct Listening {
    client: Client,
    texts: Mutex<mpsc::Receiver<String>>,
    is_up: Arc<AtomicBool>,
}

impl Listening {
    async fn to(url: &str) -> Arc<Self> {
        let (client, mut connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let (sender, texts) = mpsc::channel(100_000);
        let is_up = Arc::new(AtomicBool::new(true));
        let stands = Arc::clone(&is_up);
        tokio::spawn(async move {
            let mut messages = stream::poll_fn(move |cx| connection.poll_message(cx));
            while let Some(Ok(message)) = messages.next().await {
                if let AsyncMessage::Notification(notification) = message {
                    sender.try_send(notification.payload().to_owned()).unwrap();
                }
            }
            stands.store(false, Ordering::Relaxed);
        });
        client.batch_execute("LISTEN test").await.unwrap();
        Arc::new(Self { client, texts: Mutex::new(texts), is_up })
    }
}

impl Notifications for Listening {
    fn notify(&self, payloads: Vec<String>) -> Asked<'_, ()> {
        Box::pin(async move {
            let statement = "SELECT pg_notify('test', text) FROM unnest($1::text[]) AS text";
            let done = self.client.execute(statement, &[&payloads]).await;
            done.map(drop).map_err(|error| StoreError::Unavailable(error.into()))
        })
    }

    fn next(&self) -> BoxFuture<'_, String> {
        Box::pin(async move {
            match self.texts.lock().await.recv().await {
                Some(text) => text,
                None => std::future::pending().await,
            }
        })
    }

    fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }
}

async fn next(node: &dyn Carrier) -> (Subject, Bytes) {
    let arrived = patiently("a payload", node.next()).await;
    (arrived.subject, arrived.payload)
}

#[tokio::test]
async fn payloads_go_through_the_database() {
    let url = postgres_url().await;
    let (a, b) = (Listening::to(&url).await, Listening::to(&url).await);
    let (a, b) = (NotifyCarrier::start(a), NotifyCarrier::start(b));
    assert!(a.is_up() && b.is_up());

    // In the order of their subject, and only to those who listen.
    b.listen(-3).await;
    for number in 0..1_000_u32 {
        for subject in [Subject::All, Subject::Shard(-3), Subject::Shard(4)] {
            a.publish(subject, number.to_be_bytes().to_vec().into());
        }
    }
    let mut counts = [0, 0];
    for _ in 0..2_000 {
        let (subject, payload) = next(&*b).await;
        let count = &mut counts[usize::from(subject == Subject::Shard(-3))];
        assert_eq!(payload, Vec::from(u32::to_be_bytes(*count)), "{subject:?}");
        assert_ne!(subject, Subject::Shard(4));
        *count += 1;
    }
    assert_eq!(next(&*a).await.0, Subject::All);
    b.unlisten(-3);
    a.publish(Subject::Shard(-3), Bytes::from_static(b"unheard"));

    // The largest passes, what is larger does not.
    let largest = vec![0xff; a.payload_bytes_max()];
    a.publish(Subject::All, largest.clone().into());
    assert_eq!(next(&*b).await, (Subject::All, largest.into()));
    a.publish(Subject::All, vec![0; a.payload_bytes_max() + 1].into());
    assert_eq!((a.dropped(), b.dropped()), (1, 0));

    // What does not fit is dropped and counted. Nothing else runs meanwhile.
    for _ in 0..20_000 {
        a.publish(Subject::All, Bytes::from_static(b"many"));
    }
    assert_eq!(a.dropped(), 1 + 20_000 - 16_384);
}
