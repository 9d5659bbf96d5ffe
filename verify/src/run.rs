//! A whole check, from the first start of the server to the report.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use groupcast_kit::process::Process;
use groupcast_kit::random::Random;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::check::Check;
use crate::database::Database;
use crate::error::VerifyError;
use crate::history::read_history;
use crate::ids::Seq;
use crate::launch::Launch;
use crate::options::Options;
use crate::progress::Progress;
use crate::report::Report;
use crate::rest::Rest;
use crate::setup::Setup;
use crate::shared::{Phase, Shared};

/// How often it is looked whether something has moved on.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Which of the sequences that follow from the seed says when the server is killed.
const KILL_STREAM: u64 = u64::MAX;

/// A run under way.
struct Run<'o> {
    options: &'o Options,
    launch: Launch,
    server: Process,
    shared: Arc<Shared>,
    longest_outage: Duration,
}

impl Check {
    /// Runs it. Writes its progress to standard error.
    ///
    /// # Errors
    /// [`VerifyError`] if it could not be brought to an end, be it that the server does not come back.
    pub async fn run(&self) -> Result<Report, VerifyError> {
        let options = &self.options;
        let random = || getrandom::u64().map_err(|error| VerifyError::System(error.into()));
        let seed = options.seed.map_or_else(random, Ok)?;
        let directory = tempfile::Builder::new().prefix("groupcast-verify-").tempdir()?;
        let temporary = || Database::Sqlite(directory.path().join("groupcast.sqlite"));
        let database = self.database.clone().unwrap_or_else(temporary);
        let launch = Launch::new(options, &database)?;
        let start = Instant::now();
        let server = launch.start().await?;
        let rest = Rest { address: server.address(), patience: options.patience };
        let setup = Setup::create(rest, options, &format!("{:08x}", random()? as u32)).await?;

        let shared = Arc::new(Shared::new(setup.ledger(seed), options.patience, options.cut_every));
        shared.address.send_replace(Some(server.address()));
        let mut run = Run { options, launch, server, shared, longest_outage: Duration::ZERO };
        run.play(&setup, seed, start).await?;
        run.kill().await?;

        let Run { shared, longest_outage, .. } = run;
        let mut ledger = shared.ledger();
        // A receiver that has not seen all is at fault, which says more than that it was waited for in vain.
        ledger.conclude();
        let faults = ledger.faults().clone();
        let store = match self.database {
            Some(_) => database.to_string(),
            None if faults.total() == 0 => "temporary SQLite file".to_owned(),
            // Somebody will want to look into it.
            None => {
                let _ = directory.keep();
                format!("{database} (kept)")
            }
        };
        Ok(Report {
            store,
            seed,
            took: start.elapsed(),
            kills: shared.kills.load(Ordering::Relaxed),
            cuts: shared.cuts.load(Ordering::Relaxed),
            longest_outage,
            counts: ledger.counts(),
            faults,
        })
    }
}

