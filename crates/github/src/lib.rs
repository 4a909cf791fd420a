//! The few GitHub REST endpoints this system calls.

use charter_host::Secret;
use url::Url;

/// One repository on GitHub, and the right to ask about it.
#[derive(Debug, Clone)]
pub struct GitHub {
    /// The client that requests are made with.
    pub http: reqwest::Client,
    /// Where the API is: `https://api.github.com/`, or a GitHub Enterprise Server's.
    pub api: Url,
    /// Whose repository it is.
    pub owner: String,
    /// What it is called.
    pub name: String,
    /// The token; without one only what is public can be asked.
    pub token: Option<Secret>,
}
