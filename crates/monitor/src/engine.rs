//! From looks to alerts: pure, so that a crash at any point can be replayed.
//!
//! The engine takes looks, ticks and people's words, and says what is to be done about them. All it knows is in
//! [`Standing`], which is saved before anything is done; what was to be done and may not have been is in it too, so
//! that the next start does it. Whoever is told twice can see by the notice's key that it is the same.

use std::collections::{BTreeMap, BTreeSet};

use charter_deploy_model::{
    AlertId, AlertSeverity, DeploymentId, IncidentId, IncidentSeverity, IncidentStatus, MonitoringAlert,
    MonitoringType, Notice, Occasion, Stamp, UptimeIncident, UptimeStatus,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::watch::{Change, Patience, Watch};
use crate::{Cause, Look, Reading};

/// What the engine must know about an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// Its name.
    pub name: String,
    /// What is looked at, as records name it.
    pub address: String,
    /// How much it matters when it is down.
    pub severity: AlertSeverity,
    /// The names of endpoints without which it cannot be up.
    pub depends_on: Vec<String>,
    /// How many looks it takes.
    pub patience: Patience,
    /// Whether it says something about the network that this machine sees others through.
    pub is_remote: bool,
}

/// What is going on around the sites at a moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Around {
    /// The deployment that users see, and since when.
    pub live: Option<(DeploymentId, Timestamp)>,
    /// Why nobody is to be called now, where there is a reason: maintenance, or a deployment under way.
    pub quiet: Option<String>,
    /// The names of endpoints about which nobody is to be called, with the reason.
    pub silenced: BTreeMap<String, String>,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Look at this endpoint at once.
    Ask(String),
    /// Save the standing, then do what it says is to be done.
    Save,
}

/// All that the engine knows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Whether each endpoint is up.
    pub watches: BTreeMap<String, Watch>,
    /// Whether each endpoint that is up is as it should be.
    pub poor: BTreeMap<String, Watch>,
    /// What was seen of each endpoint last, when anything was.
    #[serde(default)]
    pub readings: BTreeMap<String, Reading>,
    /// How the monitor itself is; absent once it has ended.
    #[serde(default)]
    pub pulse: Option<Pulse>,
    /// What is wrong now.
    pub alerts: BTreeMap<String, Alert>,
    /// Since when everything seems down because this machine sees nothing.
    #[serde(default)]
    pub isolated_since: Option<Timestamp>,
    /// What people are to be told, and may have been told already.
    #[serde(default)]
    pub to_tell: Vec<Notice>,
    /// What is over and to be recorded, and may have been already.
    #[serde(default)]
    pub to_record: Vec<UptimeIncident>,
    /// The newest alerts that are over, the newest last.
    #[serde(default)]
    pub past: Vec<MonitoringAlert>,
    /// The second after the newest name that was given.
    #[serde(default)]
    next_stamp: Option<Timestamp>,
}

/// How a monitor is that runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pulse {
    /// Since when it runs.
    pub since: Timestamp,
    /// When it said so last.
    pub at: Timestamp,
    /// How late 99 % of its looks were at the most, in milliseconds, rounded up to a power of two.
    pub lateness_p99_ms: Option<u64>,
    /// At how many moments nobody looked.
    pub missed: u64,
    /// How many looks nobody took note of.
    pub lost: u64,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// The endpoint.
    pub endpoint: String,
    /// As it is recorded.
    pub alert: MonitoringAlert,
    /// The outage it is about; absent for what is merely poor.
    pub incident: Option<UptimeIncident>,
    /// Whether people were told, and if not, why.
    pub state: State,
    /// Who took it on, and why nothing else is to be done.
    #[serde(default)]
    pub acknowledged: Option<Acknowledged>,
    /// How often people were reminded.
    #[serde(default)]
    pub reminders: u32,
    /// When they are reminded next.
    #[serde(default)]
    pub remind_at: Option<Timestamp>,
}

/// Whether people were told of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is not known yet whether something else is the cause. Since when is in the alert.
    Held,
    /// They were not told, for this reason.
    Suppressed(String),
    /// They were told.
    Raised,
}

/// Who took an alert on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Who.
    pub by: String,
    /// Why, or what they do about it.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// So long an alert is held until what it depends on has been looked at.
