//! What templates call: the words of [`crate::words`], for values behind references, as templates hand them out.

use charter_deploy_model::{
    AlertSeverity, DeploymentStatus, DeploymentType, IncidentSeverity, IncidentStatus, MaintenanceStatus,
    MaintenanceType, Percent, Priority, Rating, UptimeStatus, Vital,
};
use jiff::Timestamp;

use crate::words::{self, Maybe, Millis, Moment, Plain, Share, Span};
use crate::{Availability, Day, Deployed, Incident, View};

pub(crate) const fn moment(at: &Timestamp) -> Moment {
    Moment(*at)
}

pub(crate) fn span(from: &Timestamp, to: &Timestamp) -> Span {
    words::between(*from, *to)
}

pub(crate) const fn seconds(seconds: &f64) -> Span {
    Span(*seconds)
}

pub(crate) fn lasted(incident: &Incident, now: &Timestamp) -> Span {
    Span(incident.lasted(*now))
}

pub(crate) fn millis(ms: &Option<f64>) -> Maybe<Millis> {
    Maybe(ms.map(Millis))
}

pub(crate) const fn share(percent: &Percent) -> Share {
    Share(*percent)
}

pub(crate) const fn plain(number: &f64) -> Plain {
    Plain(*number)
}

pub(crate) fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or(words::ABSENT)
}

pub(crate) fn link(url: &str) -> Option<&str> {
    words::link(url)
}

pub(crate) const fn status(status: &UptimeStatus) -> &'static str {
    words::status(*status)
}

pub(crate) const fn tone(status: &UptimeStatus) -> &'static str {
    words::tone(*status)
}

pub(crate) fn day_status(day: &Day) -> &'static str {
    words::status(day.status())
}

pub(crate) fn day_tone(day: &Day) -> &'static str {
    words::tone(day.status())
}

/// A part of a day as a time; nothing of it is a dash.
pub(crate) fn day_part(share: &f32) -> Maybe<Span> {
    Maybe((*share > 0.0).then(|| Span(f64::from(*share) * 86_400.0)))
}

pub(crate) const fn severity(severity: &AlertSeverity) -> &'static str {
    words::severity(*severity).0
}

pub(crate) const fn severity_tone(severity: &AlertSeverity) -> &'static str {
    words::severity(*severity).1
}

pub(crate) const fn incident_status(status: &IncidentStatus) -> &'static str {
    words::incident_status(*status).0
}

pub(crate) const fn incident_tone(status: &IncidentStatus) -> &'static str {
    words::incident_status(*status).1
}

pub(crate) const fn incident_severity(severity: &IncidentSeverity) -> &'static str {
    words::incident_severity(*severity)
}

pub(crate) const fn deployment_status(status: &DeploymentStatus) -> &'static str {
    words::deployment_status(*status).0
}

pub(crate) const fn deployment_tone(status: &DeploymentStatus) -> &'static str {
    words::deployment_status(*status).1
}

pub(crate) const fn deployment_sort(sort: &DeploymentType) -> &'static str {
    words::deployment_sort(*sort)
}

pub(crate) fn is_live(view: &View, deployed: &Deployed) -> bool {
    view.live.as_ref().is_some_and(|live| live.deployment_id == deployed.id)
}

pub(crate) const fn work(sort: &MaintenanceType) -> &'static str {
    words::work(*sort)
}

pub(crate) const fn work_status(status: &MaintenanceStatus) -> &'static str {
    words::work_status(*status).0
}

pub(crate) const fn work_tone(status: &MaintenanceStatus) -> &'static str {
    words::work_status(*status).1
}

pub(crate) const fn priority(priority: &Priority) -> &'static str {
    words::priority(*priority)
}

pub(crate) const fn rating(rating: &Rating) -> &'static str {
    words::rating(*rating).0
}

pub(crate) const fn rating_tone(rating: &Rating) -> &'static str {
    words::rating(*rating).1
}

pub(crate) const fn vital(vital: &Vital) -> &'static str {
    words::vital(*vital).0
}

pub(crate) const fn vital_title(vital: &Vital) -> &'static str {
    words::vital(*vital).1
}

pub(crate) fn vital_value(vital: &Vital, value: &f64) -> String {
    words::vital_value(*vital, *value)
}

pub(crate) fn availability(it: &Option<Availability>) -> Option<(Share, Share)> {
    it.map(|it| (Share(it.uptime_percent), Share(it.coverage_percent)))
}
