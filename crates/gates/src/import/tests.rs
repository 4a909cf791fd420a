//! What becomes of what others configured.

use std::time::Duration;

use charter_host::{Command, Environment, Processes as _, Scope, SystemProcesses};
use proptest::prelude::*;

use super::*;

fn imported(name: &str, text: &str) -> Imported {
    let about = About { output: Some("dist".to_owned()), ..About::default() };
    import(name, text.as_bytes(), &about).unwrap_or_else(|error| panic!("{error}"))
}

/// What is set, as `table: key = value`.
fn settings(imported: &Imported) -> Vec<String> {
    let one = |setting: &Setting| format!("{}: {}", setting.table(), setting.to_string().replace('\n', ", "));
    imported.settings.iter().map(one).collect()
}

fn waivers(imported: &Imported) -> Vec<(&str, &str)> {
    imported.waivers.iter().map(|one| (one.code, one.subject.as_deref().unwrap_or("everything"))).collect()
}

/// Returns why the one thing is left whose place ends so.
fn left<'a>(imported: &'a Imported, end: &str) -> &'a str {
    let lines: Vec<&Line> = imported.lines.iter().filter(|line| line.foreign.ends_with(end)).collect();
    match lines.as_slice() {
        [Line { became: Became::Left(why), .. }] => why,
        other => panic!("`{end}`: {other:?} of {:#?}", imported.lines),
    }
}

const LIGHTHOUSERC: &str = r#"{
  "ci": {
    "collect": {
      "numberOfRuns": 5,
      "startServerCommand": "npm run serve",
      "url": ["http://localhost:4173/", "http://localhost:4173/guide", "http://localhost:4173/a.html?x=1"],
      "settings": {"preset": "desktop", "chromeFlags": "--no-sandbox", "extraHeaders": "{\"Cookie\":\"session=1\"}"}
    },
    "assert": {
      "preset": "lighthouse:recommended",
      "assertions": {
        "categories:performance": ["error", {"minScore": 0.9, "aggregationMethod": "optimistic"}],
        "categories:seo": "off",
        "categories:pwa": "off",
        "largest-contentful-paint": ["warn", {"maxNumericValue": 3000}],
        "cumulativeLayoutShift": ["error", {"maxNumericValue": 0.05}],
        "cumulative-layout-shift": ["error", {"maxNumericValue": 0.05}],
        "speed-index": ["error", {"minScore": 0.8}],
        "resource-summary:script:size": ["error", {"maxNumericValue": 150000}],
        "resource-summary:third-party:count": ["error", {"maxNumericValue": 3}],
        "total-byte-weight": ["warn", {"maxNumericValue": 600000}],
        "uses-http2": "warn",
        "color-contrast": "error",
        "unused-javascript": ["warn", {"maxLength": 0}],
        "timing-budget": "error"
      }
    },
    "upload": {"target": "temporary-public-storage"}
  }
}"#;

#[test]
fn assertions_of_lighthouse_ci_become_limits_and_nothing_is_dropped() {
    let imported = imported(".lighthouserc.json", LIGHTHOUSERC);
    assert_eq!(
        settings(&imported),
        [
            "gates.lighthouse: performance = 90",
            "gates.lighthouse: seo = \"off\"",
            "gates.lighthouse: max-cls = 0.05",
            "gates.core-web-vitals: max-cls = 0.05",
            "gates.lighthouse: max-lcp-ms = 3000",
            "severity: \"lighthouse/lcp\" = \"warning\"",
            "gates.core-web-vitals: max-lcp-ms = 3000",
            "severity: \"core-web-vitals/lcp\" = \"warning\"",
            "gates.page-weight: max-script-bytes = 150000",
            "gates.page-weight: max-total-bytes = 600000",
            "severity: \"page-weight/total\" = \"warning\"",
            "gates.lighthouse: form-factors = [\"desktop\"]",
            "gates.lighthouse: pages = [\"/\", \"/guide/\"]",
        ]
    );
    for (end, because) in [
        (".uses-http2", "removed in Lighthouse 13, where `modern-http-insight`"),
        (".categories:pwa", "Lighthouse 12 no longer has this category"),
        (".timing-budget", "removed in Lighthouse 12"),
        (".color-contrast", "the gate `accessibility`"),
        (".unused-javascript", "told with the score"),
        (".maxLength", "nothing here is like it"),
        (".speed-index", "give `maxNumericValue`"),
        (":count", "how many files"),
        (".aggregationMethod", "interval of the median"),
        (".preset", "the scores of the categories are held instead"),
        ("ci.upload", "record log"),
        (".numberOfRuns", "until it is certain"),
        (".extraHeaders", "nothing here is like it"),
        (".chromeFlags", "run by the gate"),
    ] {
        let why =
            imported.lines.iter().filter(|line| line.foreign.ends_with(end)).find_map(|line| match &line.became {
                Became::Left(why) => Some(why),
                Became::Taken(_) => None,
            });
        assert!(why.is_some_and(|why| why.contains(because)), "{end}: {why:?}");
    }
    let told = imported.lines.iter().map(|line| format!("{line:?}")).collect::<String>();
    assert!(!told.contains("session=1"), "values are not told: they may be secret");
}

