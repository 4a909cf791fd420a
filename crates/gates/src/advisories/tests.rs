//! Advisories as their databases write them, and ranges against an oracle.

use charter_deploy_model::VulnerabilitySeverity::{self, Critical, High, Moderate};
use proptest::prelude::*;
use serde_json::json;

use super::ranges::{Event, Range, is_affected, npm_range};
use super::*;

fn of(ecosystem: Ecosystem, versions: Versions) -> Affected {
    Affected { ecosystem, name: "x".to_owned(), versions, severity: None }
}

fn range(events: Vec<Event>) -> Versions {
    Versions::Osv { listed: Vec::new(), ranges: vec![Range { sort: "SEMVER".to_owned(), events }] }
}

fn introduced(version: &str) -> Event {
    Event { introduced: Some(version.to_owned()), ..Event::default() }
}

fn fixed(version: &str) -> Event {
    Event { fixed: Some(version.to_owned()), ..Event::default() }
}

fn last(version: &str) -> Event {
    Event { last_affected: Some(version.to_owned()), ..Event::default() }
}

fn limit(version: &str) -> Event {
    Event { limit: Some(version.to_owned()), ..Event::default() }
}

#[test]
fn a_version_is_affected_from_where_it_began_until_before_it_was_put_right() {
    let affected =
        of(Ecosystem::Npm, range(vec![fixed("1.2.0"), introduced("1.0.0"), introduced("2.0.0"), last("2.1.0")]));
    for (version, expected) in [
        ("0.9.9", false),
        ("1.0.0-rc.1", false),
        ("1.0.0", true),
        ("1.1.9+build", true),
        ("1.2.0-alpha", true),
        ("1.2.0", false),
        ("2.0.0", true),
        ("2.1.0", true),
        ("2.1.0+build", true),
        ("2.1.1-alpha", false),
        ("3.0.0", false),
    ] {
        assert_eq!(is_affected(&affected, version), Ok(expected), "{version}");
    }
    let limited = of(Ecosystem::Npm, range(vec![introduced("0"), limit("2.0.0")]));
    assert_eq!((is_affected(&limited, "1.0.0"), is_affected(&limited, "2.0.0")), (Ok(true), Ok(false)));
}

#[test]
fn python_orders_versions_in_its_own_way() {
    let affected = of(Ecosystem::PyPi, range(vec![introduced("0"), fixed("1.10")]));
    for (version, expected) in
        [("1.9", true), ("1.10rc1", true), ("1.10", false), ("1.10.0", false), ("1.10.post1", false), ("1!0.1", false)]
    {
        assert_eq!(is_affected(&affected, version), Ok(expected), "{version}");
    }
    let listed = of(Ecosystem::PyPi, Versions::Osv { listed: vec!["1.0".to_owned()], ranges: vec![] });
    assert_eq!((is_affected(&listed, "1.0.0"), is_affected(&listed, "1.1")), (Ok(true), Ok(false)));
}

#[test]
fn what_cannot_be_compared_is_an_error_and_never_clean() {
    for (versions, version) in [
        (range(vec![introduced("0")]), "not-a-version"),
        (range(vec![introduced("somewhere")]), "1.0.0"),
        (range(vec![Event::default()]), "1.0.0"),
        (Versions::Osv { listed: vec![], ranges: vec![] }, "1.0.0"),
    ] {
        assert!(is_affected(&of(Ecosystem::Npm, versions), version).is_err());
    }
}

#[test]
fn rustsec_counts_versions_before_a_release_by_their_order() {
    let requirements = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    let versions =
        Versions::AllBut { patched: requirements(&["^0.2.3", ">=1.0.0"]), unaffected: requirements(&["<0.1"]) };
    let affected = of(Ecosystem::CratesIo, versions);
    for (version, expected) in [
        ("0.0.9", false),
        ("0.1.0-alpha", false),
        ("0.1.0", true),
        ("0.2.2", true),
        ("0.2.3-rc", true),
        ("0.2.3", false),
        ("0.3.0-alpha", true),
        ("0.3.0", true),
        ("1.0.0-rc.1", true),
        ("2.0.0-alpha.1", false),
    ] {
        assert_eq!(is_affected(&affected, version), Ok(expected), "{version}");
    }
    assert_eq!(ranges::fixed_above(&affected, "0.2.0").as_deref(), Some("0.2.3"));
    assert_eq!(ranges::fixed_above(&affected, "0.3.0").as_deref(), Some("1.0.0"));
}

