//! Why GitHub did not answer.

use std::time::Duration;

use jiff::Timestamp;

/// Why GitHub did not answer as asked. No variant holds the token or a URL with a query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitHubError {
    /// There was no answer, or it broke off.
    #[error("could not reach GitHub to {doing}")]
    Unreachable {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// Why.
        source: reqwest::Error,
    },
    /// The token would have gone over the network in the clear.
    #[error("the token is not sent to `{host}` without TLS")]
    Insecure {
        /// Where it would have gone.
        host: String,
    },
    /// The token is no token, or none any longer.
    #[error("GitHub did not accept the token, asked to {doing}")]
    Unauthorized {
        /// What was being done, a verb phrase.
        doing: &'static str,
    },
    /// The token may not do that.
    #[error("GitHub does not let this token {doing}: {message}")]
    Forbidden {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// What GitHub said.
        message: String,
    },
    /// There is no such thing, or this token may not know of it.
    #[error("GitHub found nothing, asked to {doing}: {message}")]
    NotFound {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// What GitHub said.
        message: String,
    },
    /// Too much was asked in too short a time.
    #[error("GitHub's rate limit is used up")]
    RateLimited {
        /// How long to wait, where GitHub said so.
        retry_after: Option<Duration>,
        /// When the limit is lifted, where GitHub said so.
        resets_at: Option<Timestamp>,
    },
    /// GitHub will not do that as things stand: a conflict (409), or something it takes for wrong (422).
    #[error("GitHub refused to {doing} ({status}): {message}")]
    Refused {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// The HTTP status.
        status: u16,
        /// What GitHub said.
        message: String,
    },
    /// GitHub itself failed.
    #[error("GitHub failed with status {status}, asked to {doing}")]
    Failed {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is larger than any true one.
    #[error("GitHub's answer, asked to {doing}, is larger than {limit} bytes")]
    TooLarge {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// How much would have been read.
        limit: usize,
    },
    /// The answer is not what is documented.
    #[error("GitHub's answer, asked to {doing}, is not what is documented: {problem}")]
    Malformed {
        /// What was being done, a verb phrase.
        doing: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl GitHubError {
    /// Says whether the token is the reason: it is not valid, may not do that, or may not even know of it.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Unauthorized { .. } | Self::Forbidden { .. } | Self::NotFound { .. })
    }

    /// Returns what to type, or do, next, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => Some("check the network, and https://www.githubstatus.com".to_owned()),
            Self::Insecure { .. } => Some("name the server with `https://`".to_owned()),
            Self::Unauthorized { .. } => {
                Some("log in again with `gh auth login`, or set `GITHUB_TOKEN` to a token that is valid".to_owned())
            }
            Self::Forbidden { .. } | Self::NotFound { .. } => {
                Some("see what the token may do with `gh auth status`".to_owned())
            }
            Self::RateLimited { retry_after: Some(wait), .. } => Some(format!("wait {} s", wait.as_secs())),
            Self::RateLimited { resets_at: Some(moment), .. } => Some(format!("wait until {moment}")),
            Self::RateLimited { .. } => Some("wait some minutes".to_owned()),
            Self::Failed { .. } => Some("try again, and see https://www.githubstatus.com".to_owned()),
            Self::Refused { .. } | Self::TooLarge { .. } | Self::Malformed { .. } => None,
        }
    }
}
