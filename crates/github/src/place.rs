//! Where a repository is, read from a git remote.

use url::{Host, Url};

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The host that people and git talk to, in lower case, such as `github.com`.
    pub host: String,
    /// Where its API is: `https://api.github.com/`, or that of a company's own server.
    pub api: Url,
    /// Whose repository it is.
    pub owner: String,
    /// What it is called.
    pub name: String,
}

impl Place {
    /// Reads a remote's URL in any form that git takes; `None` when it is not on GitHub.
    ///
    /// GitHub is github.com, every host under ghe.com (GitHub Enterprise Cloud with data residency) and `own_server`,
    /// the host of a GitHub Enterprise Server. Any other host could be anybody's, and would be given the token.
    #[must_use]
    pub fn of_remote(remote: &str, own_server: Option<&str>) -> Option<Self> {
        let (host, path) = match remote.split_once("://") {
            Some((scheme, _)) => {
                if !["https", "http", "ssh", "git", "git+ssh", "ssh+git"]
                    .contains(&scheme.to_ascii_lowercase().as_str())
                {
                    return None;
                }
                let url = Url::parse(remote).ok()?;
                (url.host_str()?.to_ascii_lowercase(), url.path().to_owned())
            }
            // `name@host:path`, which a slash before the colon makes a path on this machine.
            None => {
                let (host, path) = remote.split_once(':')?;
                let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
                if host.contains('/') {
                    return None;
                }
                (host.to_ascii_lowercase(), path.to_owned())
            }
        };
        let path = path.trim_matches('/');
        let (owner, name) = path.strip_suffix(".git").unwrap_or(path).split_once('/')?;
        if !is_name(owner) || !is_name(name) {
            return None;
        }
        let (host, api) = server(&host, own_server)?;
        Some(Self { host, api, owner: owner.to_owned(), name: name.to_owned() })
    }

    /// Returns `owner/name`.
    #[must_use]
    pub fn slug(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Says whether GitHub itself runs the host, and not somebody's own server.
    pub(crate) fn is_github_cloud(&self) -> bool {
        self.host == "github.com" || self.host.ends_with(".ghe.com")
    }
}

/// Returns the server's proper host and its API.
fn server(host: &str, own_server: Option<&str>) -> Option<(String, Url)> {
    let own_server = own_server.map(str::to_ascii_lowercase);
    let (host, api) = match host {
        "github.com" | "www.github.com" | "ssh.github.com" => ("github.com", "https://api.github.com/".to_owned()),
        _ if host.strip_suffix(".ghe.com").is_some_and(is_name) => {
            let tenant = host.strip_prefix("ssh.").unwrap_or(host);
            (tenant, format!("https://api.{tenant}/"))
        }
        _ if own_server.as_deref() == Some(host) && Host::parse(host).is_ok() => {
            (host, format!("https://{host}/api/v3/"))
        }
        _ => return None,
    };
    Some((host.to_owned(), Url::parse(&api).ok()?))
}

/// Says whether it can be the name of an owner or repository. `.` and `..` would lead to other endpoints.
fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=100).contains(&text.len()) && text.bytes().all(is_plain) && text != "." && text != ".."
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(remote: &str) -> Option<(String, String)> {
        Place::of_remote(remote, Some("git.corp.example")).map(|place| (place.slug(), place.api.to_string()))
    }

    #[test]
    fn every_form_of_a_remote_is_read() {
        let (cloud, own) = ("https://api.github.com/", "https://git.corp.example/api/v3/");
        for (remote, slug, api) in [
            ("git@github.com:o/r.git", "o/r", cloud),
            ("git@github.com:/o/r.git", "o/r", cloud),
            ("github.com:o/r", "o/r", cloud),
            ("https://github.com/o/r", "o/r", cloud),
            ("https://github.com/o/r.git/", "o/r", cloud),
            ("https://token@GitHub.com/o/r.github.io.git", "o/r.github.io", cloud),
            ("ssh://git@github.com/o/r.git", "o/r", cloud),
            ("ssh://git@ssh.github.com:443/o/r.git", "o/r", cloud),
            ("git+ssh://git@github.com/o/r", "o/r", cloud),
            ("git://github.com/o/r", "o/r", cloud),
            ("git@acme.ghe.com:o/r.git", "o/r", "https://api.acme.ghe.com/"),
            ("git@git.corp.example:o/r.git", "o/r", own),
            ("ssh://git@git.corp.example:2222/o/r.git", "o/r", own),
        ] {
            assert_eq!(place(remote), Some((slug.to_owned(), api.to_owned())), "{remote}");
        }
    }

    #[test]
    fn what_is_not_on_github_never_gets_the_token() {
        for remote in [
            "https://gitlab.com/o/r.git",
            "git@github.com.evil.example:o/r.git",
            "https://github.com@evil.example/o/r",
            "https://evil.example/github.com/o/r",
            "https://ghe.com/o/r",
            "https://a.b.evilghe.com/o/r",
            "https://github.com/o",
            "https://github.com/o/r/x",
            "https://github.com/../user",
            "https://github.com/o/..",
            "https://github.com/o/r%2f..",
            "git@github.com:o/r?x=1",
            "/srv/git/o/r.git",
            "../o/r.git",
            "file:///srv/o/r.git",
            "./github.com:o/r",
            "",
        ] {
            assert_eq!(place(remote), None, "{remote}");
        }
        assert_eq!(Place::of_remote("git@git.corp.example:o/r", None), None);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read_and_leads_to_known_servers_only(remote in "(https?://|ssh://git@|git@)?[a-z.@:/%-]{0,30}") {
            if let Some(place) = Place::of_remote(&remote, None) {
                prop_assert!(place.is_github_cloud());
                prop_assert_eq!(place.api.scheme(), "https");
            }
        }
    }
}
