//! What is told by the words around it.

use super::{Family, Rule, named, run_of, token};
use crate::kinds::secrets::proof::{self, is_generated};

pub(super) const RULES: &[Rule] = &[
    Rule {
        family: Family::Url,
        reach: (30, 160),
        follows: has_user_info,
        entropy: 1.5,
        is: proof::is_url_password,
        ..token(
            "url-credentials",
            "a password in a URL",
            &["://"],
            r#"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@"'`<>\\]{0,60}:([^\s:/@"'`<>\\]{3,90})@(?:[A-Za-z0-9\[$][^\s/"'`<>]{2,})"#,
        )
    },
    Rule {
        family: Family::Password,
        follows: run_of::<12>,
        is: proof::is_basic,
        ..named(
            "basic-authorization",
            "a password in an HTTP header",
            &["basic "],
            r#"(?i:authorization)?["']?\s{0,2}[:=,]?\s{0,2}["'`]?(?i:basic) ([A-Za-z0-9+/]{12,160}={0,2})"#,
        )
    },
    Rule {
        family: Family::Password,
        reach: (0, 220),
        follows: is_assigned,
        entropy: 3.5,
        is: is_generated,
        name: is_secret_name,
        ..named(
            "generic-secret",
            "a secret",
            &[
                "secret",
                "token",
                "api_key",
                "apikey",
                "api-key",
                "access_key",
                "accesskey",
                "private_key",
                "privatekey",
                "credential",
            ],
            r#"(?i:secret|token|api[_-]?key|access_?key|private_?key|credential)[\w.-]{0,30}(?:["'\]\\]|&(?:quot|#3[49]|#x27);){0,4}\s{0,4}(?::=|=>|[:=])\s{0,4}(?:\\{0,3}["'`]|&(?:quot|#3[49]|#x27);)([\w+/=.~-]{16,150})(?:\\{0,3}["'`]|&(?:quot|#3[49]|#x27);)"#,
        )
    },
    Rule {
        family: Family::Password,
        reach: (0, 220),
        follows: is_assigned,
        entropy: 2.5,
        is: proof::is_chosen,
        name: is_secret_name,
        ..named(
            "generic-password",
            "a password",
            &["password", "passwd", "passphrase", "pwd"],
            r#"(?i:password|passwd|passphrase|pwd)[\w.-]{0,30}(?:["'\]\\]|&(?:quot|#3[49]|#x27);){0,4}\s{0,4}(?::=|=>|[:=])\s{0,4}(?:\\{0,3}["'`]|&(?:quot|#3[49]|#x27);)([^\s"'`\\]{8,120}?)(?:\\{0,3}["'`]|&(?:quot|#3[49]|#x27);)"#,
        )
    },
    Rule {
        family: Family::Password,
        reach: (60, 220),
        follows: is_assigned,
        entropy: 2.5,
        is: proof::is_chosen,
        name: is_secret_name,
        endings: &[
            ".env",
            ".properties",
            ".ini",
            ".cfg",
            ".conf",
            ".toml",
            ".yml",
            ".yaml",
            ".sh",
            "credentials",
            ".tfvars",
        ],
        ..named(
            "unquoted-secret",
            "a secret",
            &["password", "passwd", "secret", "token", "api_key", "access_key"],
            r"(?mi)^\s{0,20}(?:-\s{1,3})?(?:export\s|env\s)?[\w.-]{0,40}(?:password|passwd|secret|token|api_key|access_key)[\w.-]{0,20}\s{0,4}[:=]\s{0,4}([^\s\x22'`#]{8,120})\s*$",
        )
    },
];

/// Says whether a name is that of a secret, and not of something about one, or of a token that opens nothing.
fn is_secret_name(name: &[u8]) -> bool {
    const OTHER: [&[u8]; 32] = [
        b"next",
        b"page",
        b"pagina",
        b"continu",
        b"request",
        b"idempot",
        b"action",
        b"csrf",
        b"xsrf",
        b"public",
        b"design",
        b"last",
        b"reset",
        b"forgot",
        b"label",
        b"placeholder",
        b"error",
        b"hint",
        b"hash",
        b"sha256",
        b"digest",
        b"lock",
        b"clienttoken",
        b"client_token",
        b"change",
        b"update",
        b"verif",
        b"regex",
        b"pattern",
        b"lexer",
        b"secretsmanager",
        // Not a password, but power down.
        b"pwdn",
    ];
    const ENDS: [&[u8]; 15] = [
        b"id", b"name", b"arn", b"url", b"uri", b"type", b"field", b"path", b"file", b"version", b"class", b"policy",
        b"title", b"message", b"length",
    ];
    let lower = name.to_ascii_lowercase();
    let has = |word: &[u8]| lower.windows(word.len()).any(|window| window == word);
    !OTHER.into_iter().any(has) && !ENDS.iter().any(|end| lower.ends_with(end))
}

/// Says whether what follows `://` is `user:password@`.
fn has_user_info(rest: &[u8]) -> bool {
    let rest = &rest[..rest.len().min(170)];
    let end = rest.iter().position(|byte| b"/@ \"'`<>\\\n\r\t".contains(byte));
    let Some((user_info, host)) = end.and_then(|end| rest.split_at_checked(end)) else { return false };
    // Nobody but the machine's own user gets at these.
    let own: [&[u8]; 5] = [b"@localhost", b"@127.", b"@[::1]", b"@0.0.0.0", b"@host"];
    host.starts_with(b"@")
        && user_info.contains(&b':')
        && !own.iter().any(|own| host.starts_with(own))
        && !is_for_documentation(&host[1..])
}

/// Says whether a URL's rest begins with a host of documentation or tests (RFC 2606).
fn is_for_documentation(rest: &[u8]) -> bool {
    let end = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"-._".contains(byte)));
    let labels: Vec<&[u8]> = rest[..end.unwrap_or(rest.len())].split(|byte| *byte == b'.').collect();
    let is_reserved = |label: &&[u8]| [&b"test"[..], b"invalid", b"localhost"].contains(label);
    labels.contains(&&b"example"[..]) || labels.last().is_some_and(is_reserved)
}

/// Says whether the name that a keyword is part of is given a value.
fn is_assigned(rest: &[u8]) -> bool {
    let rest = &rest[..rest.len().min(44)];
    let name = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"_.-".contains(byte)));
    let Some(rest) = name.map(|end| &rest[end..]) else { return false };
    let quote =
        if rest.starts_with(b"&") { rest.iter().position(|byte| *byte == b';').map_or(0, |end| end + 1) } else { 0 };
    let sign = rest[quote..].iter().find(|byte| !b"\"'\\] \t".contains(byte));
    matches!(sign, Some(b':' | b'='))
}
