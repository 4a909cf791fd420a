//! Figures and states as people read them, written straight into a page.

use std::fmt;

use charter_deploy_model::{
    AlertSeverity, DeploymentStatus, DeploymentType, IncidentSeverity, IncidentStatus, MaintenanceStatus,
    MaintenanceType, Percent, Priority, Rating, UptimeStatus, Vital,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What a figure that was not measured reads as.
pub(crate) const ABSENT: &str = "–";

/// Milliseconds: `182 ms`, `1.24 s`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Millis(pub(crate) f64);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ms if !ms.is_finite() => f.write_str(ABSENT),
            ms if ms < 9.95 => write!(f, "{ms:.1} ms"),
            ms if ms < 999.5 => write!(f, "{ms:.0} ms"),
            ms if ms < 59_995.0 => write!(f, "{:.2} s", ms / 1000.0),
            ms => Span(ms / 1000.0).fmt(f),
        }
    }
}

/// A figure, or [`ABSENT`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Maybe<T>(pub(crate) Option<T>);

impl<T: fmt::Display> fmt::Display for Maybe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str(ABSENT),
        }
    }
}

/// A share: `99.98 %`. It is rounded down, so that only what is all of it reads as 100.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share(pub(crate) Percent);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.0.get();
        if percent >= 100.0 {
            return f.write_str("100 %");
        }
        // A share such as 99.9 is a little less than that in binary, and would read as 99.89.
        write!(f, "{:.2} %", (percent * 100.0 + 1e-6).floor().min(9999.0) / 100.0)
    }
}

/// A length of time in seconds: `8 s`, `1 min 51 s`, `12 min`, `3 h 12 min`, `3 d 4 h`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span(pub(crate) f64);

impl fmt::Display for Span {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.max(0.0) as u64;
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
        match () {
            () if minutes == 0 => write!(f, "{seconds} s"),
            () if minutes < 10 && !seconds.is_multiple_of(60) => write!(f, "{minutes} min {} s", seconds % 60),
            () if hours == 0 => write!(f, "{minutes} min"),
            () if days == 0 && minutes.is_multiple_of(60) => write!(f, "{hours} h"),
            () if days == 0 => write!(f, "{hours} h {} min", minutes % 60),
            () if days > 13 || hours.is_multiple_of(24) => write!(f, "{days} d"),
            () => write!(f, "{days} d {} h", hours % 24),
        }
    }
}

/// Returns how long it is from one moment to a later one.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Span {
    Span(to.duration_since(from).as_secs_f64())
}

/// A moment: `21 Nov 2026, 02:07`, in UTC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment(pub(crate) Timestamp);

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0.to_zoned(TimeZone::UTC);
        let month = MONTHS.get(usize::try_from(time.month() - 1).unwrap_or_default()).copied().unwrap_or_default();
        write!(f, "{} {month} {}, {:02}:{:02}", time.day(), time.year(), time.hour(), time.minute())
    }
}

/// A number without decimals that say nothing: `100`, `98.5`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plain(pub(crate) f64);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded down like shares: 99.96 is no 100.
        let tenths = (self.0 * 10.0 + 1e-6).floor() / 10.0;
        write!(f, "{tenths}")
    }
}

/// Returns an address when a link to it can do nothing but lead there: one of the web.
pub(crate) fn link(url: &str) -> Option<&str> {
    let web = ["https://", "http://"].iter().any(|scheme| {
        url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) && url.len() > scheme.len()
    });
    (web && !url.chars().any(|each| each.is_control() || each.is_whitespace())).then_some(url)
}

pub(crate) const fn status(status: UptimeStatus) -> &'static str {
    match status {
        UptimeStatus::Up => "Up",
        UptimeStatus::Down => "Down",
        UptimeStatus::Degraded => "Degraded",
        UptimeStatus::Unknown => "Unknown",
    }
}

/// The class that colours it: one of `up`, `degraded`, `down`, `unknown`.
pub(crate) const fn tone(status: UptimeStatus) -> &'static str {
    match status {
        UptimeStatus::Up => "up",
        UptimeStatus::Down => "down",
        UptimeStatus::Degraded => "degraded",
        UptimeStatus::Unknown => "unknown",
    }
}

pub(crate) const fn severity(severity: AlertSeverity) -> (&'static str, &'static str) {
    match severity {
        AlertSeverity::Info => ("Info", "unknown"),
        AlertSeverity::Warning => ("Warning", "degraded"),
        AlertSeverity::Error => ("Error", "down"),
        AlertSeverity::Critical => ("Critical", "down"),
    }
}

pub(crate) const fn incident_status(status: IncidentStatus) -> (&'static str, &'static str) {
    match status {
        IncidentStatus::Investigating => ("Investigating", "down"),
        IncidentStatus::Identified => ("Identified", "degraded"),
        IncidentStatus::Monitoring => ("Monitoring", "degraded"),
        IncidentStatus::Resolved => ("Resolved", "up"),
    }
}

pub(crate) const fn incident_severity(severity: IncidentSeverity) -> &'static str {
    match severity {
        IncidentSeverity::Minor => "Minor",
        IncidentSeverity::Major => "Major",
        IncidentSeverity::Critical => "Critical",
    }
}

pub(crate) const fn deployment_status(status: DeploymentStatus) -> (&'static str, &'static str) {
    match status {
        DeploymentStatus::Pending => ("Pending", "unknown"),
        DeploymentStatus::Building => ("Building", "unknown"),
        DeploymentStatus::Validating => ("Validating", "unknown"),
        DeploymentStatus::Deploying => ("Deploying", "unknown"),
        DeploymentStatus::Success => ("Live and verified", "up"),
        DeploymentStatus::Failed => ("Failed", "down"),
        DeploymentStatus::RolledBack => ("Rolled back", "degraded"),
    }
}

