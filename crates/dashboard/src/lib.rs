//! Shows it: pages in the browser, on loopback, live; and a status page for everyone.
//!
//! Whoever watches implements [`Source`]: it hands out a [`View`], which is plain data, says when there is another one,
//! and takes what people decide. [`serve`] shows it on loopback; [`export`] makes a public status page of the same data,
//! as files that any web server can send. Every page is rendered here and can be read without any script; a small one
//! keeps it up to date.
//!
//! ```
//! use charter_dashboard::{PublicSite, View, export};
//!
//! let view = View::new("docs", "2026-11-21T02:07:11Z".parse()?);
//! let site = PublicSite { url: "https://status.example.org/".to_owned() };
//! let files = export(&view, &site)?;
//! assert!(files.iter().any(|(path, _)| path == "index.html"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chart;
mod export;
mod metrics;
mod server;
mod show;
mod source;
mod view;
mod words;

pub use export::{ExportError, PublicSite, export};
pub use metrics::{RefusedCounts, metrics};
pub use server::{Options, Running, ServeError, serve};
pub use source::{Acknowledgement, Received, Refused, SilenceOrder, Source};
pub use view::{
    Alert, Availabilities, Availability, Certificate, Day, Deployed, Endpoint, EndpointDetail, Health, Incident,
    IncidentUpdate, Latency, LatencyPoint, Live, MaintenanceWindow, PageVitals, Phases, PrincipleStanding, Publicity,
    ScorePoint, Silence, Standing, StatusChange, View, VitalSample, Work,
};
