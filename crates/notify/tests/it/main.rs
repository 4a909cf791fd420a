//! What this crate promises, as tests.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod contract;
mod email;
mod heartbeat;
mod http;
mod outbox;
mod receiver;
mod shapes;

use std::path::Path;
use std::sync::Arc;

use charter_deploy_model::{AlertSeverity, Notice, Occasion};
use charter_host::{Environment, Host, Secret, Secrets, Setup};
use charter_notify::Notifier;
use serde_json::Value;

/// Builds a notifier as a configuration would.
fn build(kind: &str, section: Value, root: &Path, secrets: &[(&str, &str)]) -> Result<Arc<dyn Notifier>, String> {
    let variables = [("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()), ("OTHER".into(), "not handed on".into())];
    let host = Host::system(variables.into_iter().collect::<Environment>());
    let secrets: Secrets =
        secrets.iter().map(|(name, value)| ((*name).to_owned(), Secret::new((*value).to_owned()))).collect();
    let setup = Setup { host: &host, root, secrets: &secrets };
    charter_notify::standard().build(kind, section, &setup).map(Arc::from).map_err(|error| error.to_string())
}

fn notice(key: &str) -> Notice {
    let at = "2026-11-21T02:07:11Z".parse().unwrap();
    let mut notice = Notice::new(key, Occasion::Raised, AlertSeverity::Critical, "docs is down", at);
    notice.text = "503 since 02:06:41".to_owned();
    notice.link = Some("https://status.example.org/docs".to_owned());
    notice.facts.insert("deployment".to_owned(), "20261121-020211".to_owned());
    notice
}
