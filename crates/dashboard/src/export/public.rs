//! What everyone may know of a view.

use std::collections::BTreeSet;

use charter_deploy_model::{IncidentSeverity, IncidentStatus};
use jiff::Timestamp;

use crate::{Endpoint, Incident, Publicity, View};

/// What everyone may know.
pub(super) struct Public {
    /// Endpoints without the addresses that are not public.
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) incidents: Vec<PublicIncident>,
    pub(super) windows: Vec<PublicWindow>,
}

/// One incident, in words that are meant for everyone.
pub(super) struct PublicIncident {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) severity: IncidentSeverity,
    pub(super) status: IncidentStatus,
    pub(super) from: Timestamp,
    pub(super) until: Option<Timestamp>,
    /// The endpoints by their names.
    pub(super) endpoints: Vec<String>,
    /// The oldest first; there is at least one.
    pub(super) updates: Vec<PublicUpdate>,
}

/// One thing that everyone is told about an incident.
pub(super) struct PublicUpdate {
    pub(super) at: Timestamp,
    pub(super) status: IncidentStatus,
    pub(super) text: String,
}

/// One time in which endpoints may be away.
pub(super) struct PublicWindow {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) endpoints: Vec<String>,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

impl PublicIncident {
    pub(super) fn is_open(&self) -> bool {
        self.until.is_none() && self.status != IncidentStatus::Resolved
    }

    /// Returns when everyone was last told something.
    pub(super) fn updated(&self) -> Timestamp {
        self.updates.iter().map(|update| update.at).chain(self.until).max().unwrap_or(self.from)
    }
}

/// Returns what everyone may know of a view.
pub(super) fn of(view: &View) -> Public {
    let shown = view.endpoints.iter().filter(|endpoint| endpoint.publicity != Publicity::Hidden);
    let endpoints: Vec<Endpoint> = shown
        .map(|endpoint| {
            let url = endpoint.url.clone().filter(|_| endpoint.publicity == Publicity::Address);
            Endpoint { url, ..endpoint.clone() }
        })
        .collect();
    let names: BTreeSet<&str> = endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
    let known = |of: &[String]| of.iter().filter(|name| names.contains(name.as_str())).cloned().collect::<Vec<_>>();
    // What touches nothing that is public, and was not worded for everyone, stays among us.
    let incidents = view.incidents.iter().filter_map(|it| {
        let impacted = known(&it.record.impacted_services);
        (!impacted.is_empty() || it.public_title.is_some()).then(|| incident(it, impacted))
    });
    let windows = view.windows.iter().filter(|window| window.public).map(|window| PublicWindow {
        id: window.id.clone(),
        title: window.title.clone(),
        endpoints: if window.endpoints.is_empty() {
            endpoints.iter().map(|endpoint| endpoint.name.clone()).collect()
        } else {
            known(&window.endpoints)
        },
        from: window.from,
        until: window.until,
    });
    let (incidents, windows) = (incidents.collect(), windows.collect());
    Public { incidents, windows, endpoints }
}

fn incident(it: &Incident, endpoints: Vec<String>) -> PublicIncident {
    let record = &it.record;
    let title = it.public_title.clone().unwrap_or_else(|| format!("Trouble with {}", endpoints.join(", ")));
    let mut updates: Vec<PublicUpdate> = (it.timeline.iter().filter(|update| update.public))
        .map(|update| PublicUpdate { at: update.at, status: update.status, text: update.text.clone() })
        .collect();
    updates.sort_by_key(|update| update.at);
    if updates.is_empty() {
        let text = "We noticed it, and are looking into it.".to_owned();
        updates.push(PublicUpdate { at: record.start_time, status: IncidentStatus::Investigating, text });
    }
    if let Some(end) = record.end_time
        && updates.last().is_some_and(|last| last.status != IncidentStatus::Resolved)
    {
        updates.push(PublicUpdate { at: end, status: IncidentStatus::Resolved, text: "It is over.".to_owned() });
    }
    PublicIncident {
        id: record.incident_id.to_string(),
        title,
        severity: record.severity,
        status: record.status,
        from: record.start_time,
        until: record.end_time,
        endpoints,
        updates,
    }
}
