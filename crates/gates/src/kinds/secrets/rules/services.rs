//! Tokens of other services.

use super::{Rule, hex_of, named, run_of, token};
use crate::kinds::secrets::proof::{self, mixed};

pub(super) const RULES: &[Rule] = &[
    token(
        "square-token",
        "a token of Square",
        &["sq0atp-", "sq0csp-"],
        r"\b(sq0(?:atp-[\w-]{22}|csp-[\w-]{43}))(?:[^\w-]|$)",
    ),
    named(
        "square-access-token",
        "an access token of Square",
        &["square"],
        r#"(?i:square)[\w.-]{0,30}["'\]]{0,2}\s{0,4}(?:=>|[:=])\s{0,4}["']?(EAAA[\w-]{60})(?:[^\w-]|$)"#,
    ),
    token(
        "shopify-token",
        "a token of Shopify",
        &["shpat_", "shpca_", "shppa_", "shpss_"],
        r"\b(shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32})\b",
    ),
    named(
        "twilio-key",
        "a key of Twilio",
        &["twilio"],
        r#"(?i:twilio)[\w.-]{0,30}["'\]]{0,2}\s{0,4}(?:=>|[:=,])\s{0,4}["']?((?:SK)?[0-9a-f]{32})\b"#,
    ),
    Rule {
        entropy: 3.5,
        ..token("sendgrid-key", "a key of SendGrid", &["SG."], r"\b(SG\.[\w-]{22}\.[\w-]{43})(?:[^\w-]|$)")
    },
    Rule { follows: hex_of::<32>, ..token("mailgun-key", "a key of Mailgun", &["key-"], r"\b(key-[0-9a-f]{32})\b") },
    named(
        "mailgun-signing-key",
        "a key of Mailgun",
        &["mailgun"],
        r#"(?i:mailgun)[\w.-]{0,30}["'\]]{0,2}\s{0,4}(?:=>|[:=,])\s{0,4}["']?([0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})\b"#,
    ),
    Rule {
        reach: (33, 8),
        follows: |rest| rest.first().is_some_and(u8::is_ascii_digit),
        ..token("mailchimp-key", "a key of Mailchimp", &["-us"], r"\b([0-9a-f]{32}-us[0-9]{1,2})\b")
    },
    Rule {
        entropy: 3.8,
        ..token(
            "hugging-face-token",
            "a token of Hugging Face",
            &["hf_", "api_org_"],
            r"\b((?:hf|api_org)_[A-Za-z0-9]{34})\b",
        )
    },
    Rule {
        reach: (120, 200),
        ..token("openai-key", "a key of OpenAI", &["T3BlbkFJ"], r"\b(sk-[\w-]{16,110}T3BlbkFJ[\w-]{16,150})")
    },
    token("anthropic-key", "a key of Anthropic", &["sk-ant-"], r"\b(sk-ant-[a-z]{2,8}\d{2}-[\w-]{80,120})"),
    token(
        "digitalocean-token",
        "a token of DigitalOcean",
        &["dop_v1_", "doo_v1_", "dor_v1_"],
        r"\b(do[opr]_v1_[0-9a-f]{64})\b",
    ),
    Rule {
        entropy: 3.5,
        is: mixed,
        ..named(
            "cloudflare-token",
            "a token of Cloudflare",
            &["cloudflare"],
            r#"(?i:cloudflare[\w.-]{0,30}(?:token|key|secret))["'\]]{0,2}\s{0,4}(?:=>|[:=,])\s{0,4}["']?([\w-]{37,40})(?:[^\w-]|$)"#,
        )
    },
    Rule { reach: (1, 60), ..token("heroku-token", "a token of Heroku", &["HRKU-"], r"\b(HRKU-[\w-]{36,60})") },
    named(
        "heroku-key",
        "a key of Heroku",
        &["heroku"],
        r#"(?i:heroku[\w.-]{0,20}(?:key|token|secret))["'\]]{0,2}\s{0,4}(?:=>|[:=,])\s{0,4}["']?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\b"#,
    ),
    Rule {
        reach: (11, 48),
        entropy: 3.8,
        ..token("telegram-bot-token", "a bot's token of Telegram", &[":AA"], r"\b(\d{8,10}:AA[\w-]{33})(?:[^\w-]|$)")
    },
    Rule {
        entropy: 3.8,
        ..named(
            "discord-bot-token",
            "a bot's token of Discord",
            &["discord"],
            r"(?s)(?i:discord).{0,80}?\b([MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,38})(?:[^\w-]|$)",
        )
    },
    Rule {
        follows: run_of::<12>,
        ..named(
            "discord-webhook",
            "a webhook of Discord",
            &["/api/webhooks/"],
            r"/api/webhooks/(\d{17,20}/[\w-]{60,70})(?:[^\w-]|$)",
        )
    },
    token("databricks-token", "a token of Databricks", &["dapi"], r"\b(dapi[0-9a-f]{32}(?:-\d)?)\b"),
    Rule {
        entropy: 3.5,
        ..token("vault-token", "a token of Vault", &["hvs.", "hvb.", "hvr."], r"\b(hv[sbr]\.[\w-]{24,300})")
    },
    token("grafana-token", "a token of Grafana", &["glsa_"], r"\b(glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8})\b"),
    token("new-relic-key", "a key of New Relic", &["NRAK-"], r"\b(NRAK-[A-Z0-9]{27})\b"),
    token("postman-key", "a key of Postman", &["PMAK-"], r"\b(PMAK-[0-9a-f]{24}-[0-9a-f]{34})\b"),
    token("pulumi-token", "a token of Pulumi", &["pul-"], r"\b(pul-[0-9a-f]{40})\b"),
    Rule {
        reach: (15, 90),
        ..token(
            "terraform-token",
            "a token of HCP Terraform",
            &[".atlasv1."],
            r"\b([A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70})",
        )
    },
    token("linear-key", "a key of Linear", &["lin_api_"], r"\b(lin_api_[A-Za-z0-9]{40})\b"),
    Rule { entropy: 3.8, ..token("notion-token", "a token of Notion", &["ntn_"], r"\b(ntn_[A-Za-z0-9]{40,50})\b") },
    token(
        "sentry-token",
        "a token of Sentry",
        &["sntryu_", "sntrys_"],
        r"\b(sntryu_[0-9a-f]{64}|sntrys_eyJ[\w=+/-]{60,250})",
    ),
    Rule { entropy: 3.8, ..token("netlify-token", "a token of Netlify", &["nfp_"], r"\b(nfp_[A-Za-z0-9]{36,40})\b") },
    token("planetscale-token", "a token of PlanetScale", &["pscale_"], r"\b(pscale_(?:tkn|oauth|pw)_[\w.=-]{32,64})"),
    token(
        "supabase-token",
        "a token of Supabase",
        &["sbp_", "sb_secret_"],
        r"\b(sbp_[0-9a-f]{40}|sb_secret_[\w-]{31})\b",
    ),
    token(
        "tailscale-key",
        "a key of Tailscale",
        &["tskey-"],
        r"\b(tskey-[a-z]{3,10}-[A-Za-z0-9]{8,30}-[A-Za-z0-9]{20,60})\b",
    ),
    Rule {
        entropy: 4.0,
        ..token(
            "mapbox-secret-token",
            "a secret token of Mapbox",
            &["sk.eyJ"],
            r"\b(sk\.eyJ[\w-]{40,200}\.[\w-]{20,40})",
        )
    },
    Rule {
        reach: (1, 4_096),
        entropy: 4.0,
        is: proof::is_jwt,
        ..token("json-web-token", "a signed JSON Web Token", &["eyJ"], r"\b(eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,})")
    },
];
