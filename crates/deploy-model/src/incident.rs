//! Times in which users did not get what they came for.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::statistics::mean;
use crate::{AlertSeverity, DeploymentId, IncidentId, MonitoringAlert, Notice, Occasion, ProductionDeployment};

/// How much users noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentSeverity {
    /// A little.
    Minor,
    /// A great deal.
    Major,
    /// Nothing worked.
    Critical,
}

/// How far an incident has been dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentStatus {
    /// Nobody knows the cause yet.
    Investigating,
    /// The cause is known.
    Identified,
    /// It was repaired and is being watched.
    Monitoring,
    /// It is over.
    Resolved,
}

/// One time in which users did not get what they came for.
///
/// Recorded once it is over; while it lasts it is in the monitor's journal, and in the entries of monitoring runs.
/// Beside the data model's fields it names the deployment that was live, so that a failure can be laid to a change, and
/// keeps what people wrote while it lasted (`updates`) and what everyone was told that it is (`publicDescription`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UptimeIncident {
    /// This incident's name.
    pub incident_id: IncidentId,
    /// The deployment that was live when it began; absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<DeploymentId>,
    /// When it was noticed.
    pub start_time: Timestamp,
    /// When it was over; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Timestamp>,
    /// How long it lasted, in seconds; absent until it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub duration: Option<f64>,
    /// How much users noticed.
    pub severity: IncidentSeverity,
    /// How far it has been dealt with.
    pub status: IncidentStatus,
    /// What happened.
    pub description: String,
    /// What did not work: endpoints, by their addresses or names.
    pub impacted_services: Vec<String>,
    /// Why it happened, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_cause: Option<String>,
    /// What ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// What was learned, or where that is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_mortem: Option<String>,
    /// What everyone is told that it is; absent when nobody worded that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_description: Option<String>,
    /// What people wrote while it lasted, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub updates: Vec<IncidentUpdate>,
}

/// One thing that somebody wrote about an incident while it lasted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentUpdate {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What happened.
    pub text: String,
    /// How far the incident had been dealt with then.
    pub status: IncidentStatus,
    /// Whether everyone may read it; who wrote it stays among those who run the site.
    #[serde(default)]
    pub public: bool,
}

/// An incident that somebody opened and that is not on record yet: a file of the monitor's journal,
/// `journal/monitor/incidents/<id>.json` below the records.
///
/// `updates` and `publicTitle` come into the record when it is over, the title as `publicDescription`; until then those of
/// `incident` are empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenIncident {
    /// The incident as far as it is known.
    pub incident: UptimeIncident,
    /// What everyone is told that it is; absent when nobody worded that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_title: Option<String>,
    /// What people wrote so far, the oldest first.
    #[serde(default)]
    pub updates: Vec<IncidentUpdate>,
}

impl OpenIncident {
    /// Begins an incident, whose first update is that it was opened.
    #[must_use]
    pub fn begin(
        incident_id: IncidentId,
        at: Timestamp,
        by: &str,
        severity: IncidentSeverity,
        description: &str,
        impacted_services: Vec<String>,
    ) -> Self {
        let incident = UptimeIncident {
            incident_id,
            deployment_id: None,
            start_time: at,
            end_time: None,
            duration: None,
            severity,
            status: IncidentStatus::Investigating,
            description: description.to_owned(),
            impacted_services,
            root_cause: None,
            resolution: None,
            post_mortem: None,
            public_description: None,
            updates: Vec::new(),
        };
        let mut open = Self { incident, public_title: None, updates: Vec::new() };
        open.update(at, by, "opened", None, false);
        open
    }

    /// Takes in what somebody wrote; without a status it stays as it is. What a clock that was set back says to be
    /// earlier than the update before counts as at the same moment, so that the order of the updates is that of time.
    pub fn update(&mut self, at: Timestamp, by: &str, text: &str, status: Option<IncidentStatus>, public: bool) {
        let at = self.updates.last().map_or(at, |last| last.at.max(at));
        let status = status.unwrap_or(self.incident.status);
        self.incident.status = status;
        self.updates.push(IncidentUpdate { at, by: by.to_owned(), text: text.to_owned(), status, public });
    }

    /// Ends it; everyone may read what ended it when everyone was told of it.
    pub fn resolve(&mut self, at: Timestamp, by: &str, resolution: &str) {
        let public = self.public_title.is_some() || self.updates.iter().any(|update| update.public);
        self.update(at, by, resolution, Some(IncidentStatus::Resolved), public);
        let end = self.updates.last().map_or(at, |last| last.at).max(self.incident.start_time);
        self.incident.end_time = Some(end);
        self.incident.duration = Some(end.duration_since(self.incident.start_time).as_secs_f64());
        self.incident.resolution = Some(resolution.to_owned());
    }

    /// Says whether it is over, and only to be recorded.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.incident.status == IncidentStatus::Resolved
    }

    /// Returns what is recorded of it.
    #[must_use]
    pub fn record(&self) -> UptimeIncident {
        let (public_description, updates) = (self.public_title.clone(), self.updates.clone());
        UptimeIncident { public_description, updates, ..self.incident.clone() }
    }

    /// Returns what people are told of its newest update. Its thread is the incident, so that its end comes to its
    /// beginning.
    #[must_use]
    pub fn notice(&self) -> Option<Notice> {
        let update = self.updates.last()?;
        let id = self.incident.incident_id;
        let severity = match self.incident.severity {
            IncidentSeverity::Critical => AlertSeverity::Critical,
            IncidentSeverity::Major => AlertSeverity::Error,
            IncidentSeverity::Minor => AlertSeverity::Warning,
        };
        let key = format!("{id}/{}", self.updates.len());
        let mut notice = Notice::new(&key, Occasion::Incident, severity, &self.incident.description, update.at);
        notice.text = format!("{}: {}", update.by, update.text);
        notice.facts = [("incident", id.to_string()), ("services", self.incident.impacted_services.join(", "))]
            .into_iter()
            .chain(self.incident.deployment_id.map(|deployment| ("deployment", deployment.to_string())))
            .map(|(name, value)| (name.to_owned(), value))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Some(notice)
    }
}

