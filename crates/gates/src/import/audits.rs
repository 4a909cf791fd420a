//! Why assertions about single audits of Lighthouse are not taken over.

/// Audits that Lighthouse 13 no longer has, and the insight that took their place, where there is one.
const REMOVED_IN_13: [(&str, Option<&str>); 28] = [
    ("critical-request-chains", Some("network-dependency-tree-insight")),
    ("dom-size", Some("dom-size-insight")),
    ("duplicated-javascript", Some("duplicated-javascript-insight")),
    ("efficient-animated-content", Some("image-delivery-insight")),
    ("font-display", Some("font-display-insight")),
    ("font-size", None),
    ("largest-contentful-paint-element", Some("lcp-breakdown-insight")),
    ("lcp-lazy-loaded", Some("lcp-discovery-insight")),
    ("legacy-javascript", Some("legacy-javascript-insight")),
    ("modern-image-formats", Some("image-delivery-insight")),
    ("no-document-write", None),
    ("offscreen-images", None),
    ("preload-fonts", None),
    ("prioritize-lcp-image", Some("lcp-discovery-insight")),
    ("render-blocking-resources", Some("render-blocking-insight")),
    ("third-party-facades", None),
    ("third-party-summary", Some("third-parties-insight")),
    ("uses-http2", Some("modern-http-insight")),
    ("uses-long-cache-ttl", Some("cache-insight")),
    ("uses-optimized-images", Some("image-delivery-insight")),
    ("uses-passive-event-listeners", None),
    ("uses-rel-preconnect", Some("network-dependency-tree-insight")),
    ("uses-rel-preload", None),
    ("uses-responsive-images", Some("image-delivery-insight")),
    ("uses-responsive-images-snapshot", None),
    ("uses-text-compression", Some("document-latency-insight")),
    ("viewport", Some("viewport-insight")),
    ("work-during-interaction", Some("inp-breakdown-insight")),
];

/// Audits that Lighthouse 12 or one before it removed.
const REMOVED_EARLIER: [&str; 23] = [
    "apple-touch-icon",
    "content-width",
    "duplicate-id-active",
    "estimated-input-latency",
    "first-cpu-idle",
    "first-meaningful-paint",
    "full-page-screenshot",
    "installable-manifest",
    "load-fast-enough-for-pwa",
    "maskable-icon",
    "no-unload-listeners",
    "offline-start-url",
    "performance-budget",
    "plugins",
    "pwa-cross-browser",
    "pwa-each-page-has-url",
    "pwa-page-transitions",
    "service-worker",
    "splash-screen",
    "tap-targets",
    "themed-omnibox",
    "timing-budget",
    "uses-webp-images",
];

/// Returns why an assertion about an audit is not taken over, as a clause.
pub(super) fn why_left(audit: &str) -> String {
    if let Some((_, insight)) = REMOVED_IN_13.iter().find(|(name, _)| *name == audit) {
        return match insight {
            Some(insight) => format!(
                "it was removed in Lighthouse 13, where `{insight}` stands for it; single audits are told with the \
                 score that they lower"
            ),
            None => "it was removed in Lighthouse 13, and nothing took its place".to_owned(),
        };
    }
    match audit {
        "performance-budget" => "it was removed in Lighthouse 12: import the budgets themselves, `budgets.json`".into(),
        "timing-budget" => "it was removed in Lighthouse 12: import the budgets themselves, `budgets.json`".into(),
        _ if REMOVED_EARLIER.contains(&audit) => "Lighthouse 12 no longer has it".to_owned(),
        "interactive" => {
            "time to interactive counts for nothing in Lighthouse any more; `max-tbt-ms` stands for it".into()
        }
        "interaction-to-next-paint" => {
            "somebody has to interact for it, so that a page that is only loaded has none; `max-tbt-ms` stands for it"
                .into()
        }
        "user-timings" => "a project's own marks are not measured".to_owned(),
        _ if super::pa11y::is_rule(audit) => {
            "the gate `accessibility` asks every rule of its level on every page".to_owned()
        }
        _ => "single audits are not asserted, they are told with the score of the category that they lower".to_owned(),
    }
}
