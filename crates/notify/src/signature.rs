//! Signed messages as Standard Webhooks has them (<https://www.standardwebhooks.com>, version 1).
//!
//! The headers are `webhook-id`, `webhook-timestamp` (seconds since 1970) and `webhook-signature`, a list separated by
//! spaces of `v1,` and the base64 of HMAC-SHA-256 over `<id>.<timestamp>.<body>`. A secret that begins with `whsec_`
//! is base64 after that; any other is taken as it is.

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use charter_host::Secret;

/// What makes a receiver know the message again.
pub(crate) const ID: &str = "webhook-id";
/// When it was sent, in seconds since 1970.
pub(crate) const TIMESTAMP: &str = "webhook-timestamp";
/// The proof.
pub(crate) const SIGNATURE: &str = "webhook-signature";

/// So many signatures of one message are looked at: more than a change of secrets needs.
const SIGNATURES: usize = 8;

fn key(secret: &Secret) -> Option<hmac::Key> {
    let bytes = match secret.reveal().strip_prefix("whsec_") {
        Some(encoded) => STANDARD.decode(encoded).ok()?,
        None => secret.reveal().as_bytes().to_vec(),
    };
    (!bytes.is_empty()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// Says whether something can be signed with a secret.
pub(crate) fn is_usable(secret: &Secret) -> bool {
    key(secret).is_some()
}

fn tag(key: &hmac::Key, id: &str, seconds: i64, body: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(format!("{id}.{seconds}.").as_bytes());
    context.update(body);
    context.sign()
}

/// Returns the value of the header [`SIGNATURE`]; nothing, when the secret is not usable.
pub(crate) fn sign(secret: &Secret, id: &str, seconds: i64, body: &[u8]) -> Option<String> {
    Some(format!("v1,{}", STANDARD.encode(tag(&key(secret)?, id, seconds, body))))
}

/// Says whether one of the signatures is right. How long it takes does not depend on where they differ.
pub(crate) fn is_right(secret: &Secret, id: &str, seconds: i64, body: &[u8], signatures: &str) -> bool {
    let Some(key) = key(secret) else { return false };
    let expected = tag(&key, id, seconds, body);
    signatures.split_ascii_whitespace().take(SIGNATURES).fold(false, |right, signature| {
        let given = signature.strip_prefix("v1,").and_then(|encoded| STANDARD.decode(encoded).ok());
        let same = given.is_some_and(|given| constant_time::verify_slices_are_equal(&given, expected.as_ref()).is_ok());
        right | same
    })
}

/// Says whether two tokens are the same. How long it takes does not depend on where they differ.
pub(crate) fn is_same(secret: &Secret, given: &str) -> bool {
    // Over tags, so that not even the length of the secret shows.
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"charter-token");
    let expected = hmac::sign(&key, secret.reveal().as_bytes());
    !secret.reveal().is_empty() && hmac::verify(&key, given.as_bytes(), expected.as_ref()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the standard, signed by its reference library for Python.
    #[test]
    fn the_reference_library_signs_the_same() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let (id, seconds, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        let signature = sign(&secret, id, seconds, body).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(is_right(&secret, id, seconds, body, &format!("v1,AAAA {signature}")));
        assert!(!is_right(&secret, id, seconds + 1, body, &signature));
        assert!(!is_right(&Secret::new("whsec_%".to_owned()), id, seconds, body, &signature));
    }

    #[test]
    fn tokens_are_compared_as_a_whole() {
        let secret = Secret::new("correct horse".to_owned());
        assert!(is_same(&secret, "correct horse"));
        assert!(!is_same(&secret, "correct hors") && !is_same(&secret, ""));
        assert!(!is_same(&Secret::new(String::new()), ""));
    }
}
