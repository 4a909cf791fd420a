//! Values that are secrets by what they are called.

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
const ABOUT: [&str; 31] = [
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
    "hostname",
    "port",
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

/// Says why a value is a secret, when it is one.
pub(crate) fn secret(name: &str, value: &str) -> Option<String> {
    if let Some(found) = super::first_in(value) {
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
pub(crate) fn is_stand_in(value: &str) -> bool {
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
            ("SECRET_LOCAL_HOSTNAME", "0.0.0.0", false),
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
