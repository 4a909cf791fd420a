//! Looks at this machine: processors, memory, disks, network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, UptimeStatus};
use charter_host::{Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::Probe;
use crate::probe::{Cause, ProbeError, Reading};

charter_deploy_model::kind! {
    /// Looks at this machine: processors, memory, disks, network.
    ///
    /// The limits are the deployment policy's: down above 90 % of the processors or 90 % of the memory, or with less
    /// than 15 % of a disk free; degraded above 80 % and with less than 20 % free. Processors are measured over the
    /// time of `sample-milliseconds`, and so is what disks and network move; that has no limit.
    ///
    /// ```toml
    /// [monitor.endpoints.machine]
    /// probe = { kind = "system", disks = ["/"] }
    /// ```
    pub static META: "system", needs Live, lane Shared {}
}

/// The section of a `system` probe.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SystemConfig {
    /// Paths whose disks are looked at.
    pub disks: Vec<PathBuf>,
    /// The processors are watched for so long, in milliseconds.
    pub sample_milliseconds: u64,
    /// Above this share the processors are degraded, in percent.
    pub warn_cpu_percent: f64,
    /// Above this share the processors are down, in percent.
    pub max_cpu_percent: f64,
    /// Above this share the memory is degraded, in percent.
    pub warn_memory_percent: f64,
    /// Above this share the memory is down, in percent.
    pub max_memory_percent: f64,
    /// With a smaller share free a disk is degraded, in percent.
    pub warn_disk_free_percent: f64,
    /// With a smaller share free a disk is down, in percent.
    pub min_disk_free_percent: f64,
}

impl Default for SystemConfig {
    fn default() -> Self {
        Self {
            disks: vec!["/".into()],
            sample_milliseconds: 1000,
            warn_cpu_percent: 80.0,
            max_cpu_percent: 90.0,
            warn_memory_percent: 80.0,
            max_memory_percent: 90.0,
            warn_disk_free_percent: 20.0,
            min_disk_free_percent: 15.0,
        }
    }
}

/// Looks at this machine.
#[derive(Debug)]
pub struct System {
    config: SystemConfig,
}

/// Builds the probe.
///
/// # Errors
/// When a limit is no share.
pub fn probe(config: SystemConfig, _: &Setup<'_>) -> Result<Box<dyn Probe>, Refusal> {
    let shares = [
        config.warn_cpu_percent,
        config.max_cpu_percent,
        config.warn_memory_percent,
        config.max_memory_percent,
        config.warn_disk_free_percent,
        config.min_disk_free_percent,
    ];
    if shares.iter().any(|share| !(0.0..=100.0).contains(share)) {
        return Err(Refusal("a limit is a share in percent, between 0 and 100".to_owned()));
    }
    Ok(Box::new(System { config }))
}

#[async_trait]
impl Probe for System {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn address(&self) -> String {
        "system://localhost".to_owned()
    }

