//! A notice as a message in a Discord channel.

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, Notice};
use charter_host::{Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::post::{Address, default_timeout, time_limit};
use crate::wording::{colour, cut, link, one_line, subject, without_links};
use crate::{Notifier, NotifyError, SecretName};

/// Discord takes 6,000 characters in one embed, in these parts.
const TITLE: usize = 256;
const DESCRIPTION: usize = 2500;
const FIELD_NAME: usize = 80;
const FIELD_VALUE: usize = 200;
const FIELDS: usize = 10;

charter_deploy_model::kind! {
    /// Posts each notice to a Discord channel by a webhook.
    ///
    /// ```toml
    /// [notify.routes.chat]
    /// kind = "discord"
    /// url = { env = "DISCORD_WEBHOOK" }
    /// ```
    ///
    /// Nobody is mentioned, whatever a title says. The message follows Discord's documentation; it was never seen in a
    /// live channel by Charter's own tests.
    pub static META: "discord", needs Live, lane Shared {}
}

/// A route of the kind `discord`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DiscordConfig {
    /// The webhook: the name of the variable that holds its address.
    pub url: SecretName,
    /// How long one delivery may take, in seconds, 1 to 60.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

/// Posts to a channel.
#[derive(Debug)]
pub struct Discord {
    address: Address,
}

/// Builds the notifier.
///
/// # Errors
/// When the variable is not set or holds no address.
pub fn notifier(config: DiscordConfig, setup: &Setup<'_>) -> Result<Box<dyn Notifier>, Refusal> {
    let url = config.url.reveal(setup)?;
    Ok(Box::new(Discord { address: Address::new(setup.host, &url, &[], time_limit(config.timeout_seconds)?)? }))
}

/// Returns what is posted.
#[must_use]
pub fn body(notice: &Notice) -> Value {
    let fields: Vec<Value> = (notice.facts.iter().take(FIELDS))
        .map(|(name, value)| {
            json!({
                "name": or_dash(&cut(&one_line(name), FIELD_NAME)),
                "value": or_dash(&without_links(&cut(&one_line(value), FIELD_VALUE))),
                "inline": true,
            })
        })
        .collect();
    let mut embed = json!({
        "title": subject(notice, TITLE),
        "description": without_links(&cut(notice.text.trim(), DESCRIPTION)),
        "color": colour(notice),
        "timestamp": notice.at,
        "fields": fields,
    });
    if let Some(link) = link(notice) {
        embed["url"] = json!(link);
    }
    json!({ "embeds": [embed], "allowed_mentions": { "parse": [] } })
}

/// Discord refuses a message with an empty field.
fn or_dash(text: &str) -> &str {
    if text.trim().is_empty() { "–" } else { text }
}

#[async_trait]
impl Notifier for Discord {
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
