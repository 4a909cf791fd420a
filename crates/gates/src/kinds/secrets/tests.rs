//! Every rule, shown what it is for. What looks like a secret is made up while the tests run, so that nobody who looks
//! through this repository finds any.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::rules::{Family, RULES};
use super::scan::{Seen, look_through, look_through_bytes};

/// For each rule a text with one secret; `{a20}` stands for twenty letters and digits, `{h…}` for hexadecimal digits,
/// `{d…}` for digits, `{u…}` for upper-case letters and digits 2 to 7, `{b…}` for letters of bech32, `{c30}` for
/// thirty letters and digits with their checksum.
const SAMPLES: &[(&str, &str)] = &[
    ("private-key", "-----BEGIN RSA PRIVATE KEY-----\n{a64}\n{a64}\n-----END RSA PRIVATE KEY-----"),
    ("encoded-private-key", "key: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQ{a100}"),
    (
        "putty-private-key",
        "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPublic-Lines: 1\n{a64}\nPrivate-Lines: 1\n{a64}\n",
    ),
    ("private-jwk", r#"{"kty":"RSA","n":"{a86}","e":"AQAB","d":"{a86}"}"#),
    ("age-secret-key", "AGE-SECRET-KEY-1{b58}"),
    ("github-token", "ghp_{c30}"),
    ("github-token", "ghs_{c30}"),
    ("github-fine-grained-token", "github_pat_{a22}_{a59}"),
    ("gitlab-token", "glpat-{a20}"),
    ("gitlab-token", "glptt-{h40}"),
    ("gitlab-token", "glagent-{a50}"),
    ("gitlab-token", "gloas-{h64}"),
    ("npm-token", "npm_{c30}"),
    ("npm-registry-auth", "//registry.example.org/:_authToken={a36}"),
    ("pypi-token", "pypi-AgEIcHlwaS5vcmcC{a70}"),
    ("crates-io-token", "cio{a32}"),
    ("rubygems-token", "rubygems_{h48}"),
    ("docker-hub-token", "dckr_pat_{a27}"),
    ("aws-access-key-id", "AKIA{u16}"),
    ("aws-secret-access-key", "aws_secret_access_key = {a40}\n"),
    ("google-api-key", "AIza{a35}"),
    ("google-oauth-secret", "GOCSPX-{a28}"),
    ("google-oauth-token", "ya29.{a60}"),
    ("azure-storage-key", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={a86}=="),
    ("azure-client-secret", "x={a3}8Q~{a34}"),
    ("azure-shared-access-signature", "https://a.blob.core.windows.net/b?sv=2021-06-08&sr=c&sig={a43}%3D"),
    ("slack-token", "xoxb-{d12}-{d13}-{a24}"),
    ("slack-token", "xapp-1-A{u10}-{d13}-{h64}"),
    ("slack-webhook", "https://hooks.slack.com/services/T{u8}/B{u8}/{a24}"),
    ("stripe-key", "sk_live_{a24}"),
    ("stripe-webhook-secret", "whsec_{a32}"),
    ("square-token", "sq0csp-{a43}"),
    ("square-access-token", "SQUARE_ACCESS_TOKEN=EAAA{a60}"),
    ("shopify-token", "shpat_{h32}"),
    ("twilio-key", "TWILIO_AUTH_TOKEN={h32}"),
    ("sendgrid-key", "SG.{a22}.{a43}"),
    ("mailgun-key", "key-{h32}"),
    ("mailgun-signing-key", "MAILGUN_API_KEY={h32}-{h8}-{h8}"),
    ("mailchimp-key", "{h32}-us12"),
    ("hugging-face-token", "hf_{a34}"),
    ("openai-key", "sk-proj-{a40}T3BlbkFJ{a40}"),
    ("anthropic-key", "sk-ant-api03-{a93}AA"),
    ("digitalocean-token", "dop_v1_{h64}"),
    ("cloudflare-token", "CLOUDFLARE_API_TOKEN={a40}"),
    ("heroku-token", "HRKU-{a36}"),
    ("heroku-key", "HEROKU_API_KEY={h8}-{h4}-{h4}-{h4}-{h12}"),
    ("telegram-bot-token", "{d10}:AA{a33}"),
    ("discord-bot-token", "const discord = login('M{a23}.{a6}.{a27}')"),
    ("discord-webhook", "https://discord.com/api/webhooks/{d18}/{a68}"),
    ("databricks-token", "dapi{h32}"),
    ("vault-token", "hvs.{a90}"),
    ("grafana-token", "glsa_{a32}_{h8}"),
    ("new-relic-key", "NRAK-{u27}"),
    ("postman-key", "PMAK-{h24}-{h34}"),
    ("pulumi-token", "pul-{h40}"),
    ("terraform-token", "{a14}.atlasv1.{a67}"),
    ("linear-key", "lin_api_{a40}"),
    ("notion-token", "ntn_{a46}"),
    ("sentry-token", "sntryu_{h64}"),
    ("netlify-token", "nfp_{a36}"),
    ("planetscale-token", "pscale_tkn_{a43}"),
    ("supabase-token", "sbp_{h40}"),
    ("tailscale-key", "tskey-auth-{a17}-{a32}"),
    ("mapbox-secret-token", "sk.eyJ{a60}.{a22}"),
    ("json-web-token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4iLCJhZG1pbiI6dHJ1ZX0.{a43}"),
    ("url-credentials", "postgres://shop:{a16}@db.internal:5432/orders"),
    ("basic-authorization", "Authorization: Basic YW5uOnZLOHFMdzJacjV4"),
    ("generic-secret", "const clientSecret = \"{a32}\";"),
    ("generic-secret", r#"{\"clientSecret\":\"{a32}\"}"#),
    ("generic-secret", "&quot;client_secret&quot;: &quot;{a32}&quot;"),
    ("generic-password", "password: 'vK8q!Lw2Zr5x'"),
    ("generic-password", "password = &quot;vK8q!Lw2Zr5x&quot;"),
    ("unquoted-secret", "DB_PASSWORD=vK8q!Lw2Zr5x\n"),
    ("unquoted-secret", "- DB_PASSWORD=vK8q!Lw2Zr5x\n"),
];

/// Fills in a sample.
fn made_up(sample: &str, seed: u64) -> String {
    let alphabets = [
        ('a', "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
        ('c', "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
        ('h', "0123456789abcdef"),
        ('d', "0123456789"),
        ('u', "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
        ('b', "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
    ];
    // The constants are those of Knuth's MMIX.
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut text = String::new();
    let mut rest = sample;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let stand_in = after.split_once('}').and_then(|(inside, after)| {
            let alphabet = alphabets.iter().find(|(sort, _)| inside.starts_with(*sort))?;
            Some((alphabet, inside[1..].parse::<usize>().ok()?, after))
        });
        let Some(((sort, alphabet), count, after)) = stand_in else {
            text.push('{');
            rest = after;
            continue;
        };
        // One of each sort of letter first, so that no sample lacks one by chance.
        let must = if *sort == 'a' || *sort == 'c' { &"xK7"[..count.min(3)] } else { "" };
        let body: String = must
            .chars()
            .chain((must.len()..count).map(|_| char::from(alphabet.as_bytes()[next() % alphabet.len()])))
            .collect();
        text.push_str(&body);
        if *sort == 'c' {
            text.push_str(&checksum(&body));
        }
        rest = after;
    }
    text + rest
}

fn checksum(body: &str) -> String {
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut text = Vec::new();
    for _ in 0..6 {
        text.push(char::from(digits[(rest % 62) as usize]));
        rest /= 62;
    }
    text.iter().rev().collect()
}

fn rules(seen: &Seen) -> Vec<&'static str> {
    seen.secrets.iter().map(|secret| secret.rule.id).collect()
}

#[test]
fn every_rule_finds_what_it_is_for_and_no_other_rule_does() {
    for (number, (rule, sample)) in SAMPLES.iter().enumerate() {
        for seed in 0..20 {
            let secret = made_up(sample, (number as u64) << 8 | seed);
            for text in [secret.clone(), format!("first line\n  {secret}\n"), format!("<p>{secret}</p>")] {
                let is_line = *rule != "unquoted-secret" || !text.starts_with("<p>");
                let expected: &[&str] = if is_line { &[rule] } else { &[] };
                assert_eq!(rules(&look_through_bytes(text.as_bytes())), expected, "{text}");
            }
        }
    }
    let shown: BTreeSet<&str> = SAMPLES.iter().map(|(rule, _)| *rule).chain(["aws-key-pair"]).collect();
    for rule in RULES.iter() {
        assert!(shown.contains(rule.id), "no sample shows `{}`", rule.id);
    }
    let pair = made_up("id: AKIA{u16}\nsecond: {a40}\n", 1);
    assert_eq!(rules(&look_through_bytes(pair.as_bytes())), ["aws-access-key-id", "aws-key-pair"]);
}

#[test]
fn a_token_beside_others_is_found_as_a_whole() {
    let tokens: Vec<String> = (0..4).map(|seed| made_up("sk-proj-{a40}T3BlbkFJ{a40}", seed)).collect();
    let text = format!("{}\n{}\n{}\n{}\n{}", tokens[0], tokens[1], tokens[2], tokens[0], tokens[3]);
    let seen = look_through_bytes(text.as_bytes());
    assert_eq!(rules(&seen), ["openai-key"; 4]);
    assert_eq!(seen.secrets[0].places, [(1, 1), (4, 1)]);
    let key = made_up("OPENROUTER_API_KEY = \"sk-or-v1-{h64}\"", 1);
    assert_eq!(rules(&look_through_bytes(key.as_bytes())), ["generic-secret"]);
}

#[test]
fn ids_are_kebab_case_and_there_once() {
    let ids: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), RULES.len());
    assert!(
        ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'))
    );
    assert!(
        RULES.iter().all(|rule| !rule.keywords.is_empty() && rule.keywords.iter().all(|keyword| keyword.len() <= 32))
    );
}

#[test]
fn what_is_seen_of_a_secret_is_at_most_its_beginning() {
    for (number, (rule, sample)) in SAMPLES.iter().enumerate() {
        let secret = made_up(sample, number as u64);
        let seen = look_through_bytes(secret.as_bytes());
        let told = format!("{seen:?}");
        let secret = &seen.secrets[0];
        assert!(secret.shown.chars().count() <= 5, "{rule}: {}", secret.shown);
        if secret.rule.family.is_guessable() {
            assert_eq!((secret.shown.as_str(), &secret.digest), ("…", &None), "{rule}");
        }
        for word in made_up(sample, number as u64).split(|character: char| !character.is_ascii_alphanumeric()) {
            let is_secret = word.len() >= 12 && !["Authorization", "secret"].contains(&word) && word.contains("xK7");
            assert!(!is_secret || !told.contains(word), "{rule} shows {word}");
        }
    }
}

#[test]
fn what_stands_in_for_a_secret_is_none() {
    for text in [
        "AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "password = \"${DB_PASSWORD}\"",
        "password: 'changeme'",
        "password: '********'",
        "PASSWORD=your-password-here",
        "postgres://user:password@localhost/db",
        "postgres://postgres:postgres@db/orders",
        "https://user:<password>@db.internal/",
        "postgres://shop:vK8qLw2Zr5@localhost/orders",
        "https://ann:vK8qLw2Zr5@example.org/",
        "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "LockToken: \"7f36cb30-74ef-4cff-8cd4-a77e1aba1746\"",
        "\"AWS::IAM::AccessKey\": \"62d91b17309e76c8\"",
        "https://github.com:443/a@b",
        "token: \"user.settings.token.label2\"",
        "passwordPlaceholder: 'At least 8 letters'",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEq7Rk2vX9bTz4Lm8WxK7q7Rk2vX9bTz4Lm8WxK7==",
        "npm_config_registry=https://registry.example.org/",
        "secretName: projects/1234/secrets/orders-db-8",
        "nextToken: \"q7Rk2vX9bTz4Lm8WxK7q7Rk2vX9\"",
        "\"type\": \"Secret Keyword\", \"hashed_secret\": \"88aa1a600b44f0b5cacad4d6300f64afe6d6e9df\"",
        "it is said far and wide by whoever is asked, and written in many a manual, that a password: vK8qLw2Zr5x\n",
        "\"alias/aws/secretsmanager\": \"fee5173a-3972-428e-ae73-cd4c2a371222\"",
        "[CAM2_PWDN_PT0] = \"cam2_pwdn_pt0\"",
        "AuthTypePasswordMd5 = \"POSTGRES_MD5\"",
        "'password' => 'required|string|min:8|confirmed'",
        "parse-passwd: \"npm:^1.0.0\"",
        "token = \"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.\"",
        "\"access_token\":\"2YotnFZFEjr1zCsicMWpAA\"",
        "Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW",
        "http://ann:vK8qLw2Zr5@proxy.somewhere.example/",
        "mongodb://reader:D1fficultP%40ssw0rd@mongodb0.example.com:27017",
        "http://proxuser:proxpass@proxy.internal/",
        "http://user:pass%23pass@proxy.internal/",
        "such as glagent-q7Rk2vX9bTz4Lm8WxK7q or glptt-q7Rk2vX9bTz4Lm8WxK7q",
        "key-0123456789abcdef0123456789abcdef",
        "such as `-----BEGIN RSA PRIVATE KEY-----MIIEpQIBAAKCAQEAuyflNrH9ck8DmNyo3fGgvCI1l9s+cmBY3WIz+cUDqmxiieR9Lm8.-----END",
        "<a href=https://example.org/token?page=2>api_key = read_from('vault:9')</a>",
    ] {
        assert_eq!(rules(&look_through_bytes(text.as_bytes())), Vec::<&str>::new(), "{text}");
    }
    let wrong = made_up("ghp_{a36}", 3);
    assert!(look_through_bytes(wrong.as_bytes()).secrets.is_empty(), "its checksum is wrong: {wrong}");
}

#[test]
fn a_secret_that_is_there_often_is_told_once_with_its_places() {
    let token = made_up("ghp_{c30}", 1);
    let mut text = String::new();
    for number in 0..7 {
        writeln!(text, "// Größe {number}: {token}").unwrap();
    }
    let seen = look_through_bytes(text.as_bytes());
    assert_eq!(seen.secrets.len(), 1);
    assert_eq!(seen.secrets[0].count, 7);
    assert_eq!(seen.secrets[0].places, [(1, 13), (2, 13), (3, 13), (4, 13), (5, 13)]);
}

#[test]
fn other_bytes_and_other_encodings_are_looked_through_too() {
    let token = made_up("glpat-{a20}", 1);
    let mut program = b"\x7FELF\0\0\0".to_vec();
    program.extend_from_slice(token.as_bytes());
    program.extend_from_slice(b"\0password = \"vK8q!Lw2Zr5x\"\0");
    assert_eq!(rules(&look_through_bytes(&program)), ["gitlab-token"], "words in a program are not judged");
    for little in [true, false] {
        let unit = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        let text = format!("\u{FEFF}\r\n$password = \"vK8q!Lw2Zr5x\"\r\n{token}");
        let bytes: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
        assert_eq!(rules(&look_through_bytes(&bytes)), ["generic-password", "gitlab-token"]);
        assert_eq!(
            rules(&look_through(bytes.as_slice(), &mut Vec::new()).unwrap()),
            ["generic-password", "gitlab-token"]
        );
    }
}

#[test]
fn a_file_full_of_secrets_is_not_told_to_its_end_and_that_is_said() {
    let text: String = (0..300).map(|seed| made_up("glpat-{a20}\n", seed)).collect();
    let seen = look_through_bytes(text.as_bytes());
    assert_eq!(seen.secrets.len(), 100);
    assert!(seen.incomplete.is_some());
}

#[test]
fn families_that_people_choose_are_not_told_by_digest() {
    let guessable: Vec<&str> = RULES.iter().filter(|rule| rule.family.is_guessable()).map(|rule| rule.id).collect();
    assert!(guessable.contains(&"url-credentials") && guessable.contains(&"generic-password"));
    assert!(RULES.iter().all(|rule| rule.family != Family::Token || !rule.family.is_guessable()));
}

/// Gives a few bytes at a time, as a slow disk does.
struct Dribble<'a>(&'a [u8], usize);

impl std::io::Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(buffer.len());
        self.0.read(&mut buffer[..count])
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The content is larger than what is looked at in one go, and the secrets are around the seam.
    #[test]
    fn a_secret_is_found_wherever_it_is(before in (2_usize << 20) - 3_000..(2_usize << 20) + 8_000, which in 0..SAMPLES.len(), step in 1_000..1_000_000_usize) {
        let (rule, sample) = SAMPLES[which];
        let mut text = "lorem ipsum dolor\n".repeat(before / 18 + 1);
        text.truncate(before);
        text.push('\n');
        text.push_str(&made_up(sample, which as u64));
        text.push('\n');
        text.push_str(&"sit amet\n".repeat(20_000));
        let whole = look_through_bytes(text.as_bytes());
        prop_assert_eq!(rules(&whole), [rule]);
        prop_assert_eq!(look_through(Dribble(text.as_bytes(), step), &mut Vec::new()).unwrap(), whole);
    }

    #[test]
    fn whatever_the_bytes_are_looking_comes_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..2_000), which in 0..RULES.len(), at in 0..2_000_usize) {
        let mut bytes = bytes;
        let at = at.min(bytes.len());
        bytes.splice(at..at, RULES[which].keywords[0].bytes());
        let seen = look_through_bytes(&bytes);
        prop_assert_eq!(look_through(bytes.as_slice(), &mut Vec::new()).unwrap(), seen);
    }
}
