//! What other nodes say through the database, by LISTEN and NOTIFY.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::ClientWrapper as Client;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{sleep, timeout};

use super::connect::{CONNECT_TIMEOUT, Connection, Target};
use super::error::unavailable;
use crate::store::StoreResult;

/// Texts that came and were not asked for yet; further ones are lost.
const QUEUE: usize = 1_024;

/// Time between attempts to get the connection back.
const RETRY: Duration = Duration::from_secs(1);

/// The texts that come.
pub(super) struct Heard {
    sender: mpsc::Sender<String>,
    receiver: Mutex<mpsc::Receiver<String>>,
    is_up: AtomicBool,
}

impl Heard {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        Self { sender, receiver: Mutex::new(receiver), is_up: AtomicBool::new(false) }
    }

    /// Whether the connection that listens stands.
    pub(super) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    /// The next text.
    pub(super) async fn next(&self) -> String {
        match self.receiver.lock().await.recv().await {
            Some(text) => text,
            // The sender lives as long as this.
            None => std::future::pending().await,
        }
    }

    /// Listens as long as it is polled.
    pub(super) async fn run(&self, target: Target) {
        let mut told = String::new();
        loop {
            let listening = timeout(CONNECT_TIMEOUT, self.listen(&target)).await;
            match listening.unwrap_or_else(|_| Err(unavailable("no answer in time"))) {
                Ok((_client, connection)) => {
                    told.clear();
                    self.is_up.store(true, Ordering::Relaxed);
                    _ = connection.await;
                    self.is_up.store(false, Ordering::Relaxed);
                }
                Err(error) => {
                    let reason = error.to_string();
                    if reason != told {
                        tracing::warn!("other nodes are not heard: {reason}");
                    }
                    told = reason;
                }
            }
            sleep(RETRY).await;
        }
    }

    async fn listen(&self, target: &Target) -> StoreResult<(tokio_postgres::Client, Connection)> {
        let (client, connection) = target.connect_to_hear(self.sender.clone()).await?;
        client.batch_execute("LISTEN groupcast").await?;
        Ok((client, connection))
    }
}

/// See [`Notifications::notify`](crate::store::Notifications::notify).
pub(super) async fn notify(client: &Client, payloads: Vec<String>) -> StoreResult<()> {
    let notify = client
        .prepare_cached("SELECT pg_notify('groupcast', said.text) FROM unnest($1::text[]) AS said (text)")
        .await?;
    client.query(&notify, &[&payloads]).await?;
    Ok(())
}
