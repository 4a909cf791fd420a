//! Whether other programs leave the machine alone.

use std::fmt;
use std::thread::available_parallelism;
use std::time::Duration;

use charter_host::Scope;
use tokio::time::{Instant, sleep};

/// How long the processors are watched for one look.
const LOOK: Duration = Duration::from_millis(300);

/// How long to wait before the next look.
const PAUSE: Duration = Duration::from_secs(1);

/// The machine did not come to rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Busy {
    /// How much of the processors' time other programs took when it was last looked at, in percent.
    pub percent: f64,
    /// The load that the system reports, a mean over the last minute.
    pub load: f64,
    /// How many processors there are.
    pub processors: usize,
    /// How long it was waited for.
    pub waited: Duration,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { percent, load, processors, waited } = self;
        write!(
            f,
            "the machine is busy: other programs take {percent:.0} % of its {processors} processors (load {load:.1}), \
             and still did after {} s",
            waited.as_secs()
        )
    }
}

/// Waits until programs of others take at most this share of the processors' time, in percent, and for so long at most.
///
/// Call it only while nothing of one's own is at work: it looks at how idle the processors are, which no earlier
/// measurement has part in, unlike the load average. Where the system does not tell (`/proc/stat`), and where everything
/// is allowed, it does not wait.
///
/// # Errors
/// When the machine did not come to rest.
pub async fn wait_for_calm(most_percent: f64, patience: Duration, scope: &Scope) -> Result<(), Busy> {
    if most_percent >= 100.0 {
        return Ok(());
    }
    let began = Instant::now();
    while let Some(percent) = look().await {
        let waited = began.elapsed();
        if percent <= most_percent || scope.cancel.is_cancelled() {
            break;
        }
        if waited >= patience {
            let processors = available_parallelism().map_or(1, usize::from);
            return Err(Busy { percent, load: load(), processors, waited });
        }
        let doing = format!("waiting for other programs, which take {percent:.0} % of the processors");
        scope.progress(waited.as_secs(), Some(patience.as_secs()), &doing);
        sleep(PAUSE).await;
    }
    Ok(())
}

/// Returns the share of the processors' time that was taken, in percent.
async fn look() -> Option<f64> {
    let before = read()?;
    sleep(LOOK).await;
    let after = read()?;
    share(before, after)
}

fn read() -> Option<Times> {
    Times::parse(&std::fs::read_to_string("/proc/stat").ok()?)
}

fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or_default()
}

/// What the processors did since the machine started, in its own ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    all: u64,
    idle: u64,
}

impl Times {
    /// Reads the first line of `/proc/stat`: user, nice, system, idle, waiting for disks, and so on; the last two are
    /// in the first already.
    fn parse(text: &str) -> Option<Self> {
        let line = text.lines().next()?.strip_prefix("cpu ")?;
        let times: Vec<u64> = line.split_whitespace().take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
        let idle = times.get(3)?.saturating_add(*times.get(4)?);
        Some(Self { all: times.iter().fold(0, |sum, time| sum.saturating_add(*time)), idle })
    }
}

fn share(before: Times, after: Times) -> Option<f64> {
    let all = after.all.checked_sub(before.all).filter(|all| *all > 0)?;
    let idle = after.idle.saturating_sub(before.idle).min(all);
    Some(100.0 * (all - idle) as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_of_the_time_between_two_looks() {
        let before = Times::parse("cpu  100 0 50 800 50 0 0 0 7 0\ncpu0 …").unwrap();
        let after = Times::parse("cpu  180 0 70 850 100 0 0 0 9 0\n").unwrap();
        assert_eq!((before.all, after.all), (1000, 1200));
        assert_eq!(share(before, after), Some(50.0));
        assert_eq!(share(after, after), None);
        for torn in ["", "cpu", "cpu 1 2", "cpu  a b c d e", "intr 5"] {
            assert_eq!(Times::parse(torn), None);
        }
    }

    #[tokio::test]
    async fn a_busy_machine_is_told_with_figures() {
        // Less than nothing is never reached, so this machine counts as busy whatever it does.
        let busy = wait_for_calm(-1.0, Duration::ZERO, &Scope::default()).await.unwrap_err();
        let text = busy.to_string();
        assert!(text.starts_with("the machine is busy: other programs take ") && text.contains("(load "), "{text}");
        assert_eq!(wait_for_calm(100.0, Duration::ZERO, &Scope::default()).await, Ok(()));
    }
}
