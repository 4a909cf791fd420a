//! Text for people.

use charter_deploy_model::{GateReport, Verdict, Verification};
use charter_report::{Marks, dress};

use crate::samples;

fn plain(text: &str) -> String {
    dress(text, false, Marks::Unicode)
}

fn assert_fits(text: &str) {
    for line in plain(text).lines() {
        assert!(line.chars().count() <= 100, "wider than 100 columns: {line}");
        assert_eq!(line.trim_end(), line, "spaces at the end of a line");
    }
}

#[test]
fn every_failure_says_what_users_see_between_why_and_what_next() {
    let mut sentences = Vec::new();
    for users_see in samples::users_see() {
        let text = plain(&charter_report::failure(&samples::failure(users_see)));
        let places: Vec<usize> =
            ["✗ could not stage", "\n  why ", "\n  now ", "\n  next "].map(|part| text.find(part).unwrap()).into();
        assert!(places.is_sorted(), "{text}");
        let sentence = text.split("  now   ").nth(1).unwrap().lines().next().unwrap().to_owned();
        assert!(sentence.len() > 20, "{text}");
        assert!(!sentences.contains(&sentence), "two states are told alike: {sentence}");
        sentences.push(sentence);
        assert_fits(&text);
    }
}

#[test]
fn a_failure_with_nothing_but_a_name_still_says_what_users_see() {
    for users_see in samples::users_see() {
        let failure =
            charter_deploy_model::Failure { why: Vec::new(), next: Vec::new(), ..samples::failure(users_see) };
        assert!(plain(&charter_report::failure(&failure)).contains("  now   "));
    }
}

#[test]
fn the_output_of_a_program_stays_lines() {
    let mut failure = samples::failure(samples::users_see().remove(0));
    failure.why = vec!["npm ERR! one\nnpm ERR! two\n".to_owned()];
    let text = plain(&charter_report::failure(&failure));
    assert!(text.contains("  why   npm ERR! one\n        npm ERR! two\n  now"), "{text}");
}

#[test]
fn like_findings_are_folded_and_counted() {
    let text = plain(&charter_report::gates(&samples::reports(), &samples::kinds()));
    assert!(text.contains("links/broken A link leads to a page that is not there.\n"), "{text}");
    assert!(text.contains("      – guide/1.html:11: the link to `/old/1/` leads nowhere\n"), "{text}");
    assert!(text.contains("      and 47 more like this\n"), "{text}");
    assert_eq!(text.matches("help: correct the address").count(), 1, "one help for all: {text}");
    assert_fits(&text);
}

#[test]
fn four_like_findings_are_all_shown() {
    let report = GateReport {
        findings: (1..=4).map(samples::broken_link).collect(),
        ..samples::report("links", Verdict::Blocked, true)
    };
    let text = plain(&charter_report::gates(&[report], &samples::kinds()));
    assert!(text.contains("guide/4.html:14"), "{text}");
    assert!(!text.contains("more like this"), "{text}");
}

#[test]
fn a_waiver_is_shown_with_its_reason_owner_and_end() {
    let text = plain(&charter_report::gates(&samples::reports(), &samples::kinds()));
    assert!(text.contains("    waived page-weight/script in demo/**\n"), "{text}");
    assert!(text.contains("because the demo ships a whole editor (web@example.org, until 2027-01-31)"), "{text}");
    assert!(text.contains("demo/full.html: its scripts come to 148,201 bytes"), "{text}");
}

#[test]
fn what_blocks_stands_last_and_what_was_not_decided_is_said() {
    let text = plain(&charter_report::gates(&samples::reports(), &samples::kinds()));
    let places: Vec<usize> = ["✓ front-page", "· forms", "! page-weight", "✗ lighthouse", "✗ links"]
        .map(|mark| text.find(mark).unwrap())
        .into();
    assert!(places.is_sorted(), "{text}");
    assert!(text.contains("undecided `app.js` writes links that only a browser sees"), "{text}");
    assert!(text.contains("script-brotli  148 kB     demo/index.html, the largest of 2"), "{text}");
    let end = "\n✗ 2 gates keep this release from being shown\n  5 gates: 1 passed, 1 not applicable, 1 waived, \
               1 inconclusive, 1 failed\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn gates_that_nobody_describes_are_shown_all_the_same() {
    let text = plain(&charter_report::gates(&samples::reports(), &[]));
    assert!(text.contains("links/broken\n"), "{text}");
}

#[test]
fn no_gates_are_no_success() {
    let text = plain(&charter_report::gates(&[], &[]));
    assert!(text.contains("nothing was checked"), "{text}");
    assert!(!text.contains('✓'), "{text}");
}

#[test]
fn a_verification_says_how_much_it_proves() {
    let with = |anchors, anchors_published| {
        let sound = Verification { faults: Vec::new(), anchors, anchors_published, ..samples::verification() };
        plain(&charter_report::verification(&sound))
    };
    assert!(with(0, 0).contains("nothing outside the log vouches for it"));
    assert!(with(3, 0).contains("3, none of them published"));
    assert!(with(3, 0).contains("on this machine only"));
    assert!(with(3, 2).contains("anchors  3, 2 of them published\n"));
    assert!(!with(3, 3).contains('!'), "{}", with(3, 3));
    assert_fits(&with(3, 0));
}

