//! Tokens of those who keep code, packages, servers and files.

use super::{Family, Rule, named, token};
use crate::kinds::secrets::proof::{self, anything, carries_crc, mixed, three_sorts};

pub(super) const RULES: &[Rule] = &[
    Rule {
        is: carries_crc,
        ..token(
            "github-token",
            "a token of GitHub",
            &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
            r"\b(gh[pousr]_[A-Za-z0-9]{36}|ghr_[A-Za-z0-9]{76})\b",
        )
    },
    token(
        "github-fine-grained-token",
        "a fine-grained token of GitHub",
        &["github_pat_"],
        r"\b(github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b",
    ),
    token(
        "gitlab-token",
        "a token of GitLab",
        &["glpat-", "gldt-", "glrt-", "glptt-", "glsoat-", "glft-", "glcbt-", "glagent-", "glimt-", "gloas-"],
        r"\b(gl(?:pat|dt|rt|soat|ft|cbt)-[\w-]{20,64}(?:\.[0-9a-z]{2}\.[0-9a-z]{9})?|gl(?:imt-[\w-]{25}|ptt-[\w-]{40}|agent-[\w-]{50,128}|oas-[\w-]{64}))(?:[^\w-]|$)",
    ),
    Rule { is: carries_crc, ..token("npm-token", "a token of npm", &["npm_"], r"\b(npm_[A-Za-z0-9]{36})\b") },
    Rule {
        is: |secret| !proof::is_weak_stand_in(secret),
        ..named(
            "npm-registry-auth",
            "a token for a package registry",
            &["_authtoken"],
            r#"(?i)_authToken\s*=\s*"?([\w+/=.~-]{16,200})"#,
        )
    },
    token("pypi-token", "a token of PyPI", &["pypi-AgE"], r"\b(pypi-AgE[\w-]{60,300})"),
    Rule { is: mixed, ..token("crates-io-token", "a token of crates.io", &["cio"], r"\b(cio[A-Za-z0-9]{32})\b") },
    token("rubygems-token", "a token of RubyGems", &["rubygems_"], r"\b(rubygems_[0-9a-f]{48})\b"),
    token("docker-hub-token", "a token of Docker Hub", &["dckr_pat_", "dckr_oat_"], r"\b(dckr_[po]at_[\w-]{27,32})"),
    token("aws-access-key-id", "the id of an access key of AWS", &["AKIA", "ASIA"], r"\b(A[KS]IA[A-Z2-7]{16})\b"),
    Rule {
        entropy: 4.2,
        is: three_sorts,
        ..named(
            "aws-secret-access-key",
            "a secret access key of AWS",
            &["secret_access_key", "secretaccesskey", "aws_secret", "aws-secret", "awssecret", "secret-access-key"],
            r#"(?i:secret)[\w.-]{0,20}["'\]\\]{0,3}\s{0,4}(?:=>|[:=,])\s{0,4}["'\\]{0,2}([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
        )
    },
    Rule {
        entropy: 4.2,
        is: three_sorts,
        ..token(
            "aws-key-pair",
            "a secret access key of AWS beside its id",
            &["AKIA", "ASIA"],
            r"(?s)\bA[KS]IA[A-Z2-7]{16}\b.{1,120}?[^A-Za-z0-9/+]([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)",
        )
    },
    Rule {
        family: Family::BrowserKey,
        entropy: 3.5,
        ..token("google-api-key", "an API key of Google", &["AIza"], r"\b(AIza[\w-]{35})(?:[^\w-]|$)")
    },
    token(
        "google-oauth-secret",
        "an OAuth client's secret of Google",
        &["GOCSPX-"],
        r"\b(GOCSPX-[\w-]{28})(?:[^\w-]|$)",
    ),
    Rule {
        entropy: 3.5,
        ..token("google-oauth-token", "an OAuth token of Google", &["ya29."], r"\b(ya29\.[\w-]{30,300})")
    },
    Rule {
        entropy: 4.0,
        ..token(
            "azure-storage-key",
            "an account key of Azure",
            &["AccountKey=", "SharedAccessKey="],
            r"Key=([A-Za-z0-9+/]{43,86}={1,2})",
        )
    },
    Rule {
        reach: (5, 60),
        entropy: 3.8,
        is: three_sorts,
        ..token(
            "azure-client-secret",
            "a client secret of Azure",
            &["Q~"],
            r"(?:^|[^\w~.-])([\w~.-]{3}\dQ~[\w~.-]{31,34})(?:[^\w~.-]|$)",
        )
    },
    Rule {
        reach: (320, 100),
        entropy: 3.5,
        ..token(
            "azure-shared-access-signature",
            "a shared access signature of Azure",
            &["sig="],
            r#"\bsv=20\d\d-\d\d-\d\d&[^\s"'<>]{0,300}?sig=([A-Za-z0-9%+/]{43,70})"#,
        )
    },
    Rule {
        is: mixed,
        ..token(
            "slack-token",
            "a token of Slack",
            &["xoxa-", "xoxb-", "xoxe-", "xoxe.", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-"],
            r"\b(xox[abeoprs]-[0-9]{1,15}-(?:[0-9A-Za-z]{6,15}-){0,2}[0-9A-Za-z]{16,180}|xoxe\.xox[bp]-\d-[A-Za-z0-9]{100,180}|xapp-\d-[A-Z0-9]{8,15}-\d{8,15}-[0-9a-f]{32,66})",
        )
    },
    Rule {
        is: three_sorts,
        follows: anything,
        ..token(
            "slack-webhook",
            "a webhook of Slack",
            &["hooks.slack.com/"],
            r"hooks\.slack\.com/(?:services|workflows|triggers)/(T[A-Z0-9]{8,12}/[AB][A-Z0-9]{8,14}/[A-Za-z0-9]{20,30})\b",
        )
    },
    Rule {
        is: mixed,
        entropy: 3.5,
        ..token(
            "stripe-key",
            "a live key of Stripe",
            &["sk_live_", "rk_live_"],
            r"\b([sr]k_live_[A-Za-z0-9]{24,247})\b",
        )
    },
    Rule {
        entropy: 3.8,
        ..token(
            "stripe-webhook-secret",
            "a webhook's secret of Stripe",
            &["whsec_"],
            r"\b(whsec_[A-Za-z0-9+/]{32,64}={0,2})",
        )
    },
];