const HELD: SignedDuration = SignedDuration::from_secs(4);
/// What is poor for so many looks is told.
const POOR: Patience = Patience { fall: 3, rise: 2 };
/// People are reminded after an hour, then after twice as long each time.
const FIRST_REMINDER: SignedDuration = SignedDuration::from_hours(1);
/// An alert says which deployment came before it for so long.
const AFTER_DEPLOYMENT: SignedDuration = SignedDuration::from_hours(1);
/// So many alerts that are over are remembered.
const PAST: usize = 500;
/// Fewer endpoints than this say nothing about the network.
const ISOLATION_NEEDS: usize = 3;

impl Standing {
    /// Takes in a look.
    pub fn look(&mut self, watched: &Watched, look: &Look, now: Timestamp) -> Vec<Effect> {
        let status = look.status();
        let name = &watched.name;
        let watch = self.watches.entry(name.clone()).or_insert_with(|| Watch::new(look.due));
        let changes = watch.observe(watched.patience, look.due, status);
        let is_poor = match status {
            UptimeStatus::Degraded => UptimeStatus::Down,
            UptimeStatus::Up => UptimeStatus::Up,
            // What is down is told of elsewhere.
            UptimeStatus::Down | UptimeStatus::Unknown => UptimeStatus::Unknown,
        };
        let poor = self.poor.entry(name.clone()).or_insert_with(|| Watch::new(look.due));
        let poor_changes = poor.observe(POOR, look.due, is_poor);
        if let Some(reading) = &look.reading {
            self.readings.insert(name.clone(), reading.clone());
        }
        let cause = look.reading.as_ref().and_then(|reading| reading.cause.clone());
        let mut effects = Vec::new();
        for change in changes {
            match change {
                Change::Fell(at) => {
                    self.hold(watched, cause.as_ref(), at);
                    effects.extend(watched.depends_on.iter().cloned().map(Effect::Ask));
                    effects.push(Effect::Save);
                }
                Change::Rose(_) => {
                    self.over(name, look.due, now);
                    effects.push(Effect::Save);
                }
                Change::StartedFlapping => {
                    self.tell_flapping(watched, true, now);
                    effects.push(Effect::Save);
                }
                Change::StoppedFlapping => {
                    self.tell_flapping(watched, false, now);
                    effects.push(Effect::Save);
                }
            }
        }
        for change in poor_changes {
            match change {
                Change::Fell(at) => {
                    self.warn(watched, cause.as_ref(), at);
                    effects.push(Effect::Save);
                }
                Change::Rose(_) => {
                    self.over(&poor_key(name), look.due, now);
                    effects.push(Effect::Save);
                }
                // It is told of when it falls and rises for good.
                Change::StartedFlapping | Change::StoppedFlapping => {}
            }
        }
        effects
    }

    /// Lets time pass: decides about what was held, and reminds.
    pub fn tick(&mut self, watched: &[Watched], around: &Around, now: Timestamp) -> Vec<Effect> {
        let mut has_changed = self.isolation(watched, now);
        let keys: Vec<String> = self.alerts.keys().cloned().collect();
        for key in keys {
            let Some(alert) = self.alerts.get(&key) else { continue };
            let Some(of) = watched.iter().find(|it| it.name == alert.endpoint) else {
                // It is no longer watched, so that nobody will ever know when it was over.
                self.alerts.remove(&key);
                has_changed = true;
                continue;
            };
            let began = alert.alert.triggered_at;
            match &alert.state {
                State::Held => {
                    let reason = self.reason_not_to_tell(of, &key, watched, around);
                    let is_clear =
                        self.parents_known_since(of, began) || now.duration_since(began) >= Self::longest_hold(of);
                    match reason {
                        Some(reason) => self.suppress(&key, reason),
                        None if is_clear => self.raise(&key, around, now),
                        None => continue,
                    }
                    has_changed = true;
                }
                State::Suppressed(before) => match self.reason_not_to_tell(of, &key, watched, around) {
                    // The reason has gone and the fault has not.
                    None => {
                        self.raise(&key, around, now);
                        has_changed = true;
                    }
                    Some(reason) if reason != *before => {
                        self.suppress(&key, reason);
                        has_changed = true;
                    }
                    Some(_) => {}
                },
                State::Raised => {
                    let is_due = alert.acknowledged.is_none() && alert.remind_at.is_some_and(|at| now >= at);
                    let is_quiet = self.reason_not_to_tell(of, &key, watched, around).is_some();
                    if is_due && !is_quiet {
                        self.remind(&key, now);
                        has_changed = true;
                    }
                }
            }
        }
        if has_changed { vec![Effect::Save] } else { Vec::new() }
    }

