//! A whole check, from the first start of the servers to the report.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use groupcast_kit::process::Process;
use groupcast_kit::random::Random;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::check::Check;
use crate::database::Database;
use crate::error::VerifyError;
use crate::fault::Fault;
use crate::history::read_history;
use crate::ids::{GroupId, Seq};
use crate::launch::Launch;
use crate::links::{Addresses, Links};
use crate::node::Node;
use crate::nodes::Nodes;
use crate::options::Options;
use crate::plan::{Planned, draw};
use crate::presence::differing;
use crate::progress::Progress;
use crate::report::{Report, Several};
use crate::rest::Rest;
use crate::setup::Setup;
use crate::shared::{Phase, Shared};
use crate::trouble::Trouble;

/// How often it is looked whether something has moved on.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Which of the sequences that follow from the seed say what happens to servers, and to whom of them.
const PLAN_STREAM: u64 = u64::MAX;
const NODES_STREAM: u64 = u64::MAX - 1;

/// A run under way.
struct Run<'o> {
    options: &'o Options,
    nodes: Nodes,
    shared: Arc<Shared>,
    presence: Duration,
}

/// A server that was started, and how it is started again.
struct Started {
    launch: Launch,
    process: Process,
    links: Arc<Links>,
}

impl Check {
    /// Runs it. Writes its progress to standard error.
    ///
    /// # Errors
    /// [`VerifyError`] if it could not be brought to an end, be it that a server does not come back.
    pub async fn run(&self) -> Result<Report, VerifyError> {
        let options = &self.options;
        let random = || getrandom::u64().map_err(|error| VerifyError::System(error.into()));
        let seed = options.seed.map_or_else(random, Ok)?;
        let directory = tempfile::Builder::new().prefix("groupcast-verify-").tempdir()?;
        let temporary = || Database::Sqlite(directory.path().join("groupcast.sqlite"));
        let database = self.database.clone().unwrap_or_else(temporary);
        let start = Instant::now();
        let mut started = Vec::new();
        for _ in 0..options.nodes {
            started.push(self.start(&database).await?);
        }
        let rest = Rest { address: started[0].process.address(), patience: options.patience };
        let setup = Setup::create(rest, options, &format!("{:08x}", random()? as u32)).await?;

        let shared =
            Arc::new(Shared::new(setup.ledger(seed), options.nodes, options.patience, options.cut_every));
        let allowed = |trouble: &Trouble| started[0].links.allow(*trouble);
        let kinds: Vec<Trouble> = Trouble::DRAWN.into_iter().filter(allowed).collect();
        let mut random = Random::stream(seed, PLAN_STREAM);
        let plan = draw(options.kills, options.faults(), &kinds, options.sending(), &mut random);
        let links = started.iter().map(|server| Arc::clone(&server.links)).collect();
        let nodes = started.into_iter().enumerate().map(|(index, Started { launch, process, links })| {
            Node::new(index, launch, process, links, Arc::clone(&shared))
        });
        let nodes = nodes.collect();
        let nodes = Nodes::new(nodes, links, Random::stream(seed, NODES_STREAM), Arc::clone(&shared));
        let mut run = Run { options, nodes, shared, presence: Duration::ZERO };
        run.play(&setup, seed, plan, start).await?;
        run.nodes.kill().await?;

        let Run { shared, presence, .. } = run;
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
        let timing = shared.timing();
        Ok(Report {
            store,
            seed,
            took: start.elapsed(),
            kills: shared.kills.load(Ordering::Relaxed),
            cuts: shared.cuts.load(Ordering::Relaxed),
            longest_outage: timing.longest_outage,
            counts: ledger.counts(),
            faults,
            several: (options.nodes > 1)
                .then(|| Several::of(&timing, options.nodes, self.cluster.to_string(), presence)),
        })
    }

    /// Starts one of the servers.
    async fn start(&self, database: &Database) -> Result<Started, VerifyError> {
        let (links, Addresses { database_url, cluster }) = if self.options.nodes > 1 {
            Links::lay(database, &self.cluster).await?
        } else {
            (Links::default(), Addresses { database_url: database.url(), cluster: None })
        };
        let launch = Launch::new(&self.options, database_url, cluster)?;
        Ok(Started { process: launch.start().await?, launch, links: Arc::new(links) })
    }
}

