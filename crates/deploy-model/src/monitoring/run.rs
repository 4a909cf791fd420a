//! One run: every endpoint that was looked at, in one record.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{MonitoringId, MonitoringType, ProductionMonitoring};

/// One monitoring run: an entry per endpoint, all of one kind and under one id.
///
/// It can only be made of entries that belong together, whether by [`MonitoringRun::new`] or by reading it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringRun {
    /// This run's name.
    monitoring_id: MonitoringId,
    /// When it began.
    timestamp: Timestamp,
    /// What was watched.
    monitoring_type: MonitoringType,
    /// Each endpoint, in the order in which they were looked at.
    #[schemars(length(min = 1))]
    entries: Vec<ProductionMonitoring>,
}

/// Why entries are no run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunFault {
    /// There are none: a run that looked at nothing is not recorded.
    #[error("a monitoring run needs an entry")]
    Empty,
    /// An entry has the id or the kind of another run.
    #[error("the entry of `{site_url}` is {found}, in the {wanted}")]
    OtherRun {
        /// The entry's endpoint.
        site_url: String,
        /// Its id and kind.
        found: String,
        /// The run's.
        wanted: String,
    },
    /// An endpoint has two entries.
    #[error("there are two entries of `{site_url}`")]
    Twice {
        /// The endpoint.
        site_url: String,
    },
    /// An entry lacks what it is about.
    #[error("the entry of `{site_url}` has no group `{group}`")]
    NoGroup {
        /// The entry's endpoint.
        site_url: String,
        /// What it lacks.
        group: MonitoringType,
    },
}

impl MonitoringRun {
    /// Puts the entries of one run together.
    ///
    /// # Errors
    /// When they are not those of one run.
    pub fn new(
        monitoring_id: MonitoringId,
        timestamp: Timestamp,
        monitoring_type: MonitoringType,
        entries: Vec<ProductionMonitoring>,
    ) -> Result<Self, RunFault> {
        if entries.is_empty() {
            return Err(RunFault::Empty);
        }
        let mut seen = BTreeSet::new();
        for entry in &entries {
            let site_url = || entry.site_url.clone();
            if (entry.monitoring_id, entry.monitoring_type) != (monitoring_id, monitoring_type) {
                return Err(RunFault::OtherRun {
                    site_url: site_url(),
                    found: format!("{} run `{}`", entry.monitoring_type, entry.monitoring_id),
                    wanted: format!("{monitoring_type} run `{monitoring_id}`"),
                });
            }
            if !entry.has_its_group() {
                return Err(RunFault::NoGroup { site_url: site_url(), group: monitoring_type });
            }
            if !seen.insert(&entry.site_url) {
                return Err(RunFault::Twice { site_url: site_url() });
            }
        }
        Ok(Self { monitoring_id, timestamp, monitoring_type, entries })
    }

    /// Returns its name.
    #[must_use]
    pub const fn id(&self) -> MonitoringId {
        self.monitoring_id
    }

    /// Returns when it began.
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Returns what was watched.
    #[must_use]
    pub const fn monitoring_type(&self) -> MonitoringType {
        self.monitoring_type
    }

    /// Returns what was seen of each endpoint.
    #[must_use]
    pub fn entries(&self) -> &[ProductionMonitoring] {
        &self.entries
    }
}

impl<'de> Deserialize<'de> for MonitoringRun {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Written {
            monitoring_id: MonitoringId,
            timestamp: Timestamp,
            monitoring_type: MonitoringType,
            entries: Vec<ProductionMonitoring>,
        }

        let run = Written::deserialize(deserializer)?;
        Self::new(run.monitoring_id, run.timestamp, run.monitoring_type, run.entries).map_err(de::Error::custom)
    }
}