#[test]
fn an_lhci_file_in_yaml_says_the_same() {
    let text = "ci:\n  assert:\n    assertMatrix:\n      - matchingUrlPattern: .*\n        assertions:\n          \
                categories:seo: off\n          categories:accessibility: [warn, {minScore: 1}]\n      \
                - matchingUrlPattern: .*/blog/.*\n        assertions:\n          categories:performance: error\n";
    let imported = imported("lighthouserc.yml", text);
    assert_eq!(
        settings(&imported),
        [
            "gates.lighthouse: accessibility = 100",
            "severity: \"lighthouse/accessibility\" = \"warning\"",
            "gates.lighthouse: seo = \"off\"",
        ]
    );
    assert!(left(&imported, "assertMatrix[1]").contains("every page"));
}

#[test]
fn budgets_are_in_kibibytes_and_only_those_for_every_page_are_taken() {
    let text = r#"[
      {"path": "/*", "options": {"firstPartyHostnames": ["example.org", "*.example.org"]},
       "timings": [{"metric": "interactive", "budget": 5000}, {"metric": "first-contentful-paint", "budget": 1000}],
       "resourceSizes": [{"resourceType": "script", "budget": 125}, {"resourceType": "third-party", "budget": 1}],
       "resourceCounts": [{"resourceType": "total", "budget": 30}]},
      {"path": "/blog", "resourceSizes": [{"resourceType": "image", "budget": 1}]}]"#;
    let imported = imported("budgets.json", text);
    assert_eq!(
        settings(&imported),
        [
            "gates.page-weight: hosts = [\"example.org\"]",
            "gates.page-weight: max-script-bytes = 128000",
            "gates.lighthouse: max-fcp-ms = 1000",
            "gates.core-web-vitals: max-fcp-ms = 1000",
        ]
    );
    assert!(left(&imported, ": interactive").contains("max-tbt-ms"));
    assert!(left(&imported, "[1].resourceSizes").contains("`/blog` only"));
}

#[test]
fn what_hadolint_ignores_is_waived_under_the_gates_own_codes() {
    let text = "failure-threshold: error\nignored: [DL3008, DL3025, DL4006, SC2086, DL9999]\n\
                override:\n  error: [DL3003, DL3008]\n  info: [DL3042]\n\
                trustedRegistries: [docker.io, '*.example.org']\nlabel-schema: {author: text}\n";
    let imported = imported(".hadolint.yaml", text);
    assert_eq!(
        waivers(&imported),
        [
            ("dockerfile/apt-version", "everything"),
            ("dockerfile/shell-form", "everything"),
            ("dockerfile/pipefail", "everything")
        ]
    );
    assert_eq!(
        settings(&imported),
        [
            "severity: \"dockerfile/cd\" = \"error\"",
            "severity: \"dockerfile/apt-version\" = \"error\"",
            "severity: \"dockerfile/pip-cache\" = \"note\"",
            "gates.dockerfile: registries = [\"docker.io\", \"*.example.org\"]",
        ]
    );
    assert!(left(&imported, "SC2086").contains("ShellCheck"));
    assert!(left(&imported, "DL9999").contains("no such rule"));
    assert!(left(&imported, "failure-threshold").contains("enforcement"));
}

