//! What the process uses, under the names that all Prometheus clients give it.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Reads the system's account of this process. Where there is none, nothing is shown.
#[derive(Debug)]
pub(super) struct Process;

/// What the system says of this process.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Time on all processors, of user and system.
    pub cpu_seconds: f64,
    /// Memory in use.
    pub resident_bytes: u64,
    /// Addresses in use.
    pub virtual_bytes: u64,
    /// Threads.
    pub threads: u64,
    /// Open files, connections among them.
    pub open_files: Option<u64>,
    /// Files that may be open; `None` also without a limit.
    pub open_files_max: Option<u64>,
    /// When it began, in seconds since 1970.
    pub started: Option<f64>,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(usage) = usage() else { return Ok(()) };
        put(
            &mut encoder,
            "process_cpu_seconds",
            "Time on all processors, of user and system",
            &ConstCounter::new(usage.cpu_seconds),
        )?;
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Memory in use", Some(usage.resident_bytes)),
            ("process_virtual_memory_bytes", "Addresses in use", Some(usage.virtual_bytes)),
            ("process_threads", "Threads", Some(usage.threads)),
            ("process_open_fds", "Open files", usage.open_files),
            ("process_max_fds", "Files that may be open", usage.open_files_max),
        ] {
            if let Some(value) = value {
                put(&mut encoder, name, help, &ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)))?;
            }
        }
        match usage.started {
            Some(started) => put(
                &mut encoder,
                "process_start_time_seconds",
                "When the process began, in seconds since 1970",
                &ConstGauge::new(started),
            ),
            None => Ok(()),
        }
    }
}

fn put(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> fmt::Result {
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}

/// What the system says; `None` where it says nothing.
#[cfg(target_os = "linux")]
pub(super) fn usage() -> Option<Usage> {
    let process = procfs::process::Process::myself().ok()?;
    let stat = process.stat().ok()?;
    let ticks = procfs::ticks_per_second() as f64;
    let limits = process.limits().ok();
    Some(Usage {
        cpu_seconds: (stat.utime + stat.stime) as f64 / ticks,
        resident_bytes: stat.rss * procfs::page_size(),
        virtual_bytes: stat.vsize,
        threads: u64::try_from(stat.num_threads).unwrap_or_default(),
        open_files: process.fd_count().ok().map(|count| count as u64),
        open_files_max: limits.and_then(|limits| match limits.max_open_files.soft_limit {
            procfs::process::LimitValue::Value(max) => Some(max),
            procfs::process::LimitValue::Unlimited => None,
        }),
        started: procfs::boot_time_secs().ok().map(|boot| boot as f64 + stat.starttime as f64 / ticks),
    })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn usage() -> Option<Usage> {
    None
}
