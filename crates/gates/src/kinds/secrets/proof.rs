//! What tells a secret from something that only looks like one.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

/// Returns how much each byte tells, in bits, by how often each occurs (Shannon).
pub(super) fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let total = bytes.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum()
}

/// Says whether a text stands in for a secret in documentation, whatever the sort of secret.
pub(super) fn is_stand_in(secret: &[u8]) -> bool {
    let lower = secret.to_ascii_lowercase();
    let has = |word: &[u8]| lower.windows(word.len()).any(|window| window == word);
    let words: [&[u8]; 20] = [
        b"example",
        b"xxxxx",
        b"*****",
        b".....",
        b"placeholder",
        b"changeme",
        b"redacted",
        b"your-",
        b"your_",
        b"0000000",
        b"1234567890",
        b"0123456789",
        b"abcdefgh",
        b"abcd1234",
        b"a1b2c3d4",
        b"1a2b3c4d",
        b"123e4567-e89b-",
        // The beginning of the key of Azure's storage emulator, which is the same for everyone.
        b"eby8vdm02xnocqflquwj",
        // The access and the refresh token of RFC 6749.
        b"2yotnfzfejr1zcsicmwpaa",
        b"tgzv3jokf0xg5qx2tlkwia",
    ];
    words.into_iter().any(has)
}

/// Says whether a text that somebody may have chosen stands in for a password.
pub(super) fn is_weak_stand_in(secret: &[u8]) -> bool {
    let lower = secret.to_ascii_lowercase();
    let has = |word: &[u8]| lower.windows(word.len()).any(|window| window == word);
    let words: [&[u8]; 27] = [
        b"password",
        b"passwd",
        b"secret",
        b"token",
        b"1234",
        b"abcd",
        b"qwerty",
        b"test",
        b"dummy",
        b"sample",
        b"fake",
        b"mock",
        b"todo",
        b"your",
        b"change",
        b"foobar",
        b"insert",
        b"replace",
        b"undefined",
        b"process.env",
        b"environ",
        b"getenv",
        b"xxx",
        b"***",
        b"hunter2",
        b"opensesame",
        b"<",
    ];
    is_stand_in(secret) || is_template(secret) || words.into_iter().any(has)
}

/// Says whether a text is filled in elsewhere: `${NAME}`, `{{ name }}`, `$(command)`, `%s`, `$NAME`, `#{name}`.
fn is_template(secret: &[u8]) -> bool {
    let has = |mark: &[u8]| secret.windows(mark.len()).any(|window| window == mark);
    secret.starts_with(b"$")
        || secret.starts_with(b"%")
        || secret.starts_with(b"{")
        || [b"${", b"{{", b"$(", b"#{", b"%s", b"%(", b"@{"].into_iter().any(|mark| has(mark))
}

/// Says yes, for what needs no further proof.
pub(super) fn anything(_: &[u8]) -> bool {
    true
}

/// Says whether both letters and digits are in it.
pub(super) fn mixed(secret: &[u8]) -> bool {
    secret.iter().any(u8::is_ascii_digit) && secret.iter().any(u8::is_ascii_alphabetic)
}

/// Says whether upper case, lower case and digits are in it.
pub(super) fn three_sorts(secret: &[u8]) -> bool {
    mixed(secret) && secret.iter().any(u8::is_ascii_uppercase) && secret.iter().any(u8::is_ascii_lowercase)
}

/// Says whether a token of GitHub's or npm's carries its checksum: the last six characters are the CRC-32 of those
/// between the prefix and them, in base 62.
///
/// Source: "Behind GitHub's new authentication token formats", GitHub, 2021.
pub(super) fn carries_crc(token: &[u8]) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some(begin) = token.iter().position(|byte| *byte == b'_').map(|position| position + 1) else { return false };
    let Some((body, checksum)) = token[begin..].split_last_chunk::<6>() else { return false };
    let mut rest = crc32fast::hash(body);
    checksum.iter().rev().all(|byte| {
        let digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
        *byte == digit
    }) && rest == 0
}

/// Says whether what follows `-----BEGIN … PRIVATE KEY-----` is a key: a run of base64, whatever the way it is quoted.
pub(super) fn is_pem_body(text: &[u8]) -> bool {
    let mut body = Vec::with_capacity(256);
    for line in text.split(|byte| *byte == b'\n') {
        // Headers such as `Proc-Type: 4,ENCRYPTED` and PGP's `Version: …`.
        let is_header = line.windows(2).any(|window| window == b": ") && !line.contains(&b'\\');
        if is_header {
            continue;
        }
        let mut bytes = line.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => _ = bytes.next_if(|next| matches!(next, b'n' | b'r' | b't')),
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => body.push(byte),
                b'=' | b' ' | b'\t' | b'\r' | b'"' | b'\'' | b'`' | b',' | b'>' | b'#' | b'*' | b'|' => {}
                _ if body.len() >= 64 => return is_random(&body) && !is_cut_short(&body, text.len()),
                _ => return false,
            }
        }
    }
    body.len() >= 64 && is_random(&body) && !is_cut_short(&body, text.len())
}

