//! What GitHub says ran, and how many minutes that took.

use std::collections::BTreeMap;

use charter_deploy_model::{Finding, Measure, Unit};
use charter_github::{Account, ActionsMinutes, GitHub, GitHubError, OwnerKind, Run, RunFilter, actions_minutes};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// How far back runs count.
const RUNS_WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What was found out. What was not is absent, and in `undecided` where it matters.
#[derive(Debug, Default)]
pub(super) struct Used {
    pub(super) findings: Vec<Finding>,
    pub(super) measures: Vec<Measure>,
    pub(super) undecided: Vec<String>,
}

pub(super) async fn ask(github: &GitHub, now: Timestamp) -> Used {
    let today = now.to_zoned(TimeZone::UTC).date();
    // Both the last thirty days and the whole month are covered, so that no runs means no minutes.
    let days_into_month = SignedDuration::from_hours(24 * i64::from(today.day()));
    let since = now.checked_sub(RUNS_WITHIN.max(days_into_month)).unwrap_or(Timestamp::MIN);
    let mut used = Used::default();
    let foreign = foreign_runs(github, now, since, &mut used).await;
    let minutes = async {
        let owner = github.repository().await?.owner;
        let account = match owner.kind {
            OwnerKind::Organization => Account::Organization(owner.login),
            OwnerKind::User | OwnerKind::Unknown => Account::User(owner.login),
        };
        let items = github.usage(&account, today.year(), today.month()).await?;
        Ok::<_, GitHubError>(actions_minutes(&items, &github.place().owner, &github.place().name))
    };
    match minutes.await {
        Ok(minutes) => judge_minutes(&github.place().slug(), &today.to_string()[..7], minutes, foreign, &mut used),
        // Few tokens may see what is billed. Whether anything ran says it too.
        Err(error) if error.is_refusal() => {}
        Err(error) => used.undecided.push(format!("the minutes of Actions could not be asked for: {error}")),
    }
    used
}

/// Counts the runs that are not those of Pages; `None` when that could not be found out.
async fn foreign_runs(github: &GitHub, now: Timestamp, since: Timestamp, used: &mut Used) -> Option<u64> {
    let filter = RunFilter { since: Some(since), ..RunFilter::default() };
    let runs = match github.runs(&filter).await {
        Ok(runs) => runs,
        Err(error) => {
            used.undecided.push(format!("the workflow runs could not be asked for: {error}"));
            return None;
        }
    };
    let foreign: Vec<&Run> = runs.runs.iter().filter(|run| !run.is_pages()).collect();
    if foreign.is_empty() && !runs.is_complete() {
        let (fetched, total) = (runs.runs.len(), runs.total);
        used.undecided
            .push(format!("GitHub lists {total} workflow runs and gave {fetched}, all of them those of Pages"));
        return None;
    }
    let slug = github.place().slug();
    let recent = now.checked_sub(RUNS_WITHIN).unwrap_or(Timestamp::MIN);
    let recent: Vec<&Run> = foreign.iter().copied().filter(|run| run.created_at >= recent).collect();
    if runs.is_complete() {
        used.measures.push(measure("foreign-runs", &slug, recent.len() as f64));
    }
    if !recent.is_empty() {
        used.findings.push(runs_finding(&slug, &recent, runs.is_complete()));
    }
    Some(foreign.len() as u64)
}

fn runs_finding(slug: &str, runs: &[&Run], is_all: bool) -> Finding {
    let mut by_workflow: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for run in runs {
        *by_workflow.entry((&run.path, &run.event)).or_default() += 1;
    }
    let mut most: Vec<_> = by_workflow.into_iter().collect();
    most.sort_by_key(|((path, event), count)| (std::cmp::Reverse(*count), *path, *event));
    let (count, at_least) = (runs.len(), if is_all { "" } else { "at least " });
    let listed: Vec<String> =
        most.iter().take(3).map(|((path, event), count)| format!("`{path}` {count} × on `{event}`")).collect();
    let more = if most.len() > 3 { ", …" } else { "" };
    let times = if count == 1 { "time" } else { "times" };
    let message =
        format!("Actions ran {at_least}{count} {times} in `{slug}` in the last 30 days: {}{more}", listed.join(", "));
    Finding::new("zero-actions/runs", slug, message)
        .help("stop what begins them; they no longer count after thirty days")
}

fn judge_minutes(slug: &str, month: &str, minutes: ActionsMinutes, foreign: Option<u64>, used: &mut Used) {
    let ActionsMinutes { gross_minutes, billed_minutes, gross_amount, net_amount, unattributed_minutes } = minutes;
    // Nothing else ran, so they are nobody's here; else they may be.
    if unattributed_minutes > 0.0 && foreign != Some(0) {
        used.undecided.push(format!(
            "GitHub names no repository for {unattributed_minutes} minutes of Actions in {month}, so they may be of `{slug}`"
        ));
    } else {
        used.measures.push(measure("billed-minutes", slug, billed_minutes));
        used.measures.push(measure("used-minutes", slug, gross_minutes));
    }
    if net_amount > 0.0 || gross_minutes > 0.0 && foreign.is_some_and(|foreign| foreign > 0) {
        let message = format!(
            "`{slug}` used {gross_minutes} minutes of Actions in {month}, worth ${gross_amount:.2}, of which ${net_amount:.2} \
             is to be paid"
        );
        used.findings.push(
            Finding::new("zero-actions/minutes", slug, message)
                .key(month)
                .help("see which workflows run with `gh run list`, and stop what begins them"),
        );
    }
}

fn measure(name: &str, subject: &str, value: f64) -> Measure {
    Measure { name: name.to_owned(), subject: subject.to_owned(), value, unit: Unit::Count, samples: Vec::new() }
}
