//! Secrets that stand in a manifest as they are.

use super::fault::{Fault, short};
use super::manifest::Object;
use super::node::Node;
use super::pod::Pod;
use crate::kinds::secrets;

/// Words that make a name that of a secret, with what parts words left out.
const WORDS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "encryptionkey",
    "signingkey",
];
/// Ends of names that say something about a secret.
const ABOUT: [&str; 29] = [
    "id",
    "name",
    "names",
    "file",
    "path",
    "dir",
    "url",
    "uri",
    "type",
    "ttl",
    "expiry",
    "expiration",
    "seconds",
    "minutes",
    "hours",
    "days",
    "length",
    "enabled",
    "disabled",
    "policy",
    "endpoint",
    "host",
    "version",
    "issuer",
    "audience",
    "pattern",
    "regex",
    "regexp",
    "format",
];
/// What begins or is in a text that somebody else puts a value in the place of.
const STAND_INS: [&str; 9] = ["${", "$(", "{{", "<", "xxxx", "your-", "your_", "replace", "placeholder"];

/// Finds the values of environment variables that are secrets.
pub(super) fn in_environment<'a>(pod: &Pod<'a>) -> Vec<Fault<'a>> {
    let mut faults = Vec::new();
    for container in &pod.containers {
        for variable in container.node.get("env").into_iter().flat_map(Node::items) {
            let (Some(name), Some(at)) = (variable.text_at(&["name"]), variable.get("value")) else { continue };
            if let Some(why) = at.text().and_then(|value| secret(name, value)) {
                let what = format!("has a secret written out in the variable `{}`: {why}", short(name));
                faults.push(Fault::new("secret-in-env", at, what).within(Some(container.name)));
            }
        }
    }
    faults
}

/// Finds secrets in a ConfigMap, and a Secret whose values anyone can read.
pub(super) fn in_data<'a>(object: &Object<'a>) -> Vec<Fault<'a>> {
    match (object.group(), object.kind) {
        ("", "ConfigMap") => fields(object, &["data", "binaryData"])
            .filter_map(|(name, value)| {
                let key = name.text()?;
                let why = secret(key, value.text()?)?;
                let what = format!("has a secret written out in `{}`: {why}", short(key));
                Some(Fault::new("secret-in-config-map", name, what))
            })
            .collect(),
        // What SOPS encrypted says so.
        ("", "Secret") if object.root.get("sops").is_none() => {
            let is_open = |value: Node<'_>| value.text().is_some_and(|value| !is_stand_in(value));
            let first = fields(object, &["data", "stringData"]).find(|(_, value)| is_open(*value));
            let fault = first.map(|(name, _)| {
                let what = "holds its values for anyone who can read the repository: base64 hides nothing";
                Fault::new("committed-secret", name, what)
            });
            fault.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn fields<'a>(object: &Object<'a>, names: &'static [&'static str]) -> impl Iterator<Item = (Node<'a>, Node<'a>)> {
    let root = object.root;
    names.iter().filter_map(move |name| root.get(name)).flat_map(Node::pairs)
}

/// Says why a value is a secret, when it is one.
fn secret(name: &str, value: &str) -> Option<String> {
    if let Some(found) = secrets::first_in(value) {
        return Some(format!("it holds {found}"));
    }
    let is_short = value.len() <= 200 && !value.contains('\n');
    // `INSERT_API_TOKEN` is there to be replaced.
    let is_own_name = name.len() > 3 && value.to_ascii_lowercase().contains(&name.to_ascii_lowercase());
    let is_meant = is_secret_name(name) && !is_own_name && !is_stand_in(value);
    (is_meant && is_short).then(|| "it is called one".to_owned())
}

fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let plain = words.concat();
    let about = words.last().is_some_and(|last| ABOUT.contains(&last.as_str()));
    let is_open = words.iter().any(|word| matches!(word.as_str(), "public" | "csrf" | "max" | "min"));
    !about && !is_open && (WORDS.iter().any(|word| plain.contains(word)) || words.iter().any(|word| word == "pwd"))
}

/// Takes a name apart where people part words.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || letter.is_uppercase() && was_lower {
            words.push(String::new());
        }
        was_lower = letter.is_lowercase() || letter.is_ascii_digit();
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Says whether a text is no secret whatever it is called: empty, a switch, a number, a path, or to be filled in.
fn is_stand_in(value: &str) -> bool {
    let lower = value.trim().to_ascii_lowercase();
    let is_word = matches!(lower.as_str(), "" | "true" | "false" | "yes" | "no" | "none" | "null" | "changeit");
    let is_number = lower.parse::<f64>().is_ok() && lower.len() < 6;
    let is_path = lower.starts_with('/') && lower.len() > 1 && !lower.ends_with('=');
    let is_url = lower.starts_with("http://") || lower.starts_with("https://");
    is_word || is_number || is_path || is_url || STAND_INS.iter().any(|mark| lower.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_name() {
        for (name, value, expected) in [
            ("DB_PASSWORD", "hunter2", true),
            ("MYSQL_ROOT_PASSWORD", "password", true),
            ("dbPassword", "s3cr3t!", true),
            ("API_TOKEN", "abcdef", true),
            ("API_KEY", "k-12345", true),
            ("PGPASSWORD", "x", true),
            ("DB_PWD", "x", true),
            ("DB_PASSWORD", "", false),
            ("DB_PASSWORD", "$(OTHER)", false),
            ("DB_PASSWORD", "<your password>", false),
            ("DB_PASSWORD_FILE", "/run/secrets/db", false),
            ("TOKEN_URL", "https://example.org/token", false),
            ("TOKEN_TTL", "3600s", false),
            ("SECRET_NAME", "web", false),
            ("secretName", "web", false),
            ("ENABLE_TOKEN", "true", false),
            ("MAX_TOKENS", "4096", false),
            ("PWD_CHECK", "x", true),
            ("COMPASS", "x", false),
            ("PUBLIC_TOKEN", "x", false),
            ("LOG_LEVEL", "debug", false),
            ("passwordPattern", "^.{8,32}$", false),
            ("API_TOKEN", "INSERT_API_TOKEN", false),
            ("API_TOKEN", "INSERT_7f3a", true),
            ("PWD", "my-pwd", true),
        ] {
            assert_eq!(secret(name, value).is_some(), expected, "{name}={value}");
        }
    }

    #[test]
    fn a_secret_is_known_by_its_look() {
        assert!(secret("DSN", "postgres://shop:vK8qLw2Zr5@db.internal:5432/orders").is_some());
        assert!(secret("app.properties", "a=1\nurl=postgres://shop:vK8qLw2Zr5@db.internal:5432/orders\n").is_some());
        assert!(secret("DSN", "postgres://db.internal:5432/orders").is_none());
    }
}
