//! What many records say together.
//!
//! Trends follow the one rule of [`trend`](crate::statistics::trend). What there is nothing to say about is absent.

mod monitoring;
mod performance;
mod uptime;

pub use monitoring::{
    ComplianceStanding, MonitoringAnalytics, PrincipleShares, UptimeAnalytics, VisitAnalytics, VitalTrend, VitalTrends,
    monitoring,
};
pub use performance::{
    BuildTimes, ComplianceHistory, DeploymentFrequency, DeploymentSuccess, PerformanceAnalytics, performance,
};
pub use uptime::{EndpointUptime, uptime};

#[cfg(test)]
mod tests;
