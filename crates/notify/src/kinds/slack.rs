//! A notice as a message in a Slack channel.

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, Notice};
use charter_host::{Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::post::{Address, default_timeout, time_limit};
use crate::wording::{colour, cut, link, one_line, subject};
use crate::{Notifier, NotifyError, SecretName};

/// Slack's own limits, in characters and in number.
const SECTION: usize = 3000;
const FIELD: usize = 2000;
const FIELDS: usize = 10;
/// Escaping makes one character up to five.
const ESCAPED: usize = 5;

charter_deploy_model::kind! {
    /// Posts each notice to a Slack channel by an incoming webhook.
    ///
    /// ```toml
    /// [notify.routes.chat]
    /// kind = "slack"
    /// url = { env = "SLACK_WEBHOOK" }
    /// ```
    ///
    /// Titles and texts are escaped, so that nothing that a watched site says of itself becomes a link or calls
    /// everybody. The message follows Slack's documentation (Block Kit in an attachment); it was never seen in a live
    /// channel by Charter's own tests.
    pub static META: "slack", needs Live, lane Shared {}
}

/// A route of the kind `slack`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SlackConfig {
    /// The incoming webhook: the name of the variable that holds its address.
    pub url: SecretName,
    /// How long one delivery may take, in seconds, 1 to 60.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

/// Posts to a channel.
#[derive(Debug)]
pub struct Slack {
    address: Address,
}

/// Builds the notifier.
///
/// # Errors
/// When the variable is not set or holds no address.
pub fn notifier(config: SlackConfig, setup: &Setup<'_>) -> Result<Box<dyn Notifier>, Refusal> {
    let url = config.url.reveal(setup)?;
    Ok(Box::new(Slack { address: Address::new(setup.host, &url, &[], time_limit(config.timeout_seconds)?)? }))
}

/// Returns what is posted.
#[must_use]
pub fn body(notice: &Notice) -> Value {
    let title = escape(&subject(notice, SECTION / ESCAPED / 2));
    let heading = match link(notice) {
        Some(link) => format!("*<{}|{title}>*", escape(&link.replace(['|', '>'], ""))),
        None => format!("*{title}*"),
    };
    let section = |text: String| json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } });
    let mut blocks = vec![section(cut(&heading, SECTION))];
    if !notice.text.trim().is_empty() {
        blocks.push(section(escape(&cut(notice.text.trim(), SECTION / ESCAPED))));
    }
    let fields: Vec<Value> = (notice.facts.iter().take(FIELDS))
        .map(|(name, value)| {
            let text =
                format!("*{}*\n{}", escape(&one_line(name)), escape(&cut(&one_line(value), FIELD / ESCAPED / 2)));
            json!({ "type": "mrkdwn", "text": cut(&text, FIELD) })
        })
        .collect();
    if !fields.is_empty() {
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    json!({
        "text": title,
        "attachments": [{ "color": format!("#{:06x}", colour(notice)), "fallback": title, "blocks": blocks }],
    })
}

/// Slack's three special characters; without `<` there are neither links nor mentions.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[async_trait]
impl Notifier for Slack {
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