    async fn measure(&self, scope: &Scope) -> Result<Reading, ProbeError> {
        let started = Instant::now();
        let (before, moved_before) = (ticks(&read("/proc/stat")?), moved());
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(self.config.sample_milliseconds)) => {}
            () = scope.cancel.cancelled() => return Err(ProbeError::Cancelled),
        }
        let (moved_after, seconds) = (moved(), started.elapsed().as_secs_f64());
        let disks = tokio::select! {
            disks = disks(self.config.disks.clone()) => disks?,
            () = scope.cancel.cancelled() => return Err(ProbeError::Cancelled),
        };
        let busy = before.zip(ticks(&read("/proc/stat")?)).and_then(|(before, after)| share_between(before, after));
        let memory = used_memory(&read("/proc/meminfo")?);
        let mut reading = Reading::up(started.elapsed());
        let mut note = |name: String, value: Option<f64>| value.map(|value| reading.figures.insert(name, value));
        note("cpuPercent".to_owned(), busy);
        note("memoryPercent".to_owned(), memory);
        for (name, after) in &moved_after {
            let bytes = moved_before.get(name).and_then(|before| after.checked_sub(*before));
            #[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
            note(format!("{name}BytesPerSecond"), bytes.filter(|_| seconds > 0.0).map(|bytes| bytes as f64 / seconds));
        }
        let limits = &self.config;
        let mut causes = vec![
            above("processors are busy", "cpu", busy, limits.warn_cpu_percent, limits.max_cpu_percent),
            above("memory is in use", "memory", memory, limits.warn_memory_percent, limits.max_memory_percent),
        ];
        for (disk, percent) in disks {
            note(format!("diskFreePercent:{}", disk.display()), percent);
            let what = format!("of the disk of {} is in use", disk.display());
            let used = percent.map(|free| 100.0 - free);
            let (warn, max) = (100.0 - limits.warn_disk_free_percent, 100.0 - limits.min_disk_free_percent);
            causes.push(above(&what, "disk", used, warn, max));
        }
        let worst = causes.into_iter().flatten().max_by_key(|(status, _)| *status == UptimeStatus::Down);
        if let Some((status, cause)) = worst {
            (reading.status, reading.cause) = (status, Some(cause));
        }
        Ok(reading)
    }
}

/// After so long a disk that says nothing about itself is not waited for any more: network disks hang.
const DISK_LIMIT: Duration = Duration::from_secs(5);

/// Returns which share of each disk is free, in percent.
async fn disks(paths: Vec<PathBuf>) -> Result<Vec<(PathBuf, Option<f64>)>, ProbeError> {
    let mut all = Vec::new();
    for path in paths {
        let asked = path.clone();
        let free = tokio::task::spawn_blocking(move || rustix::fs::statvfs(&asked).map_err(io::Error::from));
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| ProbeError::Other {
            doing: format!("look at the disk of {}", path.display()),
            source,
        };
        let at = match tokio::time::timeout(DISK_LIMIT, free).await {
            Err(late) => Err(failed(late.into())),
            Ok(Err(lost)) => Err(failed(lost.into())),
            Ok(Ok(at)) => at.map_err(|error| failed(error.into())),
        }?;
        // As `df` counts: what only root may use is in use.
        let (used, free) = (at.f_blocks.saturating_sub(at.f_bfree), at.f_bavail);
        all.push((path, share(free, used + free)));
    }
    Ok(all)
}

/// Returns how many bytes disks and network have moved since this machine started; what the kernel does not tell is
/// left out.
fn moved() -> BTreeMap<&'static str, u64> {
    let of_disks =
        |text: String| bytes_of_disks(&text, |name| Path::new("/sys/block").join(name).join("device").exists());
    let disks = fs::read_to_string("/proc/diskstats").ok().map(of_disks);
    let network = fs::read_to_string("/proc/net/dev").ok().map(|text| bytes_of_network(&text));
    let named = |names: [&'static str; 2], figures: [u64; 2]| names.into_iter().zip(figures);
    let disks = disks.into_iter().flat_map(|it| named(["diskRead", "diskWritten"], it));
    disks.chain(network.into_iter().flat_map(|it| named(["networkReceived", "networkSent"], it))).collect()
}

/// Sums up whole disks (`Documentation/admin-guide/iostats.rst`: sectors of 512 bytes in fields 3 and 7 after the
/// name), without their partitions and what lies on top of them.
fn bytes_of_disks(text: &str, is_whole: impl Fn(&str) -> bool) -> [u64; 2] {
    let mut sum = [0_u64; 2];
    for line in text.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
        if let (Some(name), Some(read), Some(written)) = (fields.get(2), number(5), number(9))
            && is_whole(name)
        {
            sum = [sum[0].saturating_add(read.saturating_mul(512)), sum[1].saturating_add(written.saturating_mul(512))];
        }
    }
    sum
}