#[test]
fn npm_says_ranges_with_blanks() {
    let within = |text: &str, version: &str| {
        is_affected(&of(Ecosystem::Npm, Versions::Within(npm_range(text).unwrap())), version).unwrap()
    };
    assert!(within(">=1.0.0 <1.2.3", "1.2.2") && !within(">=1.0.0 <1.2.3", "1.2.3"));
    assert!(within("<1.0.0 || >= 2.0.0 < 2.1.0", "2.0.5") && !within("<1.0.0 || >=2.0.0 <2.1.0", "1.5.0"));
    assert!(
        within("*", "9.9.9") && within("<=0.10.0", "0.10.0") && within("1.2.3", "1.2.3") && !within("1.2.3", "1.3.0")
    );
    assert!(npm_range("1.0.0 - 2.0.0").is_err());
}

fn version() -> impl Strategy<Value = semver::Version> {
    (0_u64..4, 0_u64..4, 0_u64..4).prop_map(|(major, minor, patch)| semver::Version::new(major, minor, patch))
}

/// The oracle: walks all versions there are in order, and says of each what the last event before it said.
fn walk(events: &[(semver::Version, u8)], wanted: &semver::Version) -> bool {
    let mut is_affected = false;
    for number in 0..64 {
        let version = semver::Version::new(number / 16, number / 4 % 4, number % 4);
        for sort in [0, 1] {
            for (at, is) in events {
                if *at == version && *is == sort {
                    is_affected = sort == 1;
                }
            }
        }
        if version == *wanted {
            return is_affected;
        }
        if events.iter().any(|(at, is)| *at == version && *is == 2) {
            is_affected = false;
        }
    }
    unreachable!("every version is walked over")
}

