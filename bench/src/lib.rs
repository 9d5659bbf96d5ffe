//! `groupcast bench`: how fast messages reach everybody, measured in some seconds on the machine at hand.
//!
//! It starts a server as a process of its own, opens sockets in JSON mode, sends, and reads on all of them when each
//! message came. It knows the server from outside alone, and shares the machine with it: what it measures is both. The
//! benchmarks in `benches/` measure more finely, beside yardsticks; this one is for an operator's first look.

mod crowd;
mod error;
mod listener;
mod options;
mod phase;
mod report;
mod scene;
mod tally;

use std::time::Duration;

use groupcast_kit::process::Process;

use crowd::Crowd;
pub use error::BenchError;
pub use options::Options;
use phase::{Pace, Phase};
pub use report::Report;
use scene::Scene;

/// Messages of a sender under way at a time, flat out.
const WINDOW: usize = 32;

/// Measures what `options` say.
///
/// # Errors
/// If the server does not start, or a socket does not get what it should.
pub async fn run(options: &Options) -> Result<Report, BenchError> {
    let scene = Scene::start(options).await?;
    let mut crowd = Crowd::open(&scene, options).await?;
    let seconds = Duration::from_secs(options.seconds);
    let mut phases = Vec::new();
    for pace in [Pace::PerSecond(options.rate), Pace::Window(WINDOW)] {
        phases.push(measured(&scene.server, crowd.run(pace, seconds)).await?);
    }
    let memory = scene.server.memory("VmHWM").ok();
    Ok(Report { store: scene.store, sockets: options.sockets, groups: options.groups, memory, phases })
}

/// A phase, with the CPU time that the server has spent on it.
async fn measured(
    server: &Process,
    phase: impl Future<Output = Result<Phase, BenchError>>,
) -> Result<Phase, BenchError> {
    let before = server.cpu().ok();
    let mut phase = phase.await?;
    phase.cpu = before.zip(server.cpu().ok()).map(|(before, after)| after.saturating_sub(before));
    Ok(phase)
}