    /// Somebody takes an alert on, by its name or its endpoint's.
    ///
    /// # Errors
    /// When there is no such alert.
    pub fn acknowledge(&mut self, which: &str, by: &str, reason: &str, now: Timestamp) -> Result<(), NoSuchAlert> {
        let mut any = false;
        for alert in self.alerts.values_mut() {
            if alert.endpoint != which && alert.alert.alert_id.to_string() != which {
                continue;
            }
            alert.alert.acknowledged_at = Some(now);
            alert.acknowledged = Some(Acknowledged { by: by.to_owned(), reason: reason.to_owned(), at: now });
            any = true;
        }
        if any { Ok(()) } else { Err(NoSuchAlert(which.to_owned())) }
    }

    /// Says that people were told, and what was over was recorded, up to what is given.
    pub fn done(&mut self, told: &BTreeSet<String>, recorded: &BTreeSet<IncidentId>) {
        self.to_tell.retain(|notice| !told.contains(&notice.key));
        self.to_record.retain(|incident| !recorded.contains(&incident.incident_id));
    }

    fn hold(&mut self, watched: &Watched, cause: Option<&Cause>, at: Timestamp) {
        let stamp = self.stamp(at);
        let what = cause.map_or_else(|| "it does not answer".to_owned(), |cause| cause.message.clone());
        let alert = MonitoringAlert {
            alert_id: AlertId::new(stamp),
            alert_type: MonitoringType::Uptime,
            severity: watched.severity,
            title: format!("{} is down", watched.name),
            description: format!("{}: {what}", watched.address),
            triggered_at: at,
            acknowledged_at: None,
            resolved_at: None,
            escalated: false,
            notifications_sent: Vec::new(),
            metadata: cause.map(|cause| ("cause".to_owned(), cause.code.clone().into())).into_iter().collect(),
        };
        let incident = UptimeIncident {
            incident_id: IncidentId::new(stamp),
            deployment_id: None,
            start_time: at,
            end_time: None,
            duration: None,
            severity: match watched.severity {
                AlertSeverity::Critical => IncidentSeverity::Critical,
                AlertSeverity::Error => IncidentSeverity::Major,
                AlertSeverity::Warning | AlertSeverity::Info => IncidentSeverity::Minor,
            },
            status: IncidentStatus::Investigating,
            description: what,
            impacted_services: vec![watched.name.clone()],
            root_cause: None,
            resolution: None,
            post_mortem: None,
            public_description: None,
            updates: Vec::new(),
        };
        self.insert(watched.name.clone(), watched, alert, Some(incident));
    }

    fn warn(&mut self, watched: &Watched, cause: Option<&Cause>, at: Timestamp) {
        let stamp = self.stamp(at);
        let what = cause.map_or_else(|| "it answers late or in part".to_owned(), |cause| cause.message.clone());
        let alert = MonitoringAlert {
            alert_id: AlertId::new(stamp),
            alert_type: MonitoringType::Uptime,
            severity: AlertSeverity::Warning,
            title: format!("{} is degraded", watched.name),
            description: format!("{}: {what}", watched.address),
            triggered_at: at,
            acknowledged_at: None,
            resolved_at: None,
            escalated: false,
            notifications_sent: Vec::new(),
            metadata: cause.map(|cause| ("cause".to_owned(), cause.code.clone().into())).into_iter().collect(),
        };
        self.insert(poor_key(&watched.name), watched, alert, None);
    }

    fn insert(&mut self, key: String, watched: &Watched, alert: MonitoringAlert, incident: Option<UptimeIncident>) {
        let endpoint = watched.name.clone();
        let (acknowledged, reminders, remind_at) = (None, 0, None);
        let state = State::Held;
        self.alerts.insert(key, Alert { endpoint, alert, incident, state, acknowledged, reminders, remind_at });
    }