#[test]
fn every_rule_of_hadolints_that_the_gate_names_is_found() {
    let named = crate::kinds::dockerfile::META.codes.iter().filter(|code| code.docs.contains(" of hadolint"));
    let rule = |docs: &str| docs.find(" of hadolint").map(|at| docs[at - 6..at].to_owned());
    let rules: Vec<String> = named.filter_map(|code| rule(code.docs)).collect();
    assert!(rules.len() > 40 && rules.iter().all(|rule| !hadolint::codes(rule).is_empty()), "{rules:?}");
    assert!(hadolint::codes("of").is_empty() && hadolint::codes("DL").is_empty());
}

#[test]
fn what_trivy_ignores_is_waived_with_its_reason_and_its_end() {
    let text = "# Only the build sees it,\n# and it sees nothing else.\nGHSA-AAAA-bbbb-cccc exp:2027-01-31\n\n\
                CVE-2018-14618\nAVD-DS-0026 # one-shot\nDS002\nKSV012\ngeneric-api-key\nGHSA-x exp:soon\n";
    let lines = imported(".trivyignore", text);
    let first = &lines.waivers[0];
    assert_eq!(first.subject.as_deref(), Some("GHSA-aaaa-bbbb-cccc:{*,*/*}"));
    assert_eq!(first.reason.as_deref(), Some("Only the build sees it, and it sees nothing else."));
    assert_eq!(first.expires, Some(jiff::civil::date(2027, 1, 31)));
    let rest: Vec<(&str, Option<&str>)> =
        lines.waivers[1..].iter().map(|one| (one.code, one.reason.as_deref())).collect();
    assert_eq!(
        rest,
        [("dockerfile/no-healthcheck", Some("one-shot")), ("dockerfile/no-user", None), ("dockerfile/root-user", None)]
    );
    assert!(left(&lines, "CVE-2018-14618").contains("https://osv.dev/vulnerability/CVE-2018-14618"));
    assert!(left(&lines, "KSV012").contains("kubernetes"));
    assert!(left(&lines, "generic-api-key").contains("secrets"));
    assert!(left(&lines, "GHSA-x").contains("no date"));

    let text = "vulnerabilities:\n  - id: GHSA-aaaa-bbbb-cccc\n    purls: ['pkg:npm/%40s/n@1.0.0', 'pkg:golang/x@1']\n    \
                statement: Not reachable\n    expired_at: 2027-01-31\n  - id: GHSA-dddd-eeee-ffff\n    paths: [a]\n\
                licenses:\n  - id: GPL-3.0\n";
    let yaml = imported(".trivyignore.yaml", text);
    assert_eq!(
        waivers(&yaml),
        [("licenses/refused", "{*,*/*}:GPL-3.0"), ("dependencies/vulnerable", "GHSA-aaaa-bbbb-cccc:@s/n@1.0.0")]
    );
    assert_eq!(yaml.waivers[1].expires, Some(jiff::civil::date(2027, 1, 31)));
    assert!(left(&yaml, "GHSA-dddd-eeee-ffff").contains("some files only"));
}

#[test]
fn an_id_that_an_advisory_on_this_machine_is_of_is_waived_as_findings_call_it() {
    let named = |id: &str, code| BTreeSet::from([Named { id: id.to_owned(), code }]);
    let names = BTreeMap::from([
        ("CVE-2020-26235".to_owned(), named("RUSTSEC-2020-0071", "dependencies/unsound")),
        ("RUSTSEC-2024-0436".to_owned(), named("RUSTSEC-2024-0436", "dependencies/unmaintained")),
    ]);
    let text = "cve-2020-26235\nRUSTSEC-2024-0436\n";
    let asked: Vec<String> = ids(text).into_iter().collect();
    assert_eq!(asked, ["CVE-2020-26235", "RUSTSEC-2024-0436"]);
    let imported = import(".trivyignore", text.as_bytes(), &About { names, ..About::default() }).unwrap();
    assert_eq!(waivers(&imported), [("dependencies/unsound", "RUSTSEC-2020-0071:{*,*/*}")]);
    assert!(left(&imported, "RUSTSEC-2024-0436").contains("a note here"));
}