impl Run<'_> {
    /// Lets all clients live their lives, and waits until there is nothing more to see.
    async fn play(
        &mut self,
        setup: &Setup,
        seed: u64,
        plan: Vec<Planned>,
        start: Instant,
    ) -> Result<(), VerifyError> {
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
        self.nodes.begin(plan);
        self.nodes.wait_until(Instant::now() + self.options.sending()).await?;
        self.until("all has befallen that is to", |run| run.nodes.all_have_begun()).await?;
        self.acked_more().await?;
        self.shared.phase.send_replace(Phase::Acking);
        self.all_done("everything is acked", &mut senders).await?;
        self.until("the last trouble is over", |run| run.nodes.are_calm()).await?;
        if self.options.nodes > 1 {
            self.check_presence(setup).await?;
        }
        self.read_stored(setup).await?;
        self.shared.phase.send_replace(Phase::Seeing);
        for receiver in setup.late_receivers(seed, &self.shared) {
            receivers.spawn(receiver.run());
        }
        match self.all_done("everything is seen", &mut receivers).await {
            Err(error @ VerifyError::Server(_)) => Err(error),
            // What was not seen is for the ledger to tell.
            _ => Ok(()),
        }
    }

    /// Waits until something more is answered.
    async fn acked_more(&mut self) -> Result<(), VerifyError> {
        let answered = self.shared.ledger().counts().answered();
        self.until("a message is acked", |run| run.shared.ledger().counts().answered() > answered).await
    }

    /// Waits until all of these tasks have ended.
    async fn all_done(&mut self, what: &str, tasks: &mut JoinSet<()>) -> Result<(), VerifyError> {
        self.until(what, |_| {
            while tasks.try_join_next().is_some() {}
            tasks.is_empty()
        })
        .await
    }

    /// The servers' clients, but for those who receive, are gone: do all servers know?
    async fn check_presence(&mut self, setup: &Setup) -> Result<(), VerifyError> {
        let (wrong, took) = differing(&self.addresses(), self.options.patience, &setup.present()).await?;
        self.presence = took;
        let mut ledger = self.shared.ledger();
        wrong.into_iter().for_each(|told| ledger.at_fault(Fault::Presence, told));
        Ok(())
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.shared.servers.borrow().iter().filter_map(|standing| standing.address()).collect()
    }

    /// Reads all that is stored into the ledger: the log, and then of each server in two ways lists of the messages.
    async fn read_stored(&self, setup: &Setup) -> Result<(), VerifyError> {
        let patience = self.options.patience;
        let clients: Vec<_> =
            self.addresses().into_iter().map(|address| Rest { address, patience }).collect();
        for (group, path) in setup.late_paths() {
            for (server, rest) in clients.iter().enumerate() {
                if server == 0 {
                    self.read_log(rest, group).await?;
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
                self.shared.ledger().list(&format!("messages/ of server {server}"), group, &all);
                let all = read_history(&self.shared, group, &path, server).await?;
                self.shared.ledger().list(&format!("history of server {server}"), group, &all);
            }
        }
        Ok(())
    }

    async fn read_log(&self, rest: &Rest, group: GroupId) -> Result<(), VerifyError> {
        let mut last = Seq(0);
        loop {
            let page = rest.log(group, last).await?;
            // A page that does not lead on would be read for ever.
            let Some(next) = page.iter().map(|entry| entry.head().seq).max().filter(|&seq| seq > last) else {
                return Ok(());
            };
            last = next;
            let mut ledger = self.shared.ledger();
            page.iter().for_each(|entry| ledger.store(group, entry));
        }
    }

    /// Waits until `reached` says yes; no longer than the patience lasts without any ack or entry seen.
    async fn until(&mut self, what: &str, mut reached: impl FnMut(&Self) -> bool) -> Result<(), VerifyError> {
        let progress = |shared: &Shared| shared.ledger().counts().progress();
        let mut last = (Instant::now(), progress(&self.shared));
        while !reached(self) {
            self.nodes.wait_until(Instant::now() + LOOK_EVERY).await?;
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
