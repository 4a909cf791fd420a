//! What the outbox says of itself.

use std::sync::Arc;

use charter_deploy_model::Notice;
use jiff::Timestamp;
use serde::Serialize;

use super::Lost;

/// What became of a notice that was brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    /// By how many routes it goes now; 0, when each had this key before.
    pub routes: usize,
}

/// A notice that did not arrive by one route, so that it can be passed on by another.
#[derive(Debug, Clone)]
pub struct DeliveryFailed {
    /// The notice.
    pub notice: Arc<Notice>,
    /// The route.
    pub route: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Whether it will not be tried again.
    pub gave_up: bool,
    /// Why, without addresses.
    pub error: String,
}

/// How a route is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteStatus {
    /// Its name.
    pub route: String,
    /// Its kind; absent for a route that is no longer configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// How many notices it has yet to deliver.
    pub waiting: usize,
    /// When the receiver last took something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
    /// When it last failed, since this process began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Timestamp>,
    /// Why it last failed, without addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// How many attempts have failed in a row.
    pub consecutive_failures: u32,
    /// The last hundred notices that it will never deliver, oldest first.
    pub lost: Vec<Lost>,
}