#[test]
fn what_osv_scanner_ignores_is_waived_and_its_licences_become_exceptions() {
    let text = "[[IgnoredVulns]]\nid = \"GHSA-aaaa-bbbb-cccc\"\nignoreUntil = 2027-01-31T00:00:00Z\nreason = \"Not used\"\n\
                [[IgnoredVulns]]\nid = \"GO-2022-0968\"\n[[PackageOverrides]]\nname = \"ring\"\nversion = \"0.16.20\"\n\
                ecosystem = \"crates.io\"\nvulnerability.ignore = true\nlicense.override = [\"ISC\"]\nreason = \"Read it\"\n\
                [[PackageOverrides]]\nname = \"x\"\necosystem = \"Go\"\nignore = true\n";
    let imported = imported("osv-scanner.toml", text);
    assert_eq!(waivers(&imported), [("dependencies/vulnerable", "GHSA-aaaa-bbbb-cccc:{*,*/*}")]);
    assert_eq!(imported.waivers[0].expires, Some(jiff::civil::date(2027, 1, 31)));
    assert_eq!(
        settings(&imported),
        ["gates.licenses.exceptions: license = \"ISC\", package = \"ring@0.16.20\", reason = \"Read it\""]
    );
    assert!(left(&imported, "GO-2022-0968").contains("no advisory of a database"));
    assert!(left(&imported, "ring, vulnerabilities").contains("waive each by its id"));
    assert!(left(&imported, "PackageOverrides: x").contains("Go"));
}

#[test]
fn what_cargo_deny_allows_is_allowed_and_what_it_ignores_is_waived() {
    let text = r#"
[graph]
all-features = true
[advisories]
version = 2
ignore = ["RUSTSEC-2024-0436", { id = "RUSTSEC-2023-0071", reason = "no fix yet" }, { crate = "a@0.1.1", reason = "yanked" }]
[licenses]
allow = ["MIT", "Apache-2.0 WITH LLVM-exception", "Mine-1.0"]
confidence-threshold = 0.8
exceptions = [{ allow = ["Zlib"], crate = "adler32" }, { allow = ["Zlib"], crate = "b:^1" }]
[[licenses.clarify]]
crate = "ring"
expression = "MIT AND ISC AND OpenSSL"
license-files = []
[bans]
multiple-versions = "warn"
"#;
    let imported = imported("deny.toml", text);
    assert_eq!(
        waivers(&imported),
        [
            ("dependencies/vulnerable", "RUSTSEC-2024-0436:{*,*/*}"),
            ("dependencies/vulnerable", "RUSTSEC-2023-0071:{*,*/*}"),
        ]
    );
    assert_eq!(imported.waivers[1].reason.as_deref(), Some("no fix yet"));
    let reason = "reason = \"imported from deny.toml: no reason was given there\"";
    assert_eq!(
        settings(&imported),
        [
            "gates.licenses: allow = [\"MIT\", \"Apache-2.0 WITH LLVM-exception\"]".to_owned(),
            format!("gates.licenses.exceptions: license = \"MIT AND ISC AND OpenSSL\", package = \"ring\", {reason}"),
            format!("gates.licenses.exceptions: allow = [\"Zlib\"], package = \"adler32\", {reason}"),
        ]
    );
    assert!(left(&imported, "Mine-1.0").contains("no licence of SPDX"));
    assert!(left(&imported, "ignore: a@0.1.1").contains("yanked"));
    assert!(left(&imported, "licenses.exceptions").contains("a range of versions"));
    assert!(left(&imported, "bans").contains("no gate"));
}

