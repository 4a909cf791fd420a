//! What is shown: plain data, all of it made elsewhere.

mod alert;
mod deployment;
mod endpoint;
mod incident;
mod standing;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use alert::{Alert, MaintenanceWindow, Silence, Work};
pub use deployment::{Deployed, Live};
pub use endpoint::{
    Availabilities, Availability, Certificate, Day, Endpoint, EndpointDetail, Latency, LatencyPoint, Phases, Publicity,
    StatusChange,
};
pub use incident::{Incident, IncidentUpdate};
pub use standing::{Health, PageVitals, PrincipleStanding, ScorePoint, Standing, VitalSample};

/// How things stand at one moment. What was not measured is absent, or its list empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// Rises with every change.
    pub version: u64,
    /// The moment.
    pub at: Timestamp,
    /// The application's name.
    pub application: String,
    /// What users see; absent when nothing was deployed.
    pub live: Option<Live>,
    /// The last deployments, the newest first.
    pub deployments: Vec<Deployed>,
    /// How much of the constitution is kept; absent when nobody looked.
    pub standing: Option<Standing>,
    /// What is watched, in the order of the configuration.
    pub endpoints: Vec<Endpoint>,
    /// How fast pages are for those who visit them.
    pub vitals: Vec<PageVitals>,
    /// The alerts that are open, and those that were lately, the newest first.
    pub alerts: Vec<Alert>,
    /// The incidents that are open, and those that were lately, the newest first.
    pub incidents: Vec<Incident>,
    /// What is kept quiet.
    pub silences: Vec<Silence>,
    /// When alerts are not raised: those that are to come, those that are, those that were lately.
    pub windows: Vec<MaintenanceWindow>,
    /// What is done to keep it healthy, the newest first.
    pub work: Vec<Work>,
    /// How the monitor itself is; absent when it does not run.
    pub health: Option<Health>,
}

impl View {
    /// Makes the view of an application of which nothing is known yet.
    #[must_use]
    pub fn new(application: &str, at: Timestamp) -> Self {
        Self {
            version: 0,
            at,
            application: application.to_owned(),
            live: None,
            deployments: Vec::new(),
            standing: None,
            endpoints: Vec::new(),
            vitals: Vec::new(),
            alerts: Vec::new(),
            incidents: Vec::new(),
            silences: Vec::new(),
            windows: Vec::new(),
            work: Vec::new(),
            health: None,
        }
    }

    /// Returns the endpoint of this name.
    #[must_use]
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.name == name)
    }

    /// Returns the incident of this id.
    #[must_use]
    pub fn incident(&self, id: &str) -> Option<&Incident> {
        self.incidents.iter().find(|incident| incident.record.incident_id.to_string() == id)
    }

    /// Returns the alerts that are not over.
    pub fn open_alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter().filter(|alert| alert.record.resolved_at.is_none())
    }

    /// Returns the incidents that are not over.
    pub fn open_incidents(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.iter().filter(|incident| incident.is_open())
    }
}