fn is_random(base64: &[u8]) -> bool {
    entropy(base64) >= 4.2 && !is_stand_in(&base64[..64.min(base64.len())])
}

/// Says whether the base64 of a key begins with a DER that is longer than all that stands there, as in documentation: DER
/// says in its first bytes how long it is (X.690, 8.1.3).
fn is_cut_short(body: &[u8], length: usize) -> bool {
    /// Of a longer text the end may not be at hand, in bytes.
    const AT_HAND: usize = 900;
    match base64(&body[..8])[..] {
        // Less than seven eighths of it.
        [0x30, 0x82, high, low, ..] if length < AT_HAND => {
            length * 3 / 4 * 8 < usize::from(u16::from_be_bytes([high, low])) * 7
        }
        _ => false,
    }
}

/// Says whether base64 is that of the beginning of a private key.
pub(super) fn is_encoded_pem(text: &[u8]) -> bool {
    let decoded = base64(text);
    decoded.windows(12).any(|window| window == b"PRIVATE KEY-")
}

/// Says whether a text is a signed JSON Web Token that is not meant for everyone's eyes.
///
/// Left out are tokens without signature, those of the specification's examples, and keys for browsers that say so
/// (`"role":"anon"`).
pub(super) fn is_jwt(text: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
    }
    #[derive(Deserialize)]
    struct Claims {
        #[serde(default)]
        role: serde_json::Value,
        #[serde(default)]
        name: serde_json::Value,
    }
    let mut parts = text.split(|byte| *byte == b'.').map(base64);
    let (Some(header), Some(claims)) = (parts.next(), parts.next()) else { return false };
    let signed = serde_json::from_slice::<Header>(&header).is_ok_and(|header| header.alg != "none");
    let secret = serde_json::from_slice::<Claims>(&claims)
        .is_ok_and(|claims| claims.role != "anon" && claims.name != "John Doe");
    signed && secret
}

/// Says whether `Basic` credentials name a user and a password.
pub(super) fn is_basic(text: &[u8]) -> bool {
    let decoded = base64(text);
    let Some(colon) = decoded.iter().position(|byte| *byte == b':') else { return false };
    let (user, password) = (&decoded[..colon], &decoded[colon + 1..]);
    let plain = decoded.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    // RFC 7617 has Aladdin's, RFC 6749 the other.
    plain
        && !user.is_empty()
        && user != b"Aladdin"
        && user != b"s6BhdRkqt3"
        && password.len() >= 6
        && !is_weak_stand_in(password)
        && user != password
}

/// Says whether a password in a URL is one: long enough, and neither a word for one nor a place for one.
pub(super) fn is_url_password(password: &[u8]) -> bool {
    let common: [&[u8]; 12] = [
        b"pass",
        b"pwd",
        b"root",
        b"admin",
        b"guest",
        b"user",
        b"postgres",
        b"mysql",
        b"mongo",
        b"redis",
        b"docker",
        b"pw",
    ];
    let lower = password.to_ascii_lowercase();
    password.len() >= 4
        && !common.contains(&lower.as_slice())
        && (lower.len() > 12 || !(lower.starts_with(b"pass") || lower.ends_with(b"pass")))
        && !is_weak_stand_in(password)
        && password.iter().collect::<std::collections::BTreeSet<_>>().len() >= 4
        && (password.len() >= 8 || mixed(password))
}

/// Says whether somebody may have chosen this as a password, and it is not a name, a path or a word in a program.
pub(super) fn is_chosen(password: &[u8]) -> bool {
    let letters = password.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let digits = password.iter().filter(|byte| byte.is_ascii_digit()).count();
    let special = password.iter().filter(|byte| b"!#$%^&*?@+~=|".contains(byte)).count();
    letters >= 3 && digits + special >= 1 && !is_weak_stand_in(password) && !is_code(password)
}

/// Says whether a machine made this up: letters and digits in disorder.
pub(super) fn is_generated(secret: &[u8]) -> bool {
    let digits = secret.iter().filter(|byte| byte.is_ascii_digit()).count();
    let changes = secret.windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
    // Whether a token of this form is a secret, `is_jwt` says.
    let is_web_token = secret.starts_with(b"eyJ") && secret.contains(&b'.');
    // Shorter ones are mostly numbers of versions and digests.
    let is_short_hex = secret.len() < 24 && secret.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    mixed(secret)
        && !is_short_hex
        && !is_web_token
        && digits >= 2
        && changes * 5 >= secret.len()
        && !is_weak_stand_in(secret)
        && !is_code(secret)
}

