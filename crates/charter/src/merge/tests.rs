//! What is added to files of many forms, and what is left to people.

use std::path::Path;

use charter_gates::import::{About, import};
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{Charter, config};

const CONFIGURATION: &str = "# Ours.\n[application]\nname = \"tides\" # the site\n\n[build]\noutput = \"dist\"\n\n\
                             [environments.production]\ntarget = { kind = \"docroot\", path = \"production/site\" }\n";

fn accepts(text: &str) -> Result<(), String> {
    let schema = Charter::new().schema();
    let parsed = config::parse(text, Path::new(config::FILE), &schema);
    parsed.map(|_| ()).map_err(|error| format!("{:?}", error.problems()))
}

fn waivers_of(imported: &charter_gates::import::Imported) -> Vec<Waiver> {
    let waiver = |one: &charter_gates::import::Exemption| Waiver {
        code: one.code.to_owned(),
        subject: one.subject.clone(),
        reason: one.reason.clone().unwrap_or_else(|| "imported".to_owned()),
        owner: "ann".to_owned(),
        expires: one.expires.unwrap_or(date(2027, 1, 31)),
    };
    imported.waivers.iter().map(waiver).collect()
}

/// Files of every format, as people write them.
const FILES: &[(&str, &str)] = &[
    (
        ".lighthouserc.json",
        r#"{"ci":{"collect":{"url":["http://localhost/","http://localhost/guide"]},"assert":{"assertions":{
            "categories:performance":["warn",{"minScore":0.9}],"largest-contentful-paint":["error",{"maxNumericValue":3000}],
            "cumulative-layout-shift":["error",{"maxNumericValue":0.15}],"speed-index":"off",
            "resource-summary:script:size":["error",{"maxNumericValue":150000}]}}}}"#,
    ),
    ("budgets.json", r#"[{"path":"/*","resourceSizes":[{"resourceType":"total","budget":500}]}]"#),
    (".hadolint.yaml", "ignored: [DL3025]\noverride: {info: [DL3042]}\ntrustedRegistries: [docker.io]\n"),
    (".trivyignore", "# Only for building\nGHSA-aaaa-bbbb-cccc exp:2027-01-31\nDS026\n"),
    (
        "osv-scanner.toml",
        "[[PackageOverrides]]\nname = \"ring\"\necosystem = \"crates.io\"\nlicense.override = [\"ISC\"]\n",
    ),
    (
        "deny.toml",
        "[advisories]\nignore = [\"RUSTSEC-2023-0071\"]\n[licenses]\nallow = [\"MIT\"]\nexceptions = [{ allow = [\"Zlib\"], crate = \"adler32\" }]\n",
    ),
    (".size-limit.json", r#"[{"path":"dist/*.js","limit":"10 kB","gzip":true}]"#),
    (".pa11yci", r#"{"defaults":{"standard":"WCAG2AAA","ignore":["color-contrast"]}}"#),
];

fn imported(name: &str, text: &str) -> (Vec<Setting>, Vec<Waiver>) {
    let imported =
        import(name, text.as_bytes(), &About { output: Some("dist".to_owned()), ..About::default() }).unwrap();
    (imported.settings.clone(), waivers_of(&imported))
}

#[test]
fn every_format_becomes_a_configuration_that_loads_and_adds_nothing_a_second_time() {
    let mut text = CONFIGURATION.to_owned();
    for (name, foreign) in FILES {
        let (settings, waivers) = imported(name, foreign);
        assert!(settings.len() + waivers.len() > 0, "{name}");
        let merged = merge(&text, &settings, &waivers, &accepts);
        assert_eq!((merged.by_hand, merged.there), (vec![], 0), "{name}");
        accepts(&merged.text).unwrap();
        assert!(merged.text.starts_with(CONFIGURATION), "{name} changed what was there: {}", merged.text);
        let again = merge(&merged.text, &settings, &waivers, &accepts);
        assert_eq!((again.text.as_str(), again.added.len()), (merged.text.as_str(), 0), "{name}");
        text = merged.text;
    }
    let config = config::parse(&text, Path::new(config::FILE), &Charter::new().schema()).unwrap();
    assert_eq!(config.gates["lighthouse"]["performance"], 90);
    assert_eq!(config.gates["core-web-vitals"]["max-cls"], 0.15);
    assert_eq!(config.gates["page-weight"]["files"][0]["max-bytes"], 10_000);
    assert_eq!(config.gates["licenses"]["exceptions"].as_array().unwrap().len(), 2);
    assert_eq!(config.waivers.len(), 5);
    let host = charter_host::Host::system(charter_host::Environment::default());
    let setup = charter_host::Setup { host: &host, root: Path::new("/"), secrets: &charter_host::Secrets::default() };
    for (id, section) in config.gates {
        charter_gates::standard().build(&id, section, &setup).unwrap();
    }
}

#[test]
fn a_table_that_is_there_gets_what_it_lacks_and_keeps_what_it_has() {
    let text = format!(
        "{CONFIGURATION}\n[gates.lighthouse] # measured\nperformance = 90.0\nmax-lcp-ms = 2000\n\n[severity]\n"
    );
    let (settings, waivers) = imported(FILES[0].0, FILES[0].1);
    let merged = merge(&text, &settings, &waivers, &accepts);
    assert!(merged.text.contains("[gates.lighthouse] # measured\nmax-cls = 0.15\n"), "{}", merged.text);
    assert!(merged.text.contains("performance = 90.0\nmax-lcp-ms = 2000\n"), "{}", merged.text);
    assert_eq!(merged.there, 1, "90 is 90.0");
    let [(block, because)] = merged.by_hand.as_slice() else { panic!("{:?}", merged.by_hand) };
    assert!(block.contains("max-lcp-ms = 3000") && because.contains("to something else"), "{because}");
    accepts(&merged.text).unwrap();
}

#[test]
fn what_is_written_in_another_way_is_left_to_people() {
    let (settings, waivers) = imported(FILES[0].0, FILES[0].1);
    for (tables, left) in [
        ("[gates]\nlighthouse = { performance = 80 }\n", "lighthouse"),
        ("[gates]\nlighthouse.performance = 80\n", "lighthouse"),
    ] {
        let text = format!("{CONFIGURATION}\n{tables}");
        let merged = merge(&text, &settings, &waivers, &accepts);
        assert!(merged.text.starts_with(&text), "{}", merged.text);
        assert!(merged.by_hand.iter().any(|(block, _)| block.starts_with(&format!("[gates.{left}]"))), "{merged:?}");
        assert!(merged.text.contains("[gates.core-web-vitals]"), "what can be added is: {}", merged.text);
        accepts(&merged.text).unwrap();
    }
    let text = format!("waivers = []\n{CONFIGURATION}");
    let (settings, waivers) = imported(FILES[3].0, FILES[3].1);
    let merged = merge(&text, &settings, &waivers, &accepts);
    assert_eq!((merged.text.as_str(), merged.by_hand.len()), (text.as_str(), 2));
}

#[test]
fn not_a_letter_of_what_was_there_changes() {
    let (settings, waivers) = imported(FILES[0].0, FILES[0].1);
    for text in
        [format!("\n{CONFIGURATION}"), CONFIGURATION.trim_end().to_owned(), format!("{CONFIGURATION}\n\n# End \n")]
    {
        let merged = merge(&text, &settings, &waivers, &accepts);
        assert!(merged.by_hand.is_empty() && merged.text.starts_with(&text), "{:?}", merged.text);
    }
}

#[test]
fn a_header_that_is_only_text_is_none() {
    let text = CONFIGURATION.replace("\"tides\"", "\"tides\"\ndescription = \"\"\"\n[gates.lighthouse]\n\"\"\"");
    let (settings, waivers) = imported(FILES[0].0, FILES[0].1);
    let merged = merge(&text, &settings, &waivers, &accepts);
    assert_eq!(merged.by_hand, []);
    assert!(merged.text.starts_with(&text), "{}", merged.text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn importing_twice_adds_nothing_whatever_was_imported(order in proptest::sample::subsequence((0..FILES.len()).collect::<Vec<_>>(), 1..FILES.len())) {
        let mut text = CONFIGURATION.to_owned();
        let mut all = Vec::new();
        for index in order {
            let (settings, waivers) = imported(FILES[index].0, FILES[index].1);
            text = merge(&text, &settings, &waivers, &accepts).text;
            all.push((settings, waivers));
        }
        for (settings, waivers) in &all {
            let again = merge(&text, settings, waivers, &accepts);
            prop_assert_eq!(&again.text, &text);
            prop_assert!(again.added.is_empty(), "{:?}", again.added);
        }
    }
}
