//! The git program, started so that it asks nobody and obeys only what it is told.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use charter_host::{Command, Environment, Host, Output, ProcessError, Scope};

use crate::Repository;
use crate::credentials::without_credentials;

/// What of our environment git may see. `GIT_DIR` and its kin, which would turn it to another repository, are not here.
const ALLOWED: &[&str] = &[
    "HOME",
    "PATH",
    "SSH_*",
    "LANG",
    "LC_*",
    "XDG_*",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
];

/// How many of git's lines are kept for a message.
const LINES: usize = 20;

/// Runs the git program in `folder`; `mark` marks it for a successor, should we be killed meanwhile.
pub(crate) async fn git(
    repository: &Repository,
    folder: &Path,
    arguments: Vec<OsString>,
    limit: Duration,
    mark: Option<String>,
    host: &Host,
    scope: &Scope,
) -> Result<Output, ProcessError> {
    let own_ssh = ["GIT_SSH", "GIT_SSH_COMMAND"].iter().any(|name| host.environment.get(name).is_some())
        || repository.setting("core.sshCommand").is_some();
    let environment = environment(&host.environment, own_ssh);
    let command = Command { mark, ..Command::new("git", arguments, folder, environment, limit) };
    host.processes.run(&command, scope).await
}

fn environment(ours: &Environment, own_ssh: bool) -> Environment {
    let environment = ours
        .allow(ALLOWED)
        // Messages are read, so they must be in one language; file names stay as they are.
        .with("LC_ALL", "C")
        .with("GIT_TERMINAL_PROMPT", "0")
        // Empty, it also keeps git from asking by SSH_ASKPASS.
        .with("GIT_ASKPASS", "");
    // ssh would ask for a passphrase on the terminal, past us, and wait for ever.
    if own_ssh { environment } else { environment.with("GIT_SSH_COMMAND", "ssh -o BatchMode=yes") }
}

/// Returns the last lines that git printed, without credentials.
pub(crate) fn lines(output: &Output) -> Vec<String> {
    output.last_lines(LINES).iter().map(|line| without_credentials(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_never_turned_to_another_repository_and_never_asks() {
        let ours = Environment::default()
            .with("HOME", "/home/me")
            .with("GIT_DIR", "/elsewhere")
            .with("GIT_INDEX_FILE", "/elsewhere/index")
            .with("SSH_AUTH_SOCK", "/agent")
            .with("AWS_SECRET_ACCESS_KEY", "x")
            .with("LC_ALL", "de_DE.UTF-8");
        let git = environment(&ours, false);
        for absent in ["GIT_DIR", "GIT_INDEX_FILE", "AWS_SECRET_ACCESS_KEY"] {
            assert_eq!(git.get(absent), None);
        }
        for (name, value) in [
            ("HOME", "/home/me"),
            ("SSH_AUTH_SOCK", "/agent"),
            ("LC_ALL", "C"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ASKPASS", ""),
            ("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
        ] {
            assert_eq!(git.get(name), Some(value.as_ref()), "{name}");
        }
        assert_eq!(environment(&ours.with("GIT_SSH", "plink"), true).get("GIT_SSH_COMMAND"), None);
    }
}
