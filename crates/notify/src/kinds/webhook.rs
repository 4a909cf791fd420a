//! A notice as signed JSON, for programs.

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, Notice};
use charter_host::{Refusal, Scope, Secret, Setup};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::post::{Address, default_timeout, time_limit};
use crate::{Notifier, NotifyError, SecretName, signature, wording};

charter_deploy_model::kind! {
    /// Posts each notice as JSON to an address, signed.
    ///
    /// ```toml
    /// [notify.routes.ops]
    /// kind = "webhook"
    /// url = { env = "OPS_WEBHOOK" }
    /// secret = { env = "OPS_WEBHOOK_SECRET" }
    /// ```
    ///
    /// The body is the notice with `"schema": "notice/1"` beside its members:
    ///
    /// ```json
    /// {"schema":"notice/1","key":"20261121-020711-alert/raised","thread":"20261121-020711-alert","occasion":"raised",
    ///  "severity":"critical","title":"docs is down","text":"","at":"2026-11-21T02:07:11Z"}
    /// ```
    ///
    /// It is delivered at least once: whoever has seen its `webhook-id`, or its `key`, drops it. With a secret it is
    /// signed as Standard Webhooks has it, so that their libraries verify it in any language: `webhook-signature` is
    /// `v1,` and the base64 of HMAC-SHA-256 over `<webhook-id>.<webhook-timestamp>.<body>`. The timestamp is that of
    /// the attempt, in seconds; a receiver refuses what is older than five minutes, and so cannot be sent what was
    /// recorded earlier. A secret that begins with `whsec_` is base64 after that; any other is taken as it is.
    ///
    /// Redirects are not followed. Statuses 2xx mean that it was taken; 4xx other than 408 and 429 that it never will
    /// be; `Retry-After` is honoured.
    pub static META: "webhook", needs Live, lane Shared {}
}

/// A route of the kind `webhook`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where to post to: the name of the variable that holds the address.
    pub url: SecretName,
    /// What to sign with; without it nothing is signed.
    pub secret: Option<SecretName>,
    /// How long one delivery may take, in seconds, 1 to 60.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

/// Posts JSON.
#[derive(Debug)]
pub struct Webhook {
    address: Address,
    secret: Option<Secret>,
}

/// Builds the notifier.
///
/// # Errors
/// When a variable is not set, the address is none, or the secret cannot be used.
pub fn notifier(config: WebhookConfig, setup: &Setup<'_>) -> Result<Box<dyn Notifier>, Refusal> {
    let secret = config.secret.as_ref().map(|name| name.reveal(setup)).transpose()?;
    if let (Some(secret), Some(name)) = (&secret, &config.secret)
        && !signature::is_usable(secret)
    {
        return Err(Refusal(format!("what `{}` holds after `whsec_` is not base64", name.env)));
    }
    let secrets: Vec<&Secret> = secret.iter().collect();
    let url = config.url.reveal(setup)?;
    let address = Address::new(setup.host, &url, &secrets, time_limit(config.timeout_seconds)?)?;
    Ok(Box::new(Webhook { address, secret }))
}

/// Returns what is posted.
#[must_use]
pub fn body(notice: &Notice) -> Value {
    let mut body = json!(notice);
    body["schema"] = json!("notice/1");
    body
}

#[async_trait]
impl Notifier for Webhook {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> String {
        self.address.host()
    }

    fn folds(&self) -> bool {
        false
    }

    async fn notify(&self, notice: &Notice, scope: &Scope) -> Result<(), NotifyError> {
        let body = body(notice).to_string().into_bytes();
        // A key may have letters that a header must not have, or a dot, which separates what is signed.
        let id = format!("msg_{}", wording::fingerprint(&notice.key));
        let seconds = self.address.now().as_second();
        let signed = self.secret.as_ref().and_then(|secret| signature::sign(secret, &id, seconds, &body));
        let mut headers = vec![(signature::ID, id), (signature::TIMESTAMP, seconds.to_string())];
        headers.extend(signed.map(|signed| (signature::SIGNATURE, signed)));
        self.address.post(body, &headers, scope).await
    }
}