    /// Says why people need not be told of this now.
    fn reason_not_to_tell(&self, of: &Watched, key: &str, watched: &[Watched], around: &Around) -> Option<String> {
        if self.isolated_since.is_some() && of.is_remote {
            return Some("this machine sees nothing at all".to_owned());
        }
        if let Some(parent) = self.down_parent(of, watched, &mut BTreeSet::new()) {
            return Some(format!("`{parent}` is down, which it depends on"));
        }
        if let Some(reason) = around.silenced.get(&of.name) {
            return Some(format!("silenced: {reason}"));
        }
        if let Some(reason) = &around.quiet {
            return Some(reason.clone());
        }
        let is_flapping = self.watches.get(key).is_some_and(|watch| watch.is_flapping);
        is_flapping.then(|| "it comes and goes, which people were told".to_owned())
    }

    fn down_parent(&self, of: &Watched, watched: &[Watched], seen: &mut BTreeSet<String>) -> Option<String> {
        for parent in &of.depends_on {
            if !seen.insert(parent.clone()) {
                continue;
            }
            if self.watches.get(parent).is_some_and(|watch| watch.status == UptimeStatus::Down) {
                return Some(parent.clone());
            }
            let above = watched.iter().find(|it| it.name == *parent);
            if let Some(found) = above.and_then(|above| self.down_parent(above, watched, seen)) {
                return Some(found);
            }
        }
        None
    }

    /// Says whether all it depends on was looked at after it fell.
    fn parents_known_since(&self, of: &Watched, began: Timestamp) -> bool {
        let is_known =
            |parent: &String| self.watches.get(parent).and_then(|watch| watch.seen).is_some_and(|seen| seen >= began);
        of.depends_on.iter().all(is_known)
    }

    /// Returns how long after its beginning an alert is held at the most. Its first look was confirmed by others, which
    /// took their time, and so will those of what it depends on.
    fn longest_hold(of: &Watched) -> SignedDuration {
        let confirming = crate::runner::CONFIRM_AFTER.iter().sum::<std::time::Duration>();
        let confirming = SignedDuration::try_from(confirming).unwrap_or(HELD);
        if of.depends_on.is_empty() { HELD } else { confirming * 2 + HELD }
    }

    fn suppress(&mut self, key: &str, reason: String) {
        if let Some(alert) = self.alerts.get_mut(key) {
            alert.state = State::Suppressed(reason);
        }
    }

    fn raise(&mut self, key: &str, around: &Around, now: Timestamp) {
        let Some(alert) = self.alerts.get_mut(key) else { return };
        alert.state = State::Raised;
        alert.remind_at = Some(now + FIRST_REMINDER);
        let mut text = alert.alert.description.clone();
        let recent = around.live.filter(|(_, at)| {
            let after = alert.alert.triggered_at.duration_since(*at);
            after >= -SignedDuration::from_mins(1) && after <= AFTER_DEPLOYMENT
        });
        if let Some((deployment, at)) = recent {
            let minutes = alert.alert.triggered_at.duration_since(at).as_mins().max(0);
            text = format!("{text}\n{minutes} min after {deployment} went live; `cargo xtask rollback` takes it back");
            alert.alert.metadata.insert("deployment".to_owned(), deployment.to_string().into());
        }
        if let (Some(incident), Some((deployment, _))) = (&mut alert.incident, around.live) {
            incident.deployment_id = Some(deployment);
        }
        let notice = notice(alert, Occasion::Raised, "raised", text, now);
        self.to_tell.push(notice);
    }

    fn remind(&mut self, key: &str, now: Timestamp) {
        let Some(alert) = self.alerts.get_mut(key) else { return };
        alert.reminders += 1;
        let wait = FIRST_REMINDER * 2_i32.saturating_pow(alert.reminders.min(6));
        alert.remind_at = Some(now + wait);
        let text =
            format!("{}\nsince {}, and nobody has taken it on", alert.alert.description, alert.alert.triggered_at);
        let mark = format!("reminder-{}", alert.reminders);
        let notice = notice(alert, Occasion::Reminder, &mark, text, now);
        self.to_tell.push(notice);
    }