impl Run<'_> {
    /// Lets all clients live their lives, and waits until there is nothing more to see.
    async fn play(&mut self, setup: &Setup, seed: u64, start: Instant) -> Result<(), VerifyError> {
        // Dropping these ends their tasks.
        let (mut senders, mut receivers) = (JoinSet::new(), JoinSet::new());
        let _progress = Progress::show(Arc::clone(&self.shared), start);
        for receiver in setup.receivers(seed, &self.shared) {
            receivers.spawn(receiver.run());
        }
        for reader in setup.text_readers(seed, &self.shared) {
            receivers.spawn(reader.run());
        }
        for sender in setup.senders(self.options, seed, &self.shared) {
            senders.spawn(sender.run());
        }
        for poster in setup.posters(self.options, seed, &self.shared) {
            senders.spawn(poster.run());
        }
        self.send_and_kill(seed).await?;
        self.shared.phase.send_replace(Phase::Acking);
        self.all_done("everything is acked", &mut senders).await?;
        self.read_stored(setup).await?;
        self.shared.phase.send_replace(Phase::Seeing);
        receivers.spawn(setup.late_receiver(seed, &self.shared).run());
        match self.all_done("everything is seen", &mut receivers).await {
            Err(error @ VerifyError::Server(_)) => Err(error),
            // What was not seen is for the ledger to tell.
            _ => Ok(()),
        }
    }

    /// Lets the senders send, and kills the server at random moments meanwhile.
    async fn send_and_kill(&mut self, seed: u64) -> Result<(), VerifyError> {
        let start = Instant::now();
        let mut random = Random::stream(seed, KILL_STREAM);
        let sending = self.options.sending();
        let mut moments: Vec<_> = (0..self.options.kills).map(|_| random.time_below(sending)).collect();
        moments.sort();
        for moment in moments {
            self.wait_until(start + moment).await?;
            // A server that nobody uses yet would be killed in vain.
            self.acked_more().await?;
            self.kill_and_restart().await?;
        }
        self.wait_until(start + sending).await?;
        self.acked_more().await
    }

    async fn wait_until(&mut self, moment: Instant) -> Result<(), VerifyError> {
        tokio::select! {
            () = sleep_until(moment) => Ok(()),
            error = self.server.failed() => Err(error.into()),
        }
    }

    async fn kill_and_restart(&mut self) -> Result<(), VerifyError> {
        let killed = Instant::now();
        self.kill().await?;
        self.shared.address.send_replace(None);
        self.shared.kills.fetch_add(1, Ordering::Relaxed);
        self.server = self.launch.start().await?;
        self.shared.address.send_replace(Some(self.server.address()));
        self.longest_outage = self.longest_outage.max(killed.elapsed());
        Ok(())
    }

    async fn kill(&mut self) -> Result<(), VerifyError> {
        let patience = self.options.patience;
        match timeout(patience, self.server.kill()).await {
            Ok(killed) => Ok(killed?),
            Err(_) => {
                Err(VerifyError::Stuck(format!("the server was killed and is there after {patience:?}")))
            }
        }
    }

    /// Waits until something more is answered.
    async fn acked_more(&mut self) -> Result<(), VerifyError> {
        let answered = self.shared.ledger().counts().answered();
        self.until("a message is acked", |shared| shared.ledger().counts().answered() > answered).await
    }

    /// Waits until all of these tasks have ended.
    async fn all_done(&mut self, what: &str, tasks: &mut JoinSet<()>) -> Result<(), VerifyError> {
        self.until(what, |_| {
            while tasks.try_join_next().is_some() {}
            tasks.is_empty()
        })
        .await
    }

    /// Reads all that is stored into the ledger: the log, and then in two ways lists of the messages.
    async fn read_stored(&self, setup: &Setup) -> Result<(), VerifyError> {
        let rest = Rest { address: self.server.address(), patience: self.options.patience };
        for (group, path) in setup.late_paths() {
            let mut last = Seq(0);
            loop {
                let page = rest.log(group, last).await?;
                // A page that does not lead on would be read for ever.
                let Some(next) = page.iter().map(|entry| entry.head().seq).max().filter(|&seq| seq > last)
                else {
                    break;
                };
                last = next;
                let mut ledger = self.shared.ledger();
                page.iter().for_each(|entry| ledger.store(group, entry));
            }
            let (mut all, mut last) = (Vec::new(), Seq(0));
            loop {
                let page = rest.messages(group, last).await?;
                let Some(next) = page.iter().map(|message| message.seq).max().filter(|&seq| seq > last)
                else {
                    break;
                };
                last = next;
                all.extend(page);
            }
            self.shared.ledger().list("messages/", group, &all);
            let all = read_history(&self.shared, group, &path).await?;
            self.shared.ledger().list("history", group, &all);
        }
        Ok(())
    }

    /// Waits until `reached` says yes; no longer than the patience lasts without any ack or entry seen.
    async fn until(
        &mut self,
        what: &str,
        mut reached: impl FnMut(&Shared) -> bool,
    ) -> Result<(), VerifyError> {
        let progress = |shared: &Shared| shared.ledger().counts().progress();
        let mut last = (Instant::now(), progress(&self.shared));
        while !reached(&self.shared) {
            self.wait_until(Instant::now() + LOOK_EVERY).await?;
            let now = progress(&self.shared);
            if now != last.1 {
                last = (Instant::now(), now);
            } else if last.0.elapsed() > self.options.patience {
                let last_end = self.shared.last_end();
                let patience = self.options.patience;
                return Err(VerifyError::Stuck(format!(
                    "waited until {what}, and nothing has moved for {patience:?}; {last_end}"
                )));
            }
        }
        Ok(())
    }
}
