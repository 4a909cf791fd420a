//! Whom to tell next when nobody takes an alert on, or those who were told cannot be reached.
//!
//! ```
//! use charter_deploy_model::AlertSeverity;
//! use charter_monitor::rules::escalation::{Attempt, Delivery, Facts, Policy, Why, due};
//!
//! let policy: Policy = toml::from_str(
//!     "steps = [\n\
//!        { after-minutes = 0, routes = ['chat'] },\n\
//!        { after-minutes = 15, routes = ['phone'] },\n\
//!      ]",
//! )?;
//! let raised: jiff::Timestamp = "2026-11-21T02:07:11Z".parse()?;
//! let told = [Attempt { step: 0, route: "chat", delivery: Delivery::Failed }];
//! let facts = Facts { severity: AlertSeverity::Critical, raised, quiet_until: None, attempts: &told };
//! // The chat cannot be reached: the phone rings at once.
//! assert_eq!(due(&policy, &facts, raised).iter().map(|due| (due.step, due.why)).collect::<Vec<_>>(), [(1, Why::Undelivered)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeSet;

use charter_deploy_model::AlertSeverity;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who is told when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Policy {
    /// The steps, the earliest first.
    pub steps: Vec<Step>,
}

/// One step of an escalation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Step {
    /// How long after the alert was raised, in minutes; earlier when nobody of the step before could be reached.
    pub after_minutes: u32,
    /// The routes by which people are told, by name.
    pub routes: Vec<String>,
    /// It is left out for alerts that are less urgent.
    #[serde(default = "least")]
    pub from_severity: AlertSeverity,
}

fn least() -> AlertSeverity {
    AlertSeverity::Info
}

/// What became of telling somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It is under way.
    Pending,
    /// It arrived.
    Arrived,
    /// It was given up.
    Failed,
}

/// One try to tell people of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// The step's number in the policy, from 0.
    pub step: usize,
    /// The route.
    pub route: &'a str,
    /// What became of it.
    pub delivery: Delivery,
}

/// What is known of an alert that is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts<'a> {
    /// How urgent it is.
    pub severity: AlertSeverity,
    /// When it was raised.
    pub raised: Timestamp,
    /// Until when somebody took it on; absent when nobody did. [`Timestamp::MAX`] is for good.
    pub quiet_until: Option<Timestamp>,
    /// Who was told so far.
    pub attempts: &'a [Attempt<'a>],
}

/// Why a step is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its time has come.
    Time,
    /// None of those before could be reached.
    Undelivered,
}

/// A step that is to be taken now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due<'a> {
    /// Its number in the policy, from 0.
    pub step: usize,
    /// The routes by which people are told; those of steps before are left out, unless they failed there.
    pub routes: Vec<&'a str>,
    /// Why.
    pub why: Why,
}

/// Returns the steps that are due at a moment and were not taken, the earliest first.
///
/// None is while somebody has taken the alert on. A step is due when its time has come, or when each route of those that
/// were taken has failed; then just the next one is.
#[must_use]
pub fn due<'a>(policy: &'a Policy, facts: &Facts<'_>, at: Timestamp) -> Vec<Due<'a>> {
    if facts.quiet_until.is_some_and(|until| at < until) {
        return Vec::new();
    }
    let is_taken = |step: usize| facts.attempts.iter().any(|attempt| attempt.step == step);
    let reached: BTreeSet<&str> =
        facts.attempts.iter().filter(|it| it.delivery != Delivery::Failed).map(|attempt| attempt.route).collect();
    let mut is_unreached = !facts.attempts.is_empty() && reached.is_empty();
    let mut dues = Vec::new();
    for (number, step) in applicable(policy, facts.severity).filter(|(number, _)| !is_taken(*number)) {
        let has_come = time(step, facts.raised) <= at;
        if has_come || is_unreached {
            let routes = step.routes.iter().map(String::as_str).filter(|route| !reached.contains(route)).collect();
            dues.push(Due { step: number, routes, why: if has_come { Why::Time } else { Why::Undelivered } });
        }
        is_unreached = false;
    }
    dues
}

/// Returns when the next step becomes due by time alone; nothing when none is left.
#[must_use]
pub fn next(policy: &Policy, facts: &Facts<'_>) -> Option<Timestamp> {
    let is_taken = |step: usize| facts.attempts.iter().any(|attempt| attempt.step == step);
    let left = applicable(policy, facts.severity).filter(|(number, _)| !is_taken(*number));
    let first = left.map(|(_, step)| time(step, facts.raised)).min()?;
    Some(first.max(facts.quiet_until.unwrap_or(first))).filter(|next| *next < Timestamp::MAX)
}

fn applicable(policy: &Policy, severity: AlertSeverity) -> impl Iterator<Item = (usize, &Step)> {
    policy.steps.iter().enumerate().filter(move |(_, step)| step.from_severity <= severity)
}

fn time(step: &Step, raised: Timestamp) -> Timestamp {
    raised.checked_add(SignedDuration::from_mins(step.after_minutes.into())).unwrap_or(Timestamp::MAX)
}

/// Why a policy may leave a critical alert unheard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// One failure silences all of it.
    #[error("critical alerts are told by fewer than two media, so that one failure silences them")]
    OneMedium,
    /// The steps are not in the order of time.
    #[error("a step comes before one that is earlier")]
    Order,
    /// A step tells nobody.
    #[error("a step has no route")]
    NoRoute,
}

impl Problem {
    /// Says what to change.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::OneMedium => "add a step with a route of another medium, such as e-mail beside chat",
            Self::Order => "sort the steps by `after-minutes`",
            Self::NoRoute => "name at least one of the routes in its `routes`",
        }
    }
}

/// Says why a policy may leave a critical alert unheard; nothing when it does not. `medium` tells what a route fails
/// with, such as `smtp`; nothing for a route that does not exist.
#[must_use]
pub fn lint<'m>(policy: &Policy, medium: impl Fn(&str) -> Option<&'m str>) -> Option<Problem> {
    if policy.steps.iter().any(|step| step.routes.is_empty()) {
        return Some(Problem::NoRoute);
    }
    if !policy.steps.is_sorted_by_key(|step| step.after_minutes) {
        return Some(Problem::Order);
    }
    let routes = applicable(policy, AlertSeverity::Critical).flat_map(|(_, step)| &step.routes);
    let media: BTreeSet<&str> = routes.filter_map(|route| medium(route)).collect();
    (media.len() < 2).then_some(Problem::OneMedium)
}
