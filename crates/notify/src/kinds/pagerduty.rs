//! A notice as an event of PagerDuty.

use async_trait::async_trait;
use charter_deploy_model::{AlertSeverity, KindMeta, Notice, Occasion};
use charter_host::{Refusal, Scope, Secret, Setup};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::post::{Address, default_timeout, time_limit};
use crate::wording::{cut, cut_bytes, fingerprint, link, one_line};
use crate::{Notifier, NotifyError, SecretName};

/// PagerDuty's own limits, in characters.
const SUMMARY: usize = 1024;
const DEDUP_KEY: usize = 255;
/// An event may have 512 kB; people read less, in bytes.
const TEXT: usize = 8000;
const FACTS: usize = 50;

const ALERTS: &str = "/v2/enqueue";
const CHANGES: &str = "/v2/change/enqueue";

charter_deploy_model::kind! {
    /// Sends each notice to PagerDuty by the Events API v2.
    ///
    /// ```toml
    /// [notify.routes.pager]
    /// kind = "pagerduty"
    /// routing-key = { env = "PAGERDUTY_KEY" }
    /// ```
    ///
    /// What is raised triggers an alert, and what is over resolves it: everything about one matter has the notice's
    /// thread as `dedup_key`, so a repeated or late event makes no second alert. Deployments and incidents are sent as
    /// change events, which call nobody. In the European region set `server = "https://events.eu.pagerduty.com"`.
    ///
    /// Events follow PagerDuty's documentation; they were never seen by the live service in Charter's own tests.
    pub static META: "pagerduty", needs Live, lane Shared {}
}

/// A route of the kind `pagerduty`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PagerdutyConfig {
    /// The integration key of the PagerDuty service: the name of the variable that holds it.
    pub routing_key: SecretName,
    /// Where events are sent.
    #[serde(default = "server")]
    pub server: String,
    /// How long one delivery may take, in seconds, 1 to 60.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

fn server() -> String {
    "https://events.pagerduty.com".to_owned()
}

/// Sends events.
#[derive(Debug)]
pub struct Pagerduty {
    alerts: Address,
    changes: Address,
    routing_key: Secret,
}

/// Builds the notifier.
///
/// # Errors
/// When the variable is not set or the server is no address.
pub fn notifier(config: PagerdutyConfig, setup: &Setup<'_>) -> Result<Box<dyn Notifier>, Refusal> {
    let routing_key = config.routing_key.reveal(setup)?;
    let limit = time_limit(config.timeout_seconds)?;
    let address = Address::new(setup.host, &Secret::new(config.server), &[&routing_key], limit)?;
    let (alerts, changes) = (address.with_path(ALERTS), address.with_path(CHANGES));
    Ok(Box::new(Pagerduty { alerts, changes, routing_key }))
}

/// Says whether a notice calls somebody, or is only put beside what does.
const fn is_alert(notice: &Notice) -> bool {
    !matches!(notice.occasion, Occasion::Deployment | Occasion::Incident)
}

/// Returns what is posted: an alert event, or a change event for what calls nobody.
#[must_use]
pub fn body(notice: &Notice, routing_key: &str) -> Value {
    let mut details: serde_json::Map<String, Value> =
        notice.facts.iter().take(FACTS).map(|(name, value)| (name.clone(), json!(cut(value, SUMMARY)))).collect();
    if !notice.text.trim().is_empty() {
        details.insert("text".to_owned(), json!(cut_bytes(notice.text.trim(), TEXT)));
    }
    details.insert("key".to_owned(), json!(notice.key));
    let payload = json!({
        "summary": cut(&one_line(&notice.title), SUMMARY),
        "source": "charter",
        "timestamp": notice.at,
        "custom_details": details,
    });
    let mut body = json!({ "routing_key": routing_key, "payload": payload });
    if let Some(link) = link(notice) {
        body["links"] = json!([{ "href": link, "text": "Open" }]);
    }
    if is_alert(notice) {
        body["event_action"] = json!(if notice.occasion == Occasion::Resolved { "resolve" } else { "trigger" });
        body["dedup_key"] = json!(dedup_key(&notice.thread));
        body["client"] = json!("charter");
        body["payload"]["severity"] = json!(match notice.severity {
            AlertSeverity::Info => "info",
            AlertSeverity::Warning => "warning",
            AlertSeverity::Error => "error",
            AlertSeverity::Critical => "critical",
        });
    }
    body
}

fn dedup_key(thread: &str) -> String {
    // Cutting would make one of two threads with the same beginning.
    if thread.chars().count() > DEDUP_KEY { fingerprint(thread) } else { thread.to_owned() }
}

#[async_trait]
impl Notifier for Pagerduty {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> String {
        self.alerts.host()
    }

    fn folds(&self) -> bool {
        false
    }

    async fn notify(&self, notice: &Notice, scope: &Scope) -> Result<(), NotifyError> {
        let address = if is_alert(notice) { &self.alerts } else { &self.changes };
        address.post(body(notice, self.routing_key.reveal()).to_string().into_bytes(), &[], scope).await
    }
}
