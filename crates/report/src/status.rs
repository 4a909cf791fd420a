//! What users see, and what is going on.

use charter_deploy_model::{DeploymentId, Digest, Environment, Release, ReleaseId};
use jiff::Timestamp;

use crate::figures::{count, time};
use crate::layout::{field, folded, hanging};
use crate::style::{BOLD, CARE, DIM, Mark, paint};
use crate::visible;

const LABELS: usize = "releases".len();

/// How things stand in one environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Which.
    pub environment: Environment,
    /// What the target shows, asked just now; absent when it shows nothing.
    pub live: Option<Release>,
    /// Since when; absent when no record says so.
    pub since: Option<Timestamp>,
    /// Where users find it; absent when no address is configured.
    pub url: Option<String>,
    /// Deployments that were interrupted and are not settled.
    pub unfinished: Vec<DeploymentId>,
    /// Why nothing may be deployed, when that is so.
    pub frozen: Option<String>,
    /// How far the log has got; absent when there is none yet.
    pub log: Option<LogSummary>,
    /// Releases on the target, any of which can be shown at once.
    pub releases: Vec<ReleaseId>,
}

/// How far the log has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSummary {
    /// How many lines it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
}

/// Returns how things stand in one environment.
#[must_use]
pub fn status(status: &Status) -> String {
    let url = status.url.as_deref().map(|url| format!("  {}", visible(url))).unwrap_or_default();
    let mut text = format!("{}{url}\n\n", paint(BOLD, &status.environment.to_string()));
    match &status.live {
        Some(release) => {
            text += &marked(Mark::Good, "live", &paint(BOLD, &release.id.to_string()));
            text += &beside(&format!("commit {}", release.commit));
            let since = status.since.map(|since| format!(" · since {}", time(since))).unwrap_or_default();
            text += &beside(&format!("by {}{since}", release.deployment_id));
        }
        None => text += &marked(Mark::Quiet, "live", "nothing"),
    }
    if let Some(reason) = &status.frozen {
        text += &marked(Mark::Care, "frozen", &paint(CARE, &visible(reason)));
    }
    for deployment in &status.unfinished {
        let said = format!("{deployment} was interrupted and is not settled");
        text += &marked(Mark::Care, "open", &paint(CARE, &said));
    }
    text += &releases(status);
    text += &match &status.log {
        Some(log) => {
            field("log", LABELS, &count(log.size, "lines")) + &field("", LABELS, &format!("root {}", log.root))
        }
        None => field("log", LABELS, "nothing recorded yet"),
    };
    text
}

fn marked(mark: Mark, label: &str, said: &str) -> String {
    hanging(&format!("{} {}  ", mark.painted(), paint(DIM, &format!("{label:LABELS$}"))), said)
}

fn beside(said: &str) -> String {
    field("", LABELS, said)
}

fn releases(status: &Status) -> String {
    if status.releases.is_empty() {
        return field("releases", LABELS, "none staged");
    }
    let live = status.live.as_ref().map(|release| &release.id);
    let (shown, more) = folded(&status.releases, 8);
    let mut text = String::new();
    for (number, release) in shown.iter().enumerate() {
        let note = if Some(release) == live { " (live)" } else { "" };
        text += &field(if number == 0 { "releases" } else { "" }, LABELS, &format!("{release}{note}"));
    }
    if more > 0 {
        text += &beside(&paint(DIM, &format!("and {more} more")));
    }
    text
}
