//! Secrets that would stay in the image.

use super::super::parse::{Instruction, Keyword};
use super::super::words;
use super::{Fault, View, fault};

/// What a variable that holds a secret has in its name, as whole words.
const SECRET_WORDS: [&str; 10] =
    ["password", "passwd", "passphrase", "secret", "token", "apikey", "credential", "credentials", "pwd", "pat"];
const SECRET_PAIRS: [[&str; 2]; 5] =
    [["api", "key"], ["private", "key"], ["access", "key"], ["secret", "key"], ["client", "key"]];
/// What a name ends in whose words nobody parted, such as `PGPASSWORD`.
const SECRET_ENDS: [&str; 5] = ["password", "passwd", "secret", "token", "apikey"];
/// Words behind which a name is about a secret, and holds none.
const ABOUT: [&str; 20] = [
    "file", "path", "dir", "url", "uri", "endpoint", "host", "name", "length", "min", "max", "ttl", "expiry",
    "expires", "type", "policy", "required", "enabled", "id", "header",
];
/// What stands where a secret should be put.
const PLACEHOLDERS: [&str; 14] = [
    "changeme",
    "change-me",
    "change_me",
    "example",
    "dummy",
    "placeholder",
    "none",
    "null",
    "true",
    "false",
    "xxx",
    "todo",
    "your",
    "replace",
];

pub(super) fn look(view: &View<'_>, faults: &mut Vec<Fault>) {
    for instruction in &view.file.instructions {
        match instruction.keyword {
            Keyword::Env => variables(instruction, words::pairs(&instruction.text), faults),
            Keyword::Arg => variables(instruction, words::arguments(&instruction.text), faults),
            Keyword::Copy | Keyword::Add if instruction.flag("from").is_none() => files(instruction, faults),
            _ => {}
        }
    }
}

fn variables(instruction: &Instruction, pairs: Vec<(String, Option<String>)>, faults: &mut Vec<Fault>) {
    for (name, value) in pairs.into_iter().filter(|(name, _)| is_secret(name)) {
        let value = value.unwrap_or_default();
        let is_argument = instruction.keyword == Keyword::Arg;
        // What it is set to never leaves this function.
        if is_literal(&value) {
            let what = format!("has the value of `{name:.60}` in it, and everyone who has the image can read it");
            let help = "revoke it; mount it with `RUN --mount=type=secret`, or hand it to the container when it starts";
            faults.push(fault("secret", instruction, &name, what, help));
        } else if is_argument && value.is_empty() || value.contains('$') {
            let what = format!("takes `{name:.60}` as a variable of the build, and the image's history keeps it");
            let help = "mount it: `RUN --mount=type=secret,id=…`";
            faults.push(fault("secret-argument", instruction, &name, what, help));
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split(['_', '-', '.']).filter(|word| !word.is_empty()).collect();
    let holds = words.iter().any(|word| SECRET_WORDS.contains(word))
        || SECRET_ENDS.iter().any(|end| name.ends_with(end))
        || words.windows(2).any(|pair| SECRET_PAIRS.iter().any(|known| known == pair));
    holds && !words.last().is_some_and(|last| ABOUT.contains(last))
}

/// Says whether a value could be a secret: no variable, no path, nothing that is only meant to be replaced.
fn is_literal(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.len() >= 3
        && !value.contains(['$', '<', '{'])
        && !value.starts_with('/')
        && !value.bytes().all(|byte| byte == b'*' || byte == b'.')
        && !PLACEHOLDERS.iter().any(|placeholder| lower.contains(placeholder))
}

fn files(instruction: &Instruction, faults: &mut Vec<Fault>) {
    let Some((sources, _)) = instruction.paths() else { return };
    for source in sources.into_iter().map(words::trimmed).filter(|source| is_secret_file(source)) {
        let what = format!("copies `{source:.60}`, which holds secrets, and a layer keeps it for good");
        let help = "mount it: `RUN --mount=type=secret`, and name it in `.dockerignore`";
        faults.push(fault("secret-file", instruction, source, what, help));
    }
}

fn is_secret_file(path: &str) -> bool {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    let is_environment = (name == ".env" || name.starts_with(".env."))
        && !["example", "sample", "template", "dist", "defaults", "test"].iter().any(|kind| name.ends_with(kind));
    let is_key = ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"].contains(&name)
        || name.ends_with(".p12")
        || name.ends_with(".pfx");
    let holds = [".npmrc", ".netrc", ".pypirc", ".git-credentials", ".pgpass", ".ssh", ".aws", ".gnupg", ".kube"];
    is_environment || is_key || holds.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whether_its_value_is_secret() {
        for (name, expected) in [
            ("DB_PASSWORD", true),
            ("NPM_TOKEN", true),
            ("ACCESSTOKEN", true),
            ("PGPASSWORD", true),
            ("MAXTOKENS", false),
            ("AWS_SECRET_ACCESS_KEY", true),
            ("api_key", true),
            ("JWT_SECRET", true),
            ("PASSWORD_FILE", false),
            ("TOKEN_URL", false),
            ("SECRET_NAME", false),
            ("PATH", false),
            ("TOKENIZERS_PARALLELISM", false),
            ("KEYBOARD", false),
            ("MONKEY", false),
            ("PUBLIC_KEY", false),
            ("COMPAT", false),
        ] {
            assert_eq!(is_secret(name), expected, "{name}");
        }
    }

    #[test]
    fn what_only_stands_for_a_secret_is_none() {
        for (value, expected) in [
            ("hunter22", true),
            ("p", false),
            ("", false),
            ("$TOKEN", false),
            ("${TOKEN:-}", false),
            ("<token>", false),
            ("/run/secrets/token", false),
            ("changeme", false),
            ("your-token-here", false),
            ("false", false),
            ("****", false),
        ] {
            assert_eq!(is_literal(value), expected, "{value}");
        }
    }

    #[test]
    fn files_that_hold_secrets_are_known_by_name() {
        for (path, expected) in [
            (".env", true),
            ("./config/.env.production", true),
            (".env.example", false),
            ("~/.ssh/", true),
            ("id_rsa", true),
            ("id_rsa.pub", false),
            (".npmrc", true),
            ("environment.ts", false),
            ("cert.pem", false),
        ] {
            assert_eq!(is_secret_file(path), expected, "{path}");
        }
    }
}