#[test]
fn budgets_of_size_limit_are_for_files_of_the_built_site() {
    let text = r#"[
      {"name": "app", "path": "dist/assets/app-*.js", "limit": "100 kB"},
      {"path": ["dist/a.css", "lib/b.css"], "limit": "1 KiB", "gzip": true},
      {"path": "dist/c.js", "limit": "10 kB", "brotli": false, "running": false, "ignore": ["react"]},
      {"path": "dist/d.js", "limit": "2 s"},
      {"path": "dist/e.js", "import": "{ a }", "limit": "1 kB"}]"#;
    for (name, text) in
        [(".size-limit.json", text.to_owned()), ("package.json", format!("{{\"name\":\"x\",\"size-limit\":{text}}}"))]
    {
        let imported = imported(name, &text);
        assert_eq!(
            settings(&imported),
            [
                "gates.page-weight.files: glob = \"assets/app-*.js\", max-bytes = 100000",
                "gates.page-weight.files: compression = \"gzip\", glob = \"a.css\", max-bytes = 1024",
                "gates.page-weight.files: compression = \"none\", glob = \"c.js\", max-bytes = 10000",
            ]
        );
        assert!(left(&imported, "lib/b.css").contains("not below `dist`"));
        assert!(left(&imported, "[3]").contains("no size"));
        assert!(left(&imported, "[4]").contains("part of a module"));
        assert!(left(&imported, "[2].ignore").contains("as the build left it"));
        let many = imported.lines.iter().find(|line| line.foreign.ends_with("app-*.js")).unwrap();
        assert!(matches!(&many.became, Became::Taken(what) if what.contains("each file for itself")));
    }
    assert_eq!(imported("package.json", "{}").settings, []);
}

#[test]
fn what_pa11y_ignores_is_waived_where_axe_has_a_rule_for_it() {
    let text = r##"{"defaults": {"standard": "WCAG2AA", "runners": ["axe"], "hideElements": "#ads", "threshold": 3,
        "ignore": ["WCAG2AA.Principle1.Guideline1_4.1_4_3.G18.Fail", "image-alt", "notice", "region",
                   "WCAG2AA.Principle2.Guideline2_4.2_4_4.H77"]},
        "urls": ["http://localhost/", {"url": "http://localhost/a", "ignore": ["label"]}]}"##;
    let imported = imported(".pa11yci", text);
    assert_eq!(settings(&imported), ["gates.accessibility: level = \"aa\""]);
    assert_eq!(
        waivers(&imported),
        [("accessibility/aa", "color-contrast: {*,**/*}"), ("accessibility/a", "image-alt: {*,**/*}")]
    );
    let glob = crate::glob::compile("color-contrast: {*,**/*}").unwrap();
    assert!(glob.is_match("color-contrast: index.html") && glob.is_match("color-contrast: a/b/index.html"));
    assert!(left(&imported, "ignore: region").contains("no level"));
    assert!(left(&imported, "H77").contains("no one rule of axe"));
    assert!(left(&imported, "urls: ignore").contains("one page only"));
    assert!(left(&imported, ".threshold").contains("baseline"));
}

#[test]
fn programs_torn_files_and_unknown_names_are_refused_with_what_to_do() {
    let refused = |name: &str, text: &[u8]| import(name, text, &About::default()).unwrap_err();
    let program = refused("lighthouserc.js", b"module.exports = {}");
    assert!(matches!(&program, ImportError::Program { .. }) && program.help().contains("> lighthouserc.json"));
    assert!(refused(".pa11yci.cjs", b"").help().contains("JSON.stringify"));
    assert!(matches!(refused("README.md", b""), ImportError::Unknown { .. }));
    for (name, text) in [
        (".lighthouserc.json", &b"{\"ci\":"[..]),
        ("lighthouserc.yml", b"ci: ["),
        ("deny.toml", b"[licenses"),
        (".trivyignore", b"\xff\xfe"),
        (".pa11yci", b"module.exports"),
    ] {
        assert!(matches!(refused(name, text), ImportError::Malformed { .. }), "{name}");
    }
    let long = vec![b' '; 2 << 20];
    assert!(refused("deny.toml", &long).to_string().contains("more than 1 MiB"));
    let bomb = (1..30).fold("a0: &a0 [x]\n".to_owned(), |text, level| {
        text + &format!("a{level}: &a{level} [{}]\n", format!("*a{}, ", level - 1).repeat(9))
    });
    assert!(refused(".hadolint.yaml", bomb.as_bytes()).to_string().contains("values"));
}

