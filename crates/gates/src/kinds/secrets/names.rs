//! Files that hold secrets by their very name and have no business on a site.

/// Returns what a file of the site is that should not be there.
pub(super) fn private(path: &str) -> Option<&'static str> {
    let lower = path.to_ascii_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let within = |folder: &str| folders.split('/').any(|part| part == folder);
    let is_in = |folder: &str| folders == folder || folders.ends_with(&format!("/{folder}"));
    if within(".git") || within(".hg") || within(".svn") {
        return Some("part of a repository, with its whole history");
    }
    match name {
        ".npmrc" | ".yarnrc.yml" | ".pypirc" | ".netrc" | "_netrc" | ".git-credentials" | ".dockercfg" | ".pgpass" => {
            Some("a file of credentials")
        }
        ".htpasswd" => Some("a file of passwords"),
        "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519" => Some("a private key"),
        "credentials" if is_in(".aws") => Some("a file of credentials"),
        "config.json" if is_in(".docker") => Some("a file of credentials"),
        "config" if is_in(".kube") => Some("a file of credentials"),
        "terraform.tfstate" | "terraform.tfstate.backup" => Some("the state of an infrastructure, with its secrets"),
        _ if is_environment(name) => Some("an environment, with its secrets"),
        _ => match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("p12" | "pfx" | "jks" | "keystore" | "ppk" | "kdbx") => Some("a store of private keys"),
            _ => None,
        },
    }
}

/// Says whether a file is `.env` or one of its kin, and not a sample of one.
fn is_environment(name: &str) -> bool {
    let is_sample = |suffix: &str| {
        ["example", "sample", "template", "dist", "schema", "defaults"].iter().any(|sample| suffix.ends_with(sample))
    };
    name == ".env" || name == ".envrc" || name.strip_prefix(".env.").is_some_and(|suffix| !is_sample(suffix))
}

/// Says whether a file is named like a key.
pub(super) fn is_key(path: &str) -> bool {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    matches!(ending.as_deref(), Some("pem" | "key"))
}

/// Says whether a file that is named like a key may be one. In the usual form it says what it is, and the rules judge
/// that; and presentations have the same ending.
pub(super) fn is_unknown_key(begin: &[u8]) -> bool {
    !begin.is_empty() && !begin.starts_with(b"PK") && !begin.windows(11).any(|window| window == b"-----BEGIN ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_files_are_told_by_their_names() {
        for path in [".env", "app/.env.production", "a/.git/config", "x/id_rsa", ".NPMRC", ".aws/credentials", "a.P12"]
        {
            assert!(private(path).is_some(), "{path}");
        }
        for path in ["index.html", ".env.example", "env.js", "gitignore", "docs/.github/a", "credentials", "key.pub"] {
            assert!(private(path).is_none(), "{path}");
        }
    }
}