/// How long the parts of an incident took, in seconds. What is not known is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentTimes {
    /// From the first failing look of the monitor until the incident began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection_seconds: Option<f64>,
    /// From the moment the deployment before it was shown until it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_deployment_seconds: Option<f64>,
    /// From its beginning until somebody took it on: wrote about it, or acknowledged its alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_seconds: Option<f64>,
    /// From its beginning until it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered_seconds: Option<f64>,
}

/// Returns how long the parts of an incident took.
///
/// `alerts` are those of its time, `before` is the deployment that users saw when it began.
#[must_use]
pub fn incident_times(
    incident: &UptimeIncident,
    alerts: &[MonitoringAlert],
    before: Option<&ProductionDeployment>,
) -> IncidentTimes {
    let start = incident.start_time;
    let after = |from: Timestamp, to: Timestamp| (to >= from).then(|| to.duration_since(from).as_secs_f64());
    // The monitor's own incidents begin with the first failing look, and their alert has the same second's name.
    let own = |alert: &&MonitoringAlert| alert.alert_id.stamp() == incident.incident_id.stamp();
    let seen = alerts.iter().filter(|alert| !own(alert)).map(|alert| alert.triggered_at).min();
    let wrote = incident.updates.first().map(|update| update.at);
    let taken_on = alerts.iter().filter_map(|alert| alert.acknowledged_at).filter(|at| *at >= start).chain(wrote).min();
    IncidentTimes {
        detection_seconds: seen.and_then(|seen| after(seen, start)),
        after_deployment_seconds: before.and_then(|it| it.shown_at).and_then(|shown| after(shown, start)),
        acknowledged_seconds: taken_on.and_then(|at| after(start, at)),
        recovered_seconds: incident.seconds(),
    }
}

/// Returns how long incidents that are over lasted, in seconds, the mean; nothing when none is over.
#[must_use]
pub fn mean_time_to_recovery(incidents: &[UptimeIncident]) -> Option<f64> {
    mean(&incidents.iter().filter_map(UptimeIncident::seconds).collect::<Vec<_>>())
}

impl UptimeIncident {
    /// Returns how long it lasted, in seconds; nothing until it is over.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        self.end_time.map(|end| end.duration_since(self.start_time).as_secs_f64().max(0.0)).or(self.duration)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::Stamp;

    fn at(seconds: i64) -> Timestamp {
        "2026-11-21T02:07:11Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
    }

    fn open() -> OpenIncident {
        let id = IncidentId::new(Stamp::of(at(0)));
        OpenIncident::begin(id, at(0), "ann", IncidentSeverity::Major, "nobody can sign in", vec!["login".to_owned()])
    }

    #[test]
    fn what_was_written_while_it_lasted_is_on_record_when_it_is_over() {
        let mut it = open();
        it.public_title = Some("Trouble signing in".to_owned());
        it.update(at(60), "ann", "the session store is full", Some(IncidentStatus::Identified), false);
        it.resolve(at(600), "ann", "emptied it");
        assert!(it.is_over());
        let record = it.record();
        assert_eq!((record.seconds(), record.resolution.as_deref()), (Some(600.0), Some("emptied it")));
        assert_eq!(record.public_description.as_deref(), Some("Trouble signing in"));
        let texts: Vec<&str> = record.updates.iter().map(|update| update.text.as_str()).collect();
        assert_eq!(texts, ["opened", "the session store is full", "emptied it"]);
        assert!(record.updates[2].public, "everyone knows of it, so everyone may know that it is over");
        assert_eq!(mean_time_to_recovery(&[record, open().record()]), Some(600.0), "what is not over has no length");
    }

    #[test]
    fn all_that_is_told_of_one_incident_is_one_thread_and_each_thing_is_told_once() {
        let mut it = open();
        let first = it.notice().unwrap();
        it.update(at(1), "ann", "looking", None, false);
        let second = it.notice().unwrap();
        assert_eq!(first.thread, second.thread);
        assert_ne!(first.key, second.key);
        assert_eq!((second.severity, second.text.as_str()), (AlertSeverity::Error, "ann: looking"));
    }

    #[test]
    fn what_nobody_saw_has_no_time() {
        let mut record = open().record();
        record.updates.clear();
        assert_eq!(incident_times(&record, &[], None), IncidentTimes::default());
        let shown = crate::sample::deployment("20261121-020000", None);
        let shown = ProductionDeployment { shown_at: Some(at(-120)), ..shown };
        let times = incident_times(&open().record(), &[], Some(&shown));
        assert_eq!((times.after_deployment_seconds, times.acknowledged_seconds), (Some(120.0), Some(0.0)));
        assert_eq!((times.detection_seconds, times.recovered_seconds), (None, None));
    }

    proptest! {
        #[test]
        fn however_the_clock_jumps_updates_are_in_order_and_nothing_lasts_less_than_no_time(
            moments in proptest::collection::vec(-1000..1000_i64, 1..20)
        ) {
            let mut it = open();
            for moment in &moments {
                it.update(at(*moment), "ann", "still looking", None, false);
            }
            it.resolve(at(moments[0]), "ann", "it ended");
            prop_assert!(it.updates.is_sorted_by_key(|update| update.at));
            prop_assert!(it.record().seconds().is_some_and(|seconds| seconds >= 0.0));
        }
    }
}