#[test]
fn a_file_of_a_hundred_thousand_lines_is_told_of_in_bounds_and_at_once() {
    let many: String = (0..80_000).map(|number| format!("DS{number}\n")).collect();
    assert_eq!(imported(".trivyignore", &many).lines.len(), MOST_LINES + 1);
    let many: String = (0..60_000).map(|number| format!("PYSEC-{number}\n")).collect();
    let imported = imported(".trivyignore", &many);
    assert!(imported.waivers.len() <= MOST_LINES && imported.lines.len() == MOST_LINES + 1);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the tools are installed where the environment says")]
async fn the_levels_of_axes_rules_are_those_of_the_axe_that_is_installed() {
    let environment: Environment = std::env::vars_os().collect();
    let folder = crate::tools::folder(&environment).expect("cargo xtask setup");
    let script = "console.log(JSON.stringify(require('axe-core').getRules().map(one => [one.ruleId, one.tags])))";
    let node = Command::new("node", ["-e", script], &folder, environment, Duration::from_secs(60));
    let output = SystemProcesses.run(&node, &Scope::default()).await.unwrap();
    let rules: Vec<(String, Vec<String>)> = serde_json::from_slice(&output.stdout).expect("cargo xtask setup");
    assert!(rules.len() > 90, "{rules:?}");
    for (rule, tags) in rules {
        let is = |level: &str| {
            let end = |tag: &str| {
                tag.strip_prefix("wcag").map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned())
            };
            tags.iter().any(|tag| end(tag).is_some_and(|end| end == level))
        };
        let expected = match rule.as_str() {
            _ if is("aaa") => Some("accessibility/aaa"),
            _ if is("aa") => Some("accessibility/aa"),
            _ if is("a") || is("a-obsolete") => Some("accessibility/a"),
            _ => None,
        };
        let text = format!(r#"{{"defaults":{{"ignore":["{rule}"]}}}}"#);
        assert_eq!(imported(".pa11yci", &text).waivers.first().map(|one| one.code), expected, "{rule}: {tags:?}");
        assert_eq!(pa11y::is_rule(&rule), expected.is_some(), "{rule}");
    }
}

proptest! {
    #[test]
    fn importing_any_text_under_any_name_comes_to_an_end(name in 0..USUAL.len(), text in "\\PC{0,200}") {
        let _ = import(USUAL[name], text.as_bytes(), &About::default());
    }

    #[test]
    fn importing_any_structure_is_told_of_and_sets_no_key_twice(
        name in 0..USUAL.len(),
        words in proptest::collection::vec(prop_oneof![
            Just("ci"), Just("assert"), Just("assertions"), Just("categories:seo"), Just("speed-index"),
            Just("ignored"), Just("override"), Just("error"), Just("DL3003"), Just("advisories"), Just("ignore"),
            Just("licenses"), Just("allow"), Just("MIT"), Just("defaults"), Just("standard"), Just("path"),
            Just("limit"), Just("1 kB"), Just("vulnerabilities"), Just("id"), Just("RUSTSEC-1"), Just("IgnoredVulns"),
        ], 1..6),
        shapes in proptest::collection::vec(0..3_u8, 6),
    ) {
        let mut value = serde_json::json!(words[words.len() - 1]);
        for (word, shape) in words.iter().rev().zip(shapes) {
            value = match shape {
                0 => serde_json::json!({ *word: value }),
                1 => serde_json::json!([value, value]),
                _ => serde_json::json!({ *word: [value, 7, null] }),
            };
        }
        let Ok(imported) = import(USUAL[name], value.to_string().as_bytes(), &About::default()) else { return Ok(()) };
        prop_assert!(!imported.lines.is_empty());
        for (index, setting) in imported.settings.iter().enumerate() {
            prop_assert!(imported.settings[..index].iter().all(|one| one != setting));
            prop_assert!(setting.to_string().parse::<toml::Table>().is_ok(), "{}", setting);
        }
    }
}
