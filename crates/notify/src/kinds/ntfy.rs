//! A notice on people's phones by ntfy.

use async_trait::async_trait;
use charter_deploy_model::{AlertSeverity, KindMeta, Notice, Occasion};
use charter_host::{Refusal, Scope, Secret, Setup};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::post::{Address, default_timeout, time_limit};
use crate::wording::{cut_bytes, link, subject, text};
use crate::{Notifier, NotifyError, SecretName};

/// A longer message would arrive as a file, in bytes.
const MESSAGE: usize = 4000;
const TITLE: usize = 250;

charter_deploy_model::kind! {
    /// Publishes each notice on a topic of ntfy, on `ntfy.sh` or a server of your own.
    ///
    /// ```toml
    /// [notify.routes.phones]
    /// kind = "ntfy"
    /// server = "https://ntfy.example.org"
    /// topic = { env = "NTFY_TOPIC" }
    /// token = { env = "NTFY_TOKEN" }
    /// ```
    ///
    /// On a server without accounts the topic is the password, so it is named like one. The message follows ntfy's
    /// documentation ("publish as JSON"); it was never seen on a live server by Charter's own tests.
    pub static META: "ntfy", needs Live, lane Shared {}
}

/// A route of the kind `ntfy`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NtfyConfig {
    /// The server.
    #[serde(default = "public_server")]
    pub server: String,
    /// The topic: the name of the variable that holds it.
    pub topic: SecretName,
    /// The access token, where the server wants one: the name of the variable that holds it.
    pub token: Option<SecretName>,
    /// How long one delivery may take, in seconds, 1 to 60.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

fn public_server() -> String {
    "https://ntfy.sh".to_owned()
}

/// Publishes on a topic.
#[derive(Debug)]
pub struct Ntfy {
    address: Address,
    topic: Secret,
    token: Option<Secret>,
}

/// Builds the notifier.
///
/// # Errors
/// When a variable is not set or the server is no address.
pub fn notifier(config: NtfyConfig, setup: &Setup<'_>) -> Result<Box<dyn Notifier>, Refusal> {
    let topic = config.topic.reveal(setup)?;
    let token = config.token.as_ref().map(|name| name.reveal(setup)).transpose()?;
    let secrets: Vec<&Secret> = std::iter::once(&topic).chain(&token).collect();
    let limit = time_limit(config.timeout_seconds)?;
    let address = Address::new(setup.host, &Secret::new(config.server), &secrets, limit)?;
    Ok(Box::new(Ntfy { address, topic, token }))
}

/// Returns what is posted.
#[must_use]
pub fn body(notice: &Notice, topic: &str) -> Value {
    let (priority, tag) = match (notice.occasion, notice.severity) {
        (Occasion::Resolved, _) => (3, "white_check_mark"),
        (_, AlertSeverity::Critical) => (5, "rotating_light"),
        (_, AlertSeverity::Error) => (4, "x"),
        (_, AlertSeverity::Warning) => (3, "warning"),
        (_, AlertSeverity::Info) => (2, "information_source"),
    };
    let text = text(notice, MESSAGE);
    // An empty message would be shown as "triggered".
    let text = if text.trim().is_empty() { notice.at.to_string() } else { text };
    let mut body = json!({
        "topic": topic,
        "title": cut_bytes(&subject(notice, TITLE), TITLE),
        "message": cut_bytes(&text, MESSAGE),
        "priority": priority,
        "tags": [tag],
    });
    if let Some(link) = link(notice) {
        body["click"] = json!(link);
    }
    body
}

#[async_trait]
impl Notifier for Ntfy {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> String {
        self.address.host()
    }

    async fn notify(&self, notice: &Notice, scope: &Scope) -> Result<(), NotifyError> {
        let headers: Vec<_> =
            self.token.iter().map(|token| ("authorization", format!("Bearer {}", token.reveal()))).collect();
        self.address.post(body(notice, self.topic.reveal()).to_string().into_bytes(), &headers, scope).await
    }
}