/// Says whether it is a piece of program: a call, a member, a path, the version of a package, words with hyphens or
/// underscores between.
fn is_code(text: &[u8]) -> bool {
    const PACKAGES: [&[u8]; 6] = [b"npm:", b"workspace:", b"file:", b"link:", b"patch:", b"catalog:"];
    let has = |byte: u8| text.contains(&byte);
    let words = |separator: u8| {
        let parts: Vec<&[u8]> = text.split(|byte| *byte == separator).collect();
        // Names are numbered: `cam2_pwdn_pt0`, `POSTGRES_MD5`.
        let is_word = |part: &&[u8]| {
            let figures = part.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
            let letters = &part[..part.len() - figures];
            letters.is_empty() || part.len() < 12 && figures <= 2 && letters.iter().all(u8::is_ascii_alphabetic)
        };
        parts.len() > 1
            && parts.iter().all(|part| part.len() < 20)
            && parts.iter().filter(|part| is_word(part)).count() * 4 >= parts.len() * 3
    };
    has(b'(')
        || has(b')')
        || has(b'[')
        || has(b';')
        || has(b'\\')
        || has(b'<')
        || has(b'>')
        || text.windows(3).any(|window| window == b"://")
        || text.starts_with(b"/")
        || text.starts_with(b"./")
        || text.starts_with(b"--")
        || text.starts_with(b"#")
        || PACKAGES.iter().any(|scheme| text.starts_with(scheme))
        || words(b'|')
        || words(b'-')
        || words(b'_')
        || words(b'.')
        || words(b'/')
        || words(b':')
}

fn class(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    }
}

/// Decodes base64 of either alphabet as far as it goes.
fn base64(text: &[u8]) -> Vec<u8> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);
    let mut digits: Vec<u8> = text
        .iter()
        .map_while(|byte| match byte {
            b'+' => Some(b'-'),
            b'/' => Some(b'_'),
            b'-' | b'_' => Some(*byte),
            _ => byte.is_ascii_alphanumeric().then_some(*byte),
        })
        .collect();
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    ENGINE.decode(&digits).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn disorder_tells_a_generated_text_from_a_word() {
        assert!(entropy(b"aaaaaaaa") < 0.1);
        assert!((entropy(b"abcdefgh") - 3.0).abs() < 1e-9);
        assert!(is_generated(b"q7Rk2vX9bTz4Lm8W"));
        for code in ["user.settings.token2", "sha256-algorithm-name-1", "getToken(1)", "./auth/token2.js"] {
            assert!(!is_generated(code.as_bytes()), "{code}");
        }
    }

    #[test]
    fn a_token_with_another_checksum_is_none() {
        // The CRC-32 of thirty times `a` is 0xB5…; only one ending in 62^6 fits it.
        let body = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5";
        let fits = (0..6).fold((String::new(), crc32fast::hash(body.as_bytes())), |(text, rest), _| {
            let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
            (format!("{}{text}", char::from(digits[(rest % 62) as usize])), rest / 62)
        });
        assert!(carries_crc(format!("ghp_{body}{}", fits.0).as_bytes()));
        assert!(!carries_crc(format!("ghp_{body}000000").as_bytes()));
        assert!(!carries_crc(b"ghp_short"));
    }

    #[test]
    fn a_key_is_told_from_the_words_for_one() {
        let key = "b3BlEMnY9tlicZLhCUJwnHBdHIyvNLVlRXFwF8JlMaLNy02K35uDNHfkf7J8Rszi\n0z4JxT3PzPmhDJEpQwL6dfTkKPcPKPt0jLy4LrGWuQbUf6vUULm4A2Aohhhvtf+F";
        assert!(is_pem_body(format!("\n{key}\n").as_bytes()));
        assert!(is_pem_body(key.replace('\n', "\\n").as_bytes()));
        assert!(is_pem_body(format!("\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n{key}").as_bytes()));
        assert!(!is_pem_body(b"\n...\n"));
        assert!(!is_pem_body(b"` marks the beginning of a private key, and what follows is its base64 text"));
        assert!(!is_pem_body("A".repeat(200).as_bytes()));
        // DER of 1,213 bytes, and no more than 96 of them.
        assert!(!is_pem_body(format!("MIIEuQ{}", &key.replace('\n', "")[..122]).as_bytes()));
        // DER of 92 bytes, and all of them.
        assert!(is_pem_body(format!("MIIAWA{}", &key.replace('\n', "")[..118]).as_bytes()));
    }

    proptest! {
        #[test]
        fn whatever_comes_the_checks_come_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let checks: [fn(&[u8]) -> bool; 9] = [carries_crc, is_pem_body, is_encoded_pem, is_jwt, is_basic, is_url_password, is_chosen, is_generated, is_stand_in];
            checks.iter().for_each(|check| _ = check(&bytes));
        }
    }
}
