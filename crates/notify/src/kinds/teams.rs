//! A notice as a card in a Microsoft Teams channel.

use async_trait::async_trait;
use charter_deploy_model::{AlertSeverity, KindMeta, Notice, Occasion};
use charter_host::{Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::post::{Address, default_timeout, time_limit};
use crate::wording::{cut, link, one_line, subject, without_links};
use crate::{Notifier, NotifyError, SecretName};

/// Teams take 28 kB in all; a character is up to four bytes, or six when JSON escapes it.
const TEXT: usize = 2500;
const FACT: usize = 200;
const FACTS: usize = 10;

charter_deploy_model::kind! {
    /// Posts each notice to a Microsoft Teams channel by a workflow's webhook.
    ///
    /// In Teams, make the workflow "Post to a channel when a webhook request is received"; the connectors of old, at
    /// `webhook.office.com`, are retired.
    ///
    /// ```toml
    /// [notify.routes.chat]
    /// kind = "teams"
    /// url = { env = "TEAMS_WORKFLOW" }
    /// ```
    ///
    /// The card is an Adaptive Card of version 1.4, as Microsoft documents it; it was never seen in a live channel by
    /// Charter's own tests. A workflow answers 202 before it has posted the card, so what fails after that is only in
    /// the workflow's own history.
    pub static META: "teams", needs Live, lane Shared {}
}

/// A route of the kind `teams`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TeamsConfig {
    /// The workflow's webhook: the name of the variable that holds its address.
    pub url: SecretName,
    /// How long one delivery may take, in seconds, 1 to 60.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

/// Posts to a channel.
#[derive(Debug)]
pub struct Teams {
    address: Address,
}

/// Builds the notifier.
///
/// # Errors
/// When the variable is not set or holds no address.
pub fn notifier(config: TeamsConfig, setup: &Setup<'_>) -> Result<Box<dyn Notifier>, Refusal> {
    let url = config.url.reveal(setup)?;
    Ok(Box::new(Teams { address: Address::new(setup.host, &url, &[], time_limit(config.timeout_seconds)?)? }))
}

/// Returns what is posted.
#[must_use]
pub fn body(notice: &Notice) -> Value {
    let colour = match (notice.occasion, notice.severity) {
        (Occasion::Resolved, _) => "Good",
        (_, AlertSeverity::Critical | AlertSeverity::Error) => "Attention",
        (_, AlertSeverity::Warning) => "Warning",
        (_, AlertSeverity::Info) => "Accent",
    };
    let title = without_links(&subject(notice, 300));
    let mut blocks = vec![json!({
        "type": "TextBlock", "text": title, "weight": "Bolder", "size": "Medium", "color": colour, "wrap": true,
    })];
    if !notice.text.trim().is_empty() {
        let text = without_links(&cut(notice.text.trim(), TEXT));
        // A card's Markdown joins lines unless an empty one is between them.
        blocks.push(json!({ "type": "TextBlock", "text": text.replace('\n', "\n\n"), "wrap": true }));
    }
    let facts: Vec<Value> = (notice.facts.iter().take(FACTS))
        .map(|(name, value)| {
            json!({ "title": cut(&one_line(name), FACT), "value": without_links(&cut(&one_line(value), FACT)) })
        })
        .collect();
    if !facts.is_empty() {
        blocks.push(json!({ "type": "FactSet", "facts": facts }));
    }
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "fallbackText": title,
        "body": blocks,
    });
    if let Some(link) = link(notice) {
        card["actions"] = json!([{ "type": "Action.OpenUrl", "title": "Open", "url": link }]);
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card,
        }],
    })
}

#[async_trait]
impl Notifier for Teams {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> String {
        self.address.host()
    }

    async fn notify(&self, notice: &Notice, scope: &Scope) -> Result<(), NotifyError> {
        self.address.post(body(notice).to_string().into_bytes(), &[], scope).await
    }
}
