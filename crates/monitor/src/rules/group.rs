//! Telling people once of what belongs together.
//!
//! Alerts that are equal in some labels are one group. A group waits a little before anyone is told, so that what
//! happens at once is told at once; what is over by then is never told. Later changes are told at intervals, and what
//! nobody takes on is told again after ever longer. The first critical alert waits for nothing.
//!
//! [`step`] is all there is: it takes what is known and what happened, and returns what is known then and what to send.
//! What is known can be written down at any time, and after a crash it goes on from there; a message that was sent but
//! not remembered is sent again under the same key.

use std::collections::BTreeMap;

use charter_deploy_model::{AlertId, AlertSeverity, Occasion};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::labels::Labels;

/// What belongs together, and how long to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Grouping {
    /// The labels in which alerts of a group are equal; without any, all alerts are one group.
    pub group_by: Vec<String>,
    /// How long a new group waits, in seconds.
    pub group_wait_seconds: u32,
    /// How long a group waits after it was told of, in seconds.
    pub group_interval_seconds: u32,
    /// How long until people are reminded the first time, in seconds; then twice as long, and so on.
    pub reminder_seconds: u32,
    /// How long it is at most until people are reminded again, in seconds.
    pub longest_reminder_seconds: u32,
}

impl Default for Grouping {
    fn default() -> Self {
        Self {
            group_by: Vec::new(),
            group_wait_seconds: 30,
            group_interval_seconds: 300,
            reminder_seconds: 3600,
            longest_reminder_seconds: 24 * 3600,
        }
    }
}

impl Grouping {
    /// Returns what a group's alerts have in common.
    #[must_use]
    pub fn labels(&self, alert: &Labels) -> Labels {
        self.group_by.iter().filter_map(|name| Some((name.clone(), alert.get(name)?.clone()))).collect()
    }

    fn reminder(&self, told: u32) -> SignedDuration {
        let longest = self.longest_reminder_seconds.max(self.reminder_seconds).max(60);
        let seconds = u64::from(self.reminder_seconds.max(60)) << told.min(31);
        SignedDuration::from_secs(i64::try_from(seconds.min(longest.into())).unwrap_or(i64::MAX))
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Something is wrong; also said again when it became more urgent.
    Raised {
        /// The alert.
        id: AlertId,
        /// What it is about.
        labels: Labels,
        /// How urgent it is.
        severity: AlertSeverity,
    },
    /// It is over.
    Resolved {
        /// The alert.
        id: AlertId,
    },
    /// Somebody took it on: nobody is reminded of it any more.
    Acknowledged {
        /// The alert.
        id: AlertId,
    },
    /// Time went by.
    Ticked,
}

/// What is known of all groups.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    groups: Vec<Group>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    labels: Labels,
    /// The alert that opened it.
    thread: AlertId,
    opened: Timestamp,
    /// How many messages were sent about it.
    sent: u32,
    members: BTreeMap<AlertId, Member>,
    /// When changes may be told.
    flush_at: Timestamp,
    /// When to remind people; absent until they were told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remind_at: Option<Timestamp>,
    /// How often they were reminded since the last that was new.
    reminded: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    severity: AlertSeverity,
    /// How urgent it was when people were told last; absent when they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<AlertSeverity>,
    is_over: bool,
    is_acknowledged: bool,
}

impl Member {
    /// Whether there is something about it that people were not told.
    fn is_news(&self) -> bool {
        if self.is_over { self.told.is_some() } else { self.told.is_none_or(|told| self.severity > told) }
    }
}

/// One message about a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Send {
    /// The same for the same message, also when it is sent again after a crash.
    pub key: String,
    /// What the group's alerts have in common.
    pub group: Labels,
    /// Raised when something is new, resolved when all is over, a reminder otherwise.
    pub occasion: Occasion,
    /// How urgent the most urgent of what it tells is.
    pub severity: AlertSeverity,
    /// What is wrong, in the order of ids.
    pub firing: Vec<AlertId>,
    /// What was told before and is over.
    pub resolved: Vec<AlertId>,
}

impl State {
    /// Returns when the next message may be due, so that [`Event::Ticked`] is said then; nothing when none is.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.groups.iter().filter_map(Group::next).min()
    }

    /// Returns the alerts that people were told of and that are not over.
    #[must_use]
    pub fn told(&self) -> Vec<AlertId> {
        let members = self.groups.iter().flat_map(|group| &group.members);
        members.filter(|(_, member)| member.told.is_some() && !member.is_over).map(|(id, _)| *id).collect()
    }
}

/// Takes what is known and what happened, and returns what is known then, and what to send.
///
/// What became due by then is sent first, so that an alert that is over one second after the wait was told of all the
/// same. After a long sleep each group sends one message, not all that it missed.
#[must_use]
pub fn step(mut state: State, grouping: &Grouping, event: &Event, at: Timestamp) -> (State, Vec<Send>) {
    let mut sends = Vec::new();
    flush(&mut state, grouping, at, &mut sends);
    match event {
        Event::Raised { id, labels, severity } => raise(&mut state, grouping, *id, labels, *severity, at),
        Event::Resolved { id } => change(&mut state, *id, |member| member.is_over = true),
        Event::Acknowledged { id } => change(&mut state, *id, |member| member.is_acknowledged = true),
        Event::Ticked => {}
    }
    flush(&mut state, grouping, at, &mut sends);
    state.groups.retain_mut(Group::forget);
    (state, sends)
}