/// Sums up all interfaces but the loopback (`proc_pid_net(5)`).
fn bytes_of_network(text: &str) -> [u64; 2] {
    let mut sum = [0_u64; 2];
    for (name, rest) in text.lines().filter_map(|line| line.split_once(':')) {
        let fields: Vec<u64> = rest.split_whitespace().map_while(|field| field.parse().ok()).collect();
        if let (Some(received), Some(sent), false) = (fields.first(), fields.get(8), name.trim() == "lo") {
            sum = [sum[0].saturating_add(*received), sum[1].saturating_add(*sent)];
        }
    }
    sum
}

fn read(path: &str) -> Result<String, ProbeError> {
    fs::read_to_string(path)
        .map_err(|error| ProbeError::Other { doing: format!("read {path}"), source: Box::new(error) })
}

/// Returns the ticks in which a processor worked, and all ticks (`proc_stat(5)`).
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> = line.split_whitespace().map_while(|field| field.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal: guests are in user already.
    let all: u64 = fields.iter().take(8).sum();
    let idle = fields.get(3)? + fields.get(4).unwrap_or(&0);
    Some((all.checked_sub(idle)?, all))
}

fn share_between(before: (u64, u64), after: (u64, u64)) -> Option<f64> {
    share(after.0.checked_sub(before.0)?, after.1.checked_sub(before.1)?)
}

/// Returns the share of memory in use, as `free` counts: what can be had at once is not in use.
fn used_memory(text: &str) -> Option<f64> {
    let of = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let (total, available) = (of("MemTotal")?, of("MemAvailable")?);
    share(total.checked_sub(available)?, total)
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
}

fn above(what: &str, code: &str, value: Option<f64>, warn: f64, max: f64) -> Option<(UptimeStatus, Cause)> {
    let value = value?;
    let (status, limit) = if value > max {
        (UptimeStatus::Down, max)
    } else if value > warn {
        (UptimeStatus::Degraded, warn)
    } else {
        return None;
    };
    Some((status, Cause::new(code, format!("{value:.1} % {what}, of {limit} %"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_busy_for_the_share_of_ticks_between_two_looks() {
        let before = ticks("cpu  100 0 100 700 100 0 0 0 50 0\ncpu0 1 2 3\n").unwrap();
        let after = ticks("cpu  150 0 100 750 100 0 0 0 70 0\n").unwrap();
        assert_eq!(share_between(before, after), Some(50.0));
        assert_eq!(share_between(after, after), None, "no time has passed");
        assert_eq!(ticks("intr 1 2 3"), None);
    }

    #[test]
    fn whole_disks_and_real_interfaces_are_summed_up() {
        let disks = "   8 0 vda 10 0 4 0 20 0 6 0\n   8 1 vda1 10 0 4 0 20 0 6 0\n   8 16 vdb 1 0 1 0 1 0 1 0\nodd\n";
        assert_eq!(bytes_of_disks(disks, |name| !name.ends_with('1')), [5 * 512, 7 * 512]);
        let network = "Inter-| Receive\n face |bytes\n    lo: 9 1 0 0 0 0 0 0 9 1\n  eth0:700 1 0 0 0 0 0 0 800 1\n";
        assert_eq!(bytes_of_network(network), [700, 800]);
    }

    #[test]
    fn memory_that_can_be_had_is_not_in_use() {
        let text = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    250 kB\n";
        assert_eq!(used_memory(text), Some(75.0));
        assert_eq!(used_memory("MemTotal: 1000 kB\n"), None);
    }

    #[test]
    fn a_limit_is_passed_by_more_than_the_limit() {
        let status = |value| above("", "cpu", Some(value), 80.0, 90.0).map(|(status, _)| status);
        assert_eq!(status(80.0), None);
        assert_eq!(status(90.0), Some(UptimeStatus::Degraded));
        assert_eq!(status(90.1), Some(UptimeStatus::Down));
        assert!(above("", "cpu", None, 80.0, 90.0).is_none());
    }
}