    /// Ends an alert; who was told of its beginning is told of its end.
    fn over(&mut self, key: &str, at: Timestamp, now: Timestamp) {
        let Some(mut alert) = self.alerts.remove(key) else { return };
        alert.alert.resolved_at = Some(at);
        let lasted = at.duration_since(alert.alert.triggered_at);
        if let Some(mut incident) = alert.incident.take() {
            (incident.end_time, incident.duration) = (Some(at), Some(lasted.as_secs_f64().max(0.0)));
            incident.status = IncidentStatus::Resolved;
            incident.resolution = Some("it answers again".to_owned());
            if let State::Suppressed(reason) = &alert.state {
                incident.root_cause = Some(reason.clone());
            }
            self.to_record.push(incident);
        }
        if alert.state == State::Raised {
            let text = format!("{}\nlasted {}", alert.alert.description, in_words(lasted));
            let mut notice = notice(&alert, Occasion::Resolved, "resolved", text, now);
            notice.title = format!("{}: over", alert.alert.title);
            self.to_tell.push(notice);
        }
        self.past.push(alert.alert);
        let excess = self.past.len().saturating_sub(PAST);
        self.past.drain(..excess);
    }

    fn tell_flapping(&mut self, watched: &Watched, has_begun: bool, now: Timestamp) {
        let at = now.as_second();
        let (title, occasion) = if has_begun {
            (format!("{} comes and goes", watched.name), Occasion::Raised)
        } else {
            (format!("{} has settled", watched.name), Occasion::Resolved)
        };
        let mark = if has_begun { "flapping" } else { "settled" };
        let key = format!("{}-flapping/{mark}-{at}", watched.name);
        let mut notice = Notice::new(&key, occasion, AlertSeverity::Warning, &title, now);
        notice.text = format!("{}: nobody is told of each time", watched.address);
        self.to_tell.push(notice);
    }

    /// Notices that everything is down at once, which says more about this machine than about them.
    fn isolation(&mut self, watched: &[Watched], now: Timestamp) -> bool {
        let roots: Vec<&Watched> = watched.iter().filter(|it| it.is_remote && it.depends_on.is_empty()).collect();
        let down = roots
            .iter()
            .filter(|it| self.watches.get(&it.name).is_some_and(|watch| watch.status == UptimeStatus::Down));
        let is_isolated = roots.len() >= ISOLATION_NEEDS && down.count() * 2 > roots.len();
        match (is_isolated, self.isolated_since) {
            (true, None) => {
                self.isolated_since = Some(now);
                self.tell_isolated(Occasion::Raised, now);
                true
            }
            (false, Some(_)) => {
                self.tell_isolated(Occasion::Resolved, now);
                self.isolated_since = None;
                true
            }
            _ => false,
        }
    }

    fn tell_isolated(&mut self, occasion: Occasion, now: Timestamp) {
        let since = self.isolated_since.unwrap_or(now).as_second();
        let (mark, title) = match occasion {
            Occasion::Resolved => ("resolved", "the monitor sees the network again"),
            _ => ("raised", "the monitor sees nothing: more than half of all that it watches is down at once"),
        };
        let key = format!("isolated-{since}/{mark}");
        self.to_tell.push(Notice::new(&key, occasion, AlertSeverity::Critical, title, now));
    }

    /// Returns a second that names nothing yet.
    fn stamp(&mut self, at: Timestamp) -> Stamp {
        let at = self.next_stamp.map_or(at, |next| next.max(at));
        self.next_stamp = Some(at + SignedDuration::from_secs(1));
        Stamp::of(at)
    }
}

/// There is no such alert.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no open alert `{0}`")]
pub struct NoSuchAlert(pub String);

fn poor_key(name: &str) -> String {
    format!("{name}/degraded")
}

fn notice(alert: &Alert, occasion: Occasion, mark: &str, text: String, now: Timestamp) -> Notice {
    let key = format!("{}/{mark}", alert.alert.alert_id);
    let mut notice = Notice::new(&key, occasion, alert.alert.severity, &alert.alert.title, now);
    notice.text = text;
    notice.facts.insert("endpoint".to_owned(), alert.endpoint.clone());
    for (name, value) in &alert.alert.metadata {
        if let Some(text) = value.as_str() {
            notice.facts.insert(name.clone(), text.to_owned());
        }
    }
    notice
}

fn in_words(lasted: SignedDuration) -> String {
    let seconds = lasted.as_secs().max(0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests;