pub(crate) const fn deployment_sort(sort: DeploymentType) -> &'static str {
    match sort {
        DeploymentType::Initial => "First",
        DeploymentType::Update => "Update",
        DeploymentType::Hotfix => "Hotfix",
        DeploymentType::Rollback => "Rollback",
    }
}

pub(crate) const fn work(sort: MaintenanceType) -> &'static str {
    match sort {
        MaintenanceType::DependencyUpdate => "Dependency update",
        MaintenanceType::ContentValidation => "Content validation",
        MaintenanceType::Backup => "Backup",
        MaintenanceType::SecurityPatch => "Security patch",
        MaintenanceType::Optimization => "Optimization",
        MaintenanceType::Drift => "Drift check",
        MaintenanceType::CodeRepair => "Code repair",
        MaintenanceType::RestoreDrill => "Restore drill",
    }
}

pub(crate) const fn work_status(status: MaintenanceStatus) -> (&'static str, &'static str) {
    match status {
        MaintenanceStatus::Scheduled => ("Scheduled", "unknown"),
        MaintenanceStatus::Running => ("Running", "unknown"),
        MaintenanceStatus::Success => ("Done", "up"),
        MaintenanceStatus::Failed => ("Failed", "down"),
        MaintenanceStatus::RequiresApproval => ("Waits for approval", "degraded"),
        MaintenanceStatus::Cancelled => ("Cancelled", "unknown"),
    }
}

pub(crate) const fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "low",
        Priority::Medium => "medium",
        Priority::High => "high",
        Priority::Critical => "critical",
    }
}

pub(crate) const fn rating(rating: Rating) -> (&'static str, &'static str) {
    match rating {
        Rating::Good => ("Good", "up"),
        Rating::NeedsImprovement => ("Needs improvement", "degraded"),
        Rating::Poor => ("Poor", "down"),
    }
}

pub(crate) const fn vital_id(vital: Vital) -> &'static str {
    match vital {
        Vital::Lcp => "lcp",
        Vital::Fcp => "fcp",
        Vital::Cls => "cls",
        Vital::Fid => "fid",
        Vital::Inp => "inp",
        Vital::Tbt => "tbt",
    }
}

pub(crate) const fn vital(vital: Vital) -> (&'static str, &'static str) {
    match vital {
        Vital::Lcp => ("LCP", "Largest contentful paint"),
        Vital::Fcp => ("FCP", "First contentful paint"),
        Vital::Cls => ("CLS", "Cumulative layout shift"),
        Vital::Fid => ("FID", "First input delay"),
        Vital::Inp => ("INP", "Interaction to next paint"),
        Vital::Tbt => ("TBT", "Total blocking time"),
    }
}

/// A web vital's figure in its own unit.
pub(crate) fn vital_value(vital: Vital, value: f64) -> String {
    match vital {
        Vital::Lcp | Vital::Fcp => Millis(value * 1000.0).to_string(),
        Vital::Cls => format!("{value:.3}"),
        Vital::Fid | Vital::Inp | Vital::Tbt => Millis(value).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn figures_read_as_people_write_them() {
        let share = |percent| Share(Percent::new(percent).unwrap()).to_string();
        assert_eq!([share(100.0), share(99.999), share(99.9), share(0.0)], ["100 %", "99.99 %", "99.90 %", "0.00 %"]);
        let spans =
            [8.9, 111.0, 720.0, 3600.0, 11_520.0, 86_400.0, 277_000.0, 1_300_000.0].map(|it| Span(it).to_string());
        assert_eq!(spans, ["8 s", "1 min 51 s", "12 min", "1 h", "3 h 12 min", "1 d", "3 d 4 h", "15 d"]);
        let millis = [0.04, 9.96, 182.4, 999.6, 1240.0, 120_000.0].map(|it| Millis(it).to_string());
        assert_eq!(millis, ["0.0 ms", "10 ms", "182 ms", "1.00 s", "1.24 s", "2 min"]);
        assert_eq!(Moment("2026-11-21T02:07:11Z".parse().unwrap()).to_string(), "21 Nov 2026, 02:07");
        assert_eq!([Plain(100.0), Plain(99.96), Plain(98.5)].map(|it| it.to_string()), ["100", "99.9", "98.5"]);
        assert_eq!(Maybe(None::<Millis>).to_string(), "–");
    }

    #[test]
    fn only_the_web_is_linked() {
        for url in ["javascript:alert(1)", " https://a", "data:text/html,x", "https://", "//a", "java\nscript:", ""] {
            assert_eq!(link(url), None, "{url}");
        }
        assert_eq!(link("HTTPS://example.org/"), Some("HTTPS://example.org/"));
    }

    proptest! {
        #[test]
        fn no_share_that_is_not_all_reads_as_all(percent in 0.0..100.0_f64) {
            prop_assert_ne!(Share(Percent::new(percent).unwrap()).to_string(), "100 %");
        }

        #[test]
        fn every_time_can_be_written(seconds in any::<f64>(), second in -377_705_023_201_i64..=253_402_207_200) {
            let _ = (Span(seconds).to_string(), Millis(seconds).to_string());
            let _ = Moment(Timestamp::from_second(second).unwrap()).to_string();
        }
    }
}
