//! A server of a run, and what befalls it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use groupcast_kit::process::{Process, ProcessError, Signal};
use tokio::time::{Instant, sleep, timeout};

use crate::error::VerifyError;
use crate::launch::Launch;
use crate::links::Links;
use crate::seat::Standing;
use crate::shared::Shared;
use crate::trouble::Trouble;

/// One of the servers.
pub(crate) struct Node {
    /// Which one, from 0.
    pub(crate) index: usize,
    launch: Launch,
    process: Process,
    links: Arc<Links>,
    shared: Arc<Shared>,
}

impl Node {
    /// One that was started, and takes clients from now on.
    pub(crate) fn new(
        index: usize,
        launch: Launch,
        process: Process,
        links: Arc<Links>,
        shared: Arc<Shared>,
    ) -> Self {
        let node = Self { index, launch, process, links, shared };
        node.stands(Standing::Up(node.process.address()));
        node
    }

    /// Goes through a trouble of its own, and through what lasts that long.
    pub(crate) async fn suffer(&mut self, trouble: Trouble, lasts: Duration) -> Result<(), VerifyError> {
        match trouble {
            Trouble::Kill => self.kill_and_restart().await,
            Trouble::KillWithoutNats => {
                let end = Instant::now() + lasts;
                self.kill_and_restart().await?;
                self.stay(end.saturating_duration_since(Instant::now())).await
            }
            Trouble::Terminate => self.terminate_and_restart().await,
            Trouble::Freeze => {
                self.process.signal(Signal::STOP)?;
                self.stay(lasts).await?;
                Ok(self.process.signal(Signal::CONT)?)
            }
            Trouble::SeverDatabase => {
                self.links.begin(trouble);
                Ok(())
            }
            Trouble::HangDatabase | Trouble::HangNats | Trouble::RefuseNats => {
                self.links.begin(trouble);
                let stayed = self.stay(lasts).await;
                self.links.end(trouble);
                stayed
            }
            // These are not for one.
            Trouble::SeverDatabases | Trouble::HangNatsForAll => Ok(()),
        }
    }

    /// Waits for its end, which it should not come to by itself.
    pub(crate) async fn failed(&mut self) -> ProcessError {
        self.process.failed().await
    }

    /// Lets it be for so long, in which it should not end.
    async fn stay(&mut self, lasts: Duration) -> Result<(), VerifyError> {
        tokio::select! {
            () = sleep(lasts) => Ok(()),
            error = self.process.failed() => Err(error.into()),
        }
    }

    async fn kill_and_restart(&mut self) -> Result<(), VerifyError> {
        let killed = Instant::now();
        self.kill().await?;
        self.shared.kills.fetch_add(1, Ordering::Relaxed);
        self.restart().await?;
        let mut timing = self.shared.timing();
        timing.longest_outage = timing.longest_outage.max(killed.elapsed());
        Ok(())
    }

    /// Kills it.
    pub(crate) async fn kill(&mut self) -> Result<(), VerifyError> {
        self.stands(Standing::Killed(Instant::now()));
        let patience = self.shared.patience;
        ended(patience, "killed", self.process.kill()).await
    }

    async fn terminate_and_restart(&mut self) -> Result<(), VerifyError> {
        self.stands(Standing::Leaving);
        self.process.signal(Signal::TERM)?;
        let status = ended(self.shared.patience, "told to stop", self.process.exit()).await?;
        if !status.success() {
            self.shared.ledger().unexpected(&format!("server {} stopped with {status}", self.index));
        }
        self.restart().await
    }

    async fn restart(&mut self) -> Result<(), VerifyError> {
        self.process = self.launch.start().await?;
        self.stands(Standing::Up(self.process.address()));
        Ok(())
    }

    fn stands(&self, standing: Standing) {
        self.shared.servers.send_modify(|servers| servers[self.index] = standing);
    }
}

/// Waits for the end of a server to which this was done.
async fn ended<T>(
    patience: Duration,
    done: &str,
    end: impl Future<Output = io::Result<T>>,
) -> Result<T, VerifyError> {
    match timeout(patience, end).await {
        Ok(ended) => Ok(ended?),
        Err(_) => Err(VerifyError::Stuck(format!("the server was {done} and is there after {patience:?}"))),
    }
}
