//! Where a token comes from.

use std::path::Path;
use std::time::Duration;

use charter_host::{Command, Environment, Processes, Scope, Secret};

use crate::Place;

/// What `gh` needs to find its own settings and the keyring.
const ALLOWED: &[&str] =
    &["HOME", "PATH", "LANG", "LC_*", "XDG_*", "GH_CONFIG_DIR", "DBUS_SESSION_BUS_ADDRESS", "APPDATA", "USER"];
/// It reads a file or asks the keyring; a keyring that wants to be unlocked would wait for ever.
const LIMIT: Duration = Duration::from_secs(5);
/// No token is longer, in bytes.
const LONGEST: usize = 1024;

/// Returns a token for the server that `place` is on: the environment's, else what `gh auth token` prints, else none.
///
/// The variables are those of `gh`: `GH_TOKEN` and `GITHUB_TOKEN` for what GitHub itself runs, `GH_ENTERPRISE_TOKEN` and
/// `GITHUB_ENTERPRISE_TOKEN` for a company's own server. No token is no error, and neither is `gh` not being there.
pub async fn token(
    place: &Place,
    environment: &Environment,
    processes: &dyn Processes,
    scope: &Scope,
) -> Option<Secret> {
    let names = if place.is_github_cloud() {
        ["GH_TOKEN", "GITHUB_TOKEN"]
    } else {
        ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]
    };
    let given = names.iter().find_map(|name| well_formed(environment.get(name)?.to_str()?));
    if given.is_some() {
        return given;
    }
    let environment = environment.allow(ALLOWED).with("GH_PROMPT_DISABLED", "1").with("GH_NO_UPDATE_NOTIFIER", "1");
    let arguments = ["auth", "token", "--hostname", &place.host];
    let command = Command::new("gh", arguments, Path::new("/"), environment, LIMIT);
    let output = processes.run(&command, scope).await.ok().filter(charter_host::Output::succeeded)?;
    well_formed(std::str::from_utf8(&output.stdout).ok()?)
}

fn well_formed(text: &str) -> Option<Secret> {
    let text = text.trim();
    let is_one = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_one.then(|| Secret::new(text.to_owned()))
}