proptest! {
    #[test]
    fn a_range_says_what_walking_over_all_versions_says(
        events in proptest::collection::vec((version(), 0_u8..3), 0..6),
        wanted in version(),
    ) {
        let event = |(version, sort): &(semver::Version, u8)| match sort {
            0 => fixed(&version.to_string()),
            1 => introduced(&version.to_string()),
            _ => last(&version.to_string()),
        };
        let affected = of(Ecosystem::Npm, range(events.iter().map(event).collect()));
        prop_assert_eq!(is_affected(&affected, &wanted.to_string()), Ok(walk(&events, &wanted)));
    }

    #[test]
    fn of_releases_a_requirement_says_what_cargo_says(
        operator in prop_oneof![Just(""), Just("="), Just(">"), Just(">="), Just("<"), Just("<="), Just("~"), Just("^")],
        parts in 1_usize..4,
        at in version(),
        wanted in version(),
    ) {
        let numbers = [at.major, at.minor, at.patch].map(|number| number.to_string());
        let requirement: semver::VersionReq = format!("{operator}{}", numbers[..parts].join(".")).parse().unwrap();
        let affected = of(Ecosystem::Npm, Versions::Within(vec![requirement.clone()]));
        prop_assert_eq!(is_affected(&affected, &wanted.to_string()), Ok(requirement.matches(&wanted)), "{}", requirement);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(content in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (osv::read(&content), rustsec::read(&content));
    }
}

fn advisory(id: &str, aliases: &[&str], severity: Option<VulnerabilitySeverity>) -> Advisory {
    Advisory {
        id: id.to_owned(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        summary: format!("of {id}"),
        sort: Sort::Vulnerability,
        severity,
        modified: None,
        is_withdrawn: false,
        affected: vec![of(Ecosystem::CratesIo, range(vec![introduced("0"), fixed("2.0.0")]))],
    }
}

#[test]
fn what_many_databases_say_of_one_weakness_is_one() {
    let all = [
        advisory("GHSA-aaaa", &["CVE-1"], Some(Moderate)),
        advisory("RUSTSEC-1", &["CVE-1", "GHSA-bbbb"], None),
        advisory("GHSA-cccc", &["CVE-2"], Some(High)),
        advisory("GHSA-bbbb", &[], Some(Critical)),
    ];
    let all: Vec<&Advisory> = all.iter().collect();
    let (found, undecided) = weaknesses(Ecosystem::CratesIo, "x", "1.0.0", &all);
    assert_eq!(undecided, [] as [&str; 0]);
    let shown: Vec<_> = found.iter().map(|one| (one.id.as_str(), one.severity, one.fixed.as_deref())).collect();
    assert_eq!(shown, [("GHSA-cccc", Some(High), Some("2.0.0")), ("RUSTSEC-1", Some(Critical), Some("2.0.0"))]);
    assert_eq!(found[1].aliases, ["CVE-1", "GHSA-aaaa", "GHSA-bbbb"]);
    assert_eq!(found[1].summary, "of RUSTSEC-1");
    assert_eq!(weaknesses(Ecosystem::CratesIo, "x", "2.0.0", &all).0, []);
}

#[test]
fn osv_is_read_with_the_gravest_severity_that_anybody_says() {
    let osv = json!({
        "id": "PYSEC-1", "modified": "2026-01-02T03:04:05Z", "aliases": null,
        "details": "Something\nlong", "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "database_specific": {"severity": "LOW"},
        "affected": [
            {"package": {"ecosystem": "PyPI", "name": "Foo_Bar"}, "versions": ["1"]},
            {"package": {"ecosystem": "Debian:12", "name": "foo"}},
        ],
    });
    let read = osv::read(osv.to_string().as_bytes()).unwrap();
    assert_eq!((read.severity, read.summary.as_str(), read.affected.len()), (Some(Critical), "Something", 1));
    assert_eq!(read.affected[0].name, "foo-bar");
    let v4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
    assert_eq!(osv::cvss(v4), Some(Critical));
    assert_eq!(osv::cvss("CVSS:9.9/what"), None);
    let deep = format!("{{\"id\":\"A\",\"database_specific\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(osv::read(deep.as_bytes()).is_err());
    assert!(osv::read(b"\xff{}").is_err() && osv::read(b"{}").is_err());
}

#[test]
fn rustsec_is_read_from_its_markdown() {
    let text = "```toml\n[advisory]\nid = \"RUSTSEC-2020-0071\"\npackage = \"time\"\ndate = \"2020-11-18\"\n\
                aliases = [\"CVE-2020-26235\"]\ncvss = \"CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\"\n\
                [affected.functions]\n\"time::at\" = [\"^0.1\"]\n[versions]\npatched = [\">= 0.2.23\"]\n\
                unaffected = [\"=0.2.0\"]\n```\n\n# A title\n";
    let read = rustsec::read(text.as_bytes()).unwrap();
    assert_eq!(
        (read.id.as_str(), read.severity, read.summary.as_str()),
        ("RUSTSEC-2020-0071", Some(Moderate), "A title")
    );
    assert_eq!(is_affected(&read.affected[0], "0.1.43"), Ok(true));
    assert_eq!(is_affected(&read.affected[0], "0.2.0"), Ok(false));
    let unmaintained = text.replace("cvss =", "informational = \"unmaintained\"\n#");
    assert_eq!(rustsec::read(unmaintained.as_bytes()).unwrap().sort, Sort::Unmaintained);
    for torn in ["", "```toml\n[advisory]", "# Title", "```toml\n[advisory]\nid = 1\n```\n"] {
        assert!(rustsec::read(torn.as_bytes()).is_err(), "{torn}");
    }
}