fn raise(state: &mut State, grouping: &Grouping, id: AlertId, labels: &Labels, severity: AlertSeverity, at: Timestamp) {
    let new = Member { severity, told: None, is_over: false, is_acknowledged: false };
    let labels = grouping.labels(labels);
    let is_its_group = |group: &&mut Group| group.members.contains_key(&id) || group.labels == labels;
    let group = match state.groups.iter_mut().find(is_its_group) {
        Some(group) => group,
        None => {
            let flush_at = after(at, SignedDuration::from_secs(grouping.group_wait_seconds.into()));
            state.groups.push(Group {
                labels,
                thread: id,
                opened: at,
                sent: 0,
                members: BTreeMap::new(),
                flush_at,
                remind_at: None,
                reminded: 0,
            });
            let last = state.groups.len() - 1;
            &mut state.groups[last]
        }
    };
    let told_critical = |member: &Member| member.told == Some(AlertSeverity::Critical);
    let knows_critical = group.members.values().any(|member| told_critical(member) && !member.is_over);
    let member = group.members.entry(id).or_insert(new);
    if severity == AlertSeverity::Critical && !knows_critical && !told_critical(member) {
        group.flush_at = at;
    }
    member.severity = if member.is_over { severity } else { severity.max(member.severity) };
    member.is_over = false;
}

fn change(state: &mut State, id: AlertId, change: impl Fn(&mut Member)) {
    for member in state.groups.iter_mut().filter_map(|group| group.members.get_mut(&id)) {
        change(member);
    }
}

fn flush(state: &mut State, grouping: &Grouping, at: Timestamp, sends: &mut Vec<Send>) {
    sends.extend(state.groups.iter_mut().filter_map(|group| group.flush(grouping, at)));
}

impl Group {
    fn next(&self) -> Option<Timestamp> {
        let news = self.members.values().any(Member::is_news).then_some(self.flush_at);
        let reminder = self.remind_at.filter(|_| self.is_open());
        news.into_iter().chain(reminder).min()
    }

    /// Whether somebody has still to take something on.
    fn is_open(&self) -> bool {
        self.members.values().any(|member| !member.is_over && !member.is_acknowledged && member.told.is_some())
    }

    fn flush(&mut self, grouping: &Grouping, at: Timestamp) -> Option<Send> {
        // After a clock that was ahead was put right, nothing waits for the time that it had shown.
        let longest_wait = grouping.group_wait_seconds.max(grouping.group_interval_seconds);
        self.flush_at = self.flush_at.min(after(at, SignedDuration::from_secs(longest_wait.into())));
        self.remind_at = self.remind_at.map(|remind_at| remind_at.min(after(at, grouping.reminder(self.reminded))));
        let has_news = self.members.values().any(Member::is_news) && self.flush_at <= at;
        let is_reminder = self.is_open() && self.remind_at.is_some_and(|remind_at| remind_at <= at);
        if !has_news && !is_reminder {
            return None;
        }
        let is_new = |member: &Member| member.is_news() && !member.is_over;
        let has_new = has_news && self.members.values().any(is_new);
        // What is not due yet is not told by a reminder either.
        let ids = |wanted: &dyn Fn(&Member) -> bool| -> Vec<AlertId> {
            self.members.iter().filter(|(_, member)| wanted(member)).map(|(id, _)| *id).collect()
        };
        let firing = ids(&|member| !member.is_over && (has_news || member.told.is_some()));
        let resolved = ids(&|member| has_news && member.is_over && member.told.is_some());
        let told = firing.iter().chain(&resolved).filter_map(|id| self.members.get(id));
        let severity = if firing.is_empty() { told.map(|it| it.severity).max() } else { self.most_urgent(&firing) };
        let occasion = match () {
            () if has_new => Occasion::Raised,
            () if firing.is_empty() => Occasion::Resolved,
            () => Occasion::Reminder,
        };
        self.reminded = if has_new { 0 } else { self.reminded + u32::from(is_reminder) };
        self.remind_at = Some(after(at, grouping.reminder(self.reminded)));
        if has_news {
            self.flush_at = after(at, SignedDuration::from_secs(grouping.group_interval_seconds.into()));
            self.members.retain(|_, member| !member.is_over);
            self.members.values_mut().for_each(|member| member.told = Some(member.severity));
        }
        let key = format!("{}/{}-{}", self.thread, self.opened.as_second(), self.sent);
        self.sent += 1;
        let severity = severity.unwrap_or(AlertSeverity::Info);
        Some(Send { key, group: self.labels.clone(), occasion, severity, firing, resolved })
    }

    fn most_urgent(&self, ids: &[AlertId]) -> Option<AlertSeverity> {
        ids.iter().filter_map(|id| self.members.get(id)).map(|member| member.severity).max()
    }

    /// Drops what was over before anyone was told, and says whether anything is left.
    fn forget(&mut self) -> bool {
        self.members.retain(|_, member| !member.is_over || member.told.is_some());
        !self.members.is_empty()
    }
}

/// Returns a later moment, or the last there is.
fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}