#[test]
fn faults_are_named_one_by_one() {
    let text = plain(&charter_report::verification(&samples::verification()));
    assert!(text.starts_with("✗ 2 records do not stand as the log says\n"), "{text}");
    assert!(
        text.contains("20261118-120000-deployment.json: altered: the file is not what was logged (5e5e… is"),
        "{text}"
    );
    assert!(
        text.contains("20261119-080000-deployment.json: missing: the log names it, but the file is gone"),
        "{text}"
    );
    assert_fits(&text);
}

#[test]
fn a_history_fits_and_says_what_became_of_each_deployment() {
    let mut deployments = samples::deployments();
    let text = plain(&charter_report::history(&deployments));
    assert!(text.starts_with("production\n\n  DEPLOYMENT"), "{text}");
    assert!(text.contains("The deployer  rolled back by\n"), "{text}");
    assert!(text.contains("failed, never shown"), "{text}");
    assert_fits(&text);

    deployments[0].record.environment = charter_deploy_model::Environment::Staging;
    deployments[1].record.deployed_by = "a name of quite unreasonable length, as they come".to_owned();
    let text = plain(&charter_report::history(&deployments));
    assert!(text.contains("WHERE") && text.contains("staging"), "{text}");
    assert_fits(&text);

    assert_eq!(plain(&charter_report::history(&[])), "no deployments yet\n");
}

#[test]
fn a_deployment_is_shown_whole_and_nothing_that_was_not_measured() {
    let text = plain(&charter_report::show(&samples::record(), Some("live")));
    for said in [
        "✗ 20261121-020711-deployment  shown, then rolled back · live",
        "took 22.5 s",
        "size           3.41 MB: script 184 kB, style 22.3 kB, assets 2.20 MB",
        "constitution   no score: not every principle was measured",
        "vitals         LCP 1.24 s, FCP 0.80 s, CLS 0.012, TBT 40 ms",
        "accessibility  97 / 100, WCAG AA",
        "✗ links        failed · 50 findings",
        "answered       1 of 2 paths as they should",
        "✗ /about/: 404, it is part of the release",
        "dealt with: rolled back within 0.31 s",
        "! no `url` is configured for staging",
    ] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
    assert!(!text.contains("INP") && !text.contains("astro"), "{text}");
    assert_fits(&text);
}

#[test]
fn a_status_leads_with_what_users_see() {
    let text = plain(&charter_report::status(&samples::status()));
    let places: Vec<usize> =
        ["production  https://example.org/", "✓ live", "! frozen", "! open", "(live)", "1,042 lines"]
            .map(|part| text.find(part).unwrap_or_else(|| panic!("{part:?} is not in\n{text}")))
            .into();
    assert!(places.is_sorted(), "{text}");
    assert_fits(&text);

    let empty = charter_report::Status {
        live: None,
        since: None,
        url: None,
        unfinished: Vec::new(),
        frozen: None,
        log: None,
        releases: Vec::new(),
        ..samples::status()
    };
    let text = plain(&charter_report::status(&empty));
    assert_eq!(text, "production\n\n· live      nothing\n  releases  none staged\n  log       nothing recorded yet\n");
}

#[test]
fn snapshots_and_kinds_are_tables() {
    let text = plain(&charter_report::snapshots(&samples::snapshots()));
    assert!(text.contains("20261121-020711  1,259  7.52 MB  48.2 kB"), "{text}");
    assert_fits(&text);
    assert_eq!(plain(&charter_report::snapshots(&[])), "no snapshots yet\n");
    let text = plain(&charter_report::kinds(&samples::kinds()));
    assert!(text.contains("links        Follows every link within the site.\n"), "{text}");
    assert_fits(&text);
}

#[test]
fn a_kind_is_explained_with_everything_it_can_find() {
    let text = plain(&charter_report::explain(&samples::PAGE_WEIGHT));
    for said in [
        "page-weight\n\nKeeps pages light",
        "\nConfiguration\n\n    [gates.page-weight]\n    max-script-bytes = 100_000\n",
        "• max-script-bytes: the scripts",
        "page-weight/script  error · principle II, performance first\n  A page asks",
        "page-weight/style  warning",
    ] {
        assert!(text.contains(said), "{said:?} is not in\n{text}");
    }
    assert!(!text.contains("```") && !text.contains("**"), "{text}");
    assert_fits(&text);
}

#[test]
fn a_problem_of_the_configuration_points_at_its_place() {
    let text = plain(&charter_report::config_problem(
        "charter.toml",
        Some(14),
        Some(3),
        "unknown key `verfy`",
        Some("  verfy = …"),
        Some("did you mean `verify`?"),
    ));
    let expected = "\
error: unknown key `verfy`
  --> charter.toml:14:3
   |
14 |   verfy = …
   |   ^^^^^
   |
   = help: did you mean `verify`?
";
    assert_eq!(text, expected);
    let text = plain(&charter_report::config_problem("charter.toml", None, None, "it is empty", None, None));
    assert!(text.starts_with("error: it is empty\n") && text.contains("charter.toml"), "{text}");
    let text = plain(&charter_report::config_problem("charter.toml", Some(3), Some(4), "no value", None, None));
    assert!(text.contains("charter.toml:3:4"), "{text}");
}
