//! A notice as an e-mail.

use std::fmt;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, Notice};
use charter_host::{Refusal, Scope, Secret, Secrets, Setup};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::post::{default_timeout, time_limit, within};
use crate::wording::{cut, fingerprint, link, one_line, subject, text};
use crate::{Notifier, NotifyError, SecretName};

const SUBJECT: usize = 200;
const TEXT: usize = 20_000;
const SAID: usize = 200;

charter_deploy_model::kind! {
    /// Sends each notice as an e-mail by an SMTP server.
    ///
    /// ```toml
    /// [notify.routes.ops-mail]
    /// kind = "email"
    /// from = "Charter <charter@example.org>"
    /// to = ["ann@example.org"]
    /// server = "mail.example.org"
    /// security = "starttls"
    /// user = "charter"
    /// password = { env = "SMTP_PASSWORD" }
    /// ```
    ///
    /// `security` is `tls` (port 465), `starttls` (port 587; a server that does not offer it gets nothing) or `none`
    /// (port 25, and only to this machine). A mail's `Message-ID` comes of the notice's key, so one that is sent twice
    /// is one to most mail programs, and everything about one matter is in one thread.
    ///
    /// A server that took a mail may still fail to deliver it; for what is critical have a second route that does not
    /// end in the same mailbox.
    pub static META: "email", needs Live, lane Shared {}
}

/// How the way to the server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// TLS from the first byte.
    #[default]
    Tls,
    /// TLS after the greeting; without it nothing is sent.
    Starttls,
    /// Not at all; only to this machine.
    None,
}

/// A route of the kind `email`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EmailConfig {
    /// The sender, such as `Charter <charter@example.org>`.
    pub from: String,
    /// Those who get it.
    #[schemars(length(min = 1))]
    pub to: Vec<String>,
    /// The SMTP server's name.
    pub server: String,
    /// The server's port; by default that of `security`.
    pub port: Option<u16>,
    /// How the way to the server is protected.
    #[serde(default)]
    pub security: Security,
    /// The account, where the server wants one.
    pub user: Option<String>,
    /// The account's password: the name of the variable that holds it.
    pub password: Option<SecretName>,
    /// How long one delivery may take, in seconds, 1 to 60.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

/// Sends mails.
pub struct Email {
    from: Mailbox,
    to: Vec<Mailbox>,
    server: String,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    masks: Secrets,
    limit: Duration,
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Builds the notifier.
///
/// # Errors
/// When an address is none, the password's variable is not set, or the mail would go through the network in the clear.
pub fn notifier(config: EmailConfig, setup: &Setup<'_>) -> Result<Box<dyn Notifier>, Refusal> {
    let mailbox = |address: &str| -> Result<Mailbox, Refusal> {
        address.parse().map_err(|_| Refusal(format!("`{address}` is not an e-mail address")))
    };
    let from = mailbox(&config.from)?;
    let to = config.to.iter().map(|address| mailbox(address)).collect::<Result<Vec<_>, _>>()?;
    if to.is_empty() {
        return Err(Refusal("`to` names nobody".to_owned()));
    }
    let (tls, port) = match config.security {
        Security::Tls => (Tls::Wrapper(parameters(&config.server)?), 465),
        Security::Starttls => (Tls::Required(parameters(&config.server)?), 587),
        Security::None if is_this_machine(&config.server) => (Tls::None, 25),
        Security::None => {
            let message =
                format!("`security = \"none\"` is for this machine only, and the server is `{}`", config.server);
            return Err(Refusal(message));
        }
    };
    let limit = time_limit(config.timeout_seconds)?;
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.server)
        .port(config.port.unwrap_or(port))
        .tls(tls)
        .timeout(Some(limit));
    let mut masks: Vec<(String, Secret)> = Vec::new();
    match (config.user, config.password) {
        (Some(user), Some(name)) => {
            let password = name.reveal(setup)?;
            transport = transport.credentials(Credentials::new(user, password.reveal().to_owned()));
            masks.push((name.env, password));
        }
        (None, None) => {}
        _ => return Err(Refusal("`user` and `password` go together".to_owned())),
    }
    let masks = masks.into_iter().collect();
    Ok(Box::new(Email { from, to, server: config.server, transport: transport.build(), masks, limit }))
}

fn parameters(server: &str) -> Result<TlsParameters, Refusal> {
    TlsParameters::new(server.to_owned())
        .map_err(|error| Refusal(format!("TLS to `{server}` cannot be set up: {error}")))
}

fn is_this_machine(server: &str) -> bool {
    server == "localhost" || server.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Says that nobody sat there and wrote it (RFC 3834), so that absence notes do not answer.
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Email {
    fn message(&self, notice: &Notice) -> Result<Message, NotifyError> {
        let domain = self.from.email.domain();
        let id = |name: &str| format!("<{}@{domain}>", fingerprint(name));
        let thread = id(&format!("thread {}", notice.thread));
        let mut builder: MessageBuilder = Message::builder()
            .from(self.from.clone())
            .subject(subject(notice, SUBJECT))
            .date(SystemTime::from(notice.at))
            .message_id(Some(id(&notice.key)))
            .in_reply_to(thread.clone())
            .references(thread)
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        let mut parts = vec![one_line(&notice.title), text(notice, TEXT)];
        parts.extend(link(notice).map(str::to_owned));
        parts.push(format!("-- \n{} · {}", notice.at, notice.key));
        parts.retain(|part| !part.is_empty());
        builder.body(parts.join("\n\n")).map_err(|error| NotifyError::Unsendable { reason: error.to_string() })
    }

    fn reason(&self, error: &lettre::transport::smtp::Error) -> String {
        // Each error's text repeats the one below it.
        let mut innermost: &dyn std::error::Error = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        let status = error.status().map(|code| format!("{code} ")).unwrap_or_default();
        cut(&one_line(&self.masks.mask(&format!("{status}{innermost}"))), SAID)
    }
}

#[async_trait]
impl Notifier for Email {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> String {
        self.server.clone()
    }

    async fn notify(&self, notice: &Notice, scope: &Scope) -> Result<(), NotifyError> {
        let message = self.message(notice)?;
        let sent = async {
            self.transport.send(message).await.map_err(|error| match &error {
                error if error.is_permanent() => NotifyError::Refused { said: self.reason(error) },
                error if error.is_transient() => NotifyError::Busy { said: self.reason(error), after: None },
                error if error.is_timeout() => NotifyError::TimedOut { limit: self.limit },
                error => NotifyError::Unreachable { reason: self.reason(error) },
            })
        };
        within(self.limit, scope, sent).await.map(drop)
    }
}
