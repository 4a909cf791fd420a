//! How what is watched stands.

use charter_deploy_model::{Notice, Occasion, UptimeStatus};
use jiff::Timestamp;
use serde::Serialize;

use crate::figures::time;
use crate::layout::{hanging, table};
use crate::style::{BOLD, DIM, Mark, paint};
use crate::visible;

/// How one endpoint stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointStanding {
    /// Its name.
    pub name: String,
    /// What is looked at.
    pub address: String,
    /// How it is.
    pub status: UptimeStatus,
    /// Since when; absent where it was looked at once only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// How long it took to answer, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<f64>,
    /// Why it is not as it should be, or what is to be known besides.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Returns how endpoints stand, a line each, and how many of them are not as they should be.
#[must_use]
pub fn watched(endpoints: &[EndpointStanding]) -> String {
    let rows: Vec<Vec<String>> = endpoints.iter().map(row).collect();
    let mut text = table(&["", "endpoint", "", "took", ""], &rows);
    let count = |status| endpoints.iter().filter(|it| it.status == status).count();
    let parts: Vec<String> = [
        (UptimeStatus::Up, "up"),
        (UptimeStatus::Degraded, "degraded"),
        (UptimeStatus::Down, "down"),
        (UptimeStatus::Unknown, "not known"),
    ]
    .into_iter()
    .filter(|(status, _)| count(*status) > 0)
    .map(|(status, word)| format!("{} {word}", count(status)))
    .collect();
    text += &format!("\n{}\n", paint(BOLD, &parts.join(" · ")));
    text
}

fn row(it: &EndpointStanding) -> Vec<String> {
    let (mark, word) = match it.status {
        UptimeStatus::Up => (Mark::Good, "up"),
        UptimeStatus::Degraded => (Mark::Care, "degraded"),
        UptimeStatus::Down => (Mark::Bad, "down"),
        UptimeStatus::Unknown => (Mark::Quiet, "not known"),
    };
    let took = it.took_ms.map(|took| format!("{took:.0} ms")).unwrap_or_default();
    let since = it.since.map(|since| format!("since {}", time(since)));
    let said = Some(visible(&it.detail)).filter(|detail| !detail.is_empty());
    let rest: Vec<String> = since.into_iter().chain(said).collect();
    vec![mark.painted(), visible(&it.name), paint(mark.style(), word), took, rest.join(" · ")]
}

/// Returns what people are told, as they see it who look at the terminal.
#[must_use]
pub fn notice(notice: &Notice) -> String {
    let mark = match notice.occasion {
        Occasion::Raised | Occasion::Escalated => Mark::Bad,
        Occasion::Reminder => Mark::Care,
        Occasion::Resolved => Mark::Good,
        Occasion::Deployment | Occasion::Incident | Occasion::Test => Mark::Quiet,
    };
    let lead = format!("{} {}  ", mark.painted(), paint(DIM, &time(notice.at)));
    let mut text = hanging(&lead, &paint(BOLD, &visible(&notice.title)));
    for line in notice.text.lines() {
        text += &hanging("    ", &visible(line));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Marks, dress};

    #[test]
    fn each_endpoint_says_how_it_is_and_why() {
        let standing = |name: &str, status, took_ms, detail: &str| EndpointStanding {
            name: name.to_owned(),
            address: "https://example.org/".to_owned(),
            status,
            since: None,
            took_ms,
            detail: detail.to_owned(),
        };
        let text = watched(&[
            standing("docs", UptimeStatus::Up, Some(21.4), ""),
            standing("mail\u{1b}[2J", UptimeStatus::Down, None, "no connection to 192.0.2.7:25"),
        ]);
        let text = dress(&text, false, Marks::Unicode);
        assert!(text.contains("docs") && text.contains("21 ms"), "{text}");
        assert!(text.contains("no connection to 192.0.2.7:25"), "{text}");
        assert!(text.ends_with("\n1 up · 1 down\n"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}
