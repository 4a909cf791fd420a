//! Private keys.

use super::{Family, Rule, token};
use crate::kinds::secrets::proof::{self, anything};

pub(super) const RULES: &[Rule] = &[
    Rule {
        family: Family::PrivateKey,
        reach: (0, 1_024),
        follows: anything,
        is: proof::is_pem_body,
        ..token(
            "private-key",
            "a private key",
            &["-----BEGIN "],
            r"(?s)-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(.{64,}?)(?:-----END|\z)",
        )
    },
    Rule {
        family: Family::PrivateKey,
        is: proof::is_encoded_pem,
        ..token(
            "encoded-private-key",
            "a private key in base64",
            &["LS0tLS1CRUdJTi"],
            r"(LS0tLS1CRUdJTi[A-Za-z0-9+/]{80,})",
        )
    },
    Rule {
        family: Family::PrivateKey,
        reach: (0, 2_048),
        follows: anything,
        ..token(
            "putty-private-key",
            "a private key of PuTTY's",
            &["PuTTY-User-Key-File-"],
            r"(?s)PuTTY-User-Key-File-[23]: .{20,1800}?Private-Lines: \d+\r?\n([A-Za-z0-9+/=\r\n]{40,})",
        )
    },
    Rule {
        family: Family::PrivateKey,
        reach: (1_500, 2_500),
        follows: anything,
        entropy: 4.0,
        ..token(
            "private-jwk",
            "a private JSON Web Key",
            &["\"kty\""],
            r#"\{[^{}]*?"d"\s*:\s*"([\w-]{42,700})"[^{}]*\}"#,
        )
    },
    Rule {
        family: Family::PrivateKey,
        ..token(
            "age-secret-key",
            "a secret key of age",
            &["AGE-SECRET-KEY-1"],
            r"\b(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})\b",
        )
    },
];
