//! The servers of a run, and the troubles that befall them.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use groupcast_kit::process::ProcessError;
use groupcast_kit::random::Random;
use tokio::time::{Instant, sleep, sleep_until};

use crate::error::VerifyError;
use crate::links::Links;
use crate::node::Node;
use crate::plan::Planned;
use crate::shared::Shared;
use crate::trouble::Trouble;

/// How often it is looked whether a trouble can begin.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The servers of a run.
pub(crate) struct Nodes {
    /// Those to which nothing happens.
    calm: Vec<Node>,
    under_way: FuturesUnordered<Pin<Box<dyn Future<Output = Over> + Send>>>,
    /// Those that have not begun, earliest first.
    plan: Vec<Planned>,
    /// When the first moment of the plan is.
    start: Instant,
    count: usize,
    links: Vec<Arc<Links>>,
    /// Whether something is done to NATS. One thing at a time, since one ends for all links.
    is_nats_away: bool,
    /// Servers that are about to start anew.
    starting: usize,
    /// What was answered when the last trouble began or ended.
    answered: u64,
    /// Whom it befalls.
    random: Random,
    shared: Arc<Shared>,
}

/// A trouble that is over.
struct Over {
    /// The server that it befell, if it was one.
    node: Option<Node>,
    trouble: Trouble,
    result: Result<(), VerifyError>,
}

impl Nodes {
    /// These, with their links, to which nothing happens yet.
    pub(crate) fn new(nodes: Vec<Node>, links: Vec<Arc<Links>>, random: Random, shared: Arc<Shared>) -> Self {
        Self {
            count: nodes.len(),
            calm: nodes,
            under_way: FuturesUnordered::new(),
            plan: Vec::new(),
            start: Instant::now(),
            links,
            is_nats_away: false,
            starting: 0,
            answered: 0,
            random,
            shared,
        }
    }

    /// Begins with a plan.
    pub(crate) fn begin(&mut self, plan: Vec<Planned>) {
        self.plan = plan;
        self.start = Instant::now();
    }

    /// Whether each trouble of the plan has begun.
    pub(crate) fn all_have_begun(&self) -> bool {
        self.plan.is_empty()
    }

    /// Whether none is under way.
    pub(crate) fn are_calm(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Waits until a moment, and has befall meanwhile what is planned. Fails as soon as a server does.
    pub(crate) async fn wait_until(&mut self, moment: Instant) -> Result<(), VerifyError> {
        loop {
            self.begin_what_is_due();
            let next = moment.min(Instant::now() + LOOK_EVERY);
            tokio::select! {
                () = sleep_until(next) => if next == moment { return Ok(()) },
                Some(over) = self.under_way.next() => self.end(over)?,
                error = one_failed(&mut self.calm) => return Err(error.into()),
            }
        }
    }

    /// Kills all of them.
    pub(crate) async fn kill(&mut self) -> Result<(), VerifyError> {
        for node in &mut self.calm {
            node.kill().await?;
        }
        Ok(())
    }

    fn begin_what_is_due(&mut self) {
        let elapsed = self.start.elapsed();
        // Servers that nobody uses yet would be troubled in vain.
        if self.plan.first().is_none_or(|planned| planned.at > elapsed)
            || self.shared.ledger().counts().answered() <= self.answered
        {
            return;
        }
        let due = self.plan.iter().take_while(|planned| planned.at <= elapsed);
        let Some(first) = due.map(|planned| planned.trouble).position(|trouble| self.can_begin(trouble))
        else {
            return;
        };
        let Planned { trouble, lasts, .. } = self.plan.remove(first);
        self.answered = self.shared.ledger().counts().answered();
        self.is_nats_away |= trouble.cuts_nats();
        self.starting += usize::from(trouble.restarts());
        let node = trouble.is_of_one().then(|| self.calm.swap_remove(self.random.size(self.calm.len())));
        self.shared.timing().begin(trouble, node.as_ref().map(|node| node.index));
        let links = self.links.clone();
        self.under_way.push(Box::pin(befall(trouble, lasts, node, links)));
    }

    /// Of several servers one stays calm, so that the clients have somewhere to go.
    fn can_begin(&self, trouble: Trouble) -> bool {
        let is_free = !trouble.is_of_one() || self.calm.len() > usize::from(self.count > 1);
        // One that does not find the database when it starts ends, and it is for others to start it again.
        let harms_start = trouble == Trouble::SeverDatabases && self.starting > 0;
        is_free && !harms_start && !(trouble.cuts_nats() && self.is_nats_away)
    }

    fn end(&mut self, over: Over) -> Result<(), VerifyError> {
        let Over { node, trouble, result } = over;
        let index = node.as_ref().map(|node| node.index);
        self.calm.extend(node);
        self.is_nats_away &= !trouble.cuts_nats();
        self.starting -= usize::from(trouble.restarts());
        self.shared.timing().end(trouble, index, Instant::now());
        self.answered = self.shared.ledger().counts().answered();
        result
    }
}

/// Lets a trouble befall a server or, without one, all links.
async fn befall(trouble: Trouble, lasts: Duration, node: Option<Node>, links: Vec<Arc<Links>>) -> Over {
    let is_of_all =
        matches!(trouble, Trouble::SeverDatabases | Trouble::HangNatsForAll | Trouble::KillWithoutNats);
    if is_of_all {
        links.iter().for_each(|links| links.begin(trouble));
    }
    let over = match node {
        Some(mut node) => {
            let result = node.suffer(trouble, lasts).await;
            Over { node: Some(node), trouble, result }
        }
        None => {
            if trouble.cuts_nats() {
                sleep(lasts).await;
            }
            Over { node: None, trouble, result: Ok(()) }
        }
    };
    if is_of_all && trouble.cuts_nats() {
        links.iter().for_each(|links| links.end(trouble));
    }
    over
}

/// The first of them that ends by itself.
async fn one_failed(nodes: &mut [Node]) -> ProcessError {
    let mut ends: FuturesUnordered<_> = nodes.iter_mut().map(Node::failed).collect();
    match ends.next().await {
        Some(error) => error,
        None => std::future::pending().await,
    }
}
