//! The figures, as monitoring systems read them.

use std::collections::BTreeSet;

use charter_dashboard::{RefusedCounts, metrics};

use crate::{hostile, sample};

/// Reads the labels of a line as OpenMetrics writes them, and returns them with the value behind.
fn labels(line: &str) -> (Vec<(String, String)>, &str) {
    let Some((_, rest)) = line.split_once('{') else { return (Vec::new(), line.split_once(' ').unwrap().1) };
    let (mut labels, mut rest) = (Vec::new(), rest);
    loop {
        let (name, behind) = rest.split_once("=\"").unwrap();
        let (mut value, mut characters) = (String::new(), behind.char_indices());
        let end = loop {
            match characters.next().unwrap() {
                (_, '\\') => value.push(match characters.next().unwrap().1 {
                    'n' => '\n',
                    each @ ('"' | '\\') => each,
                    other => panic!("`\\{other}` in {line}"),
                }),
                (at, '"') => break at,
                (_, each) => value.push(each),
            }
        };
        labels.push((name.to_owned(), value));
        rest = &behind[end + 1..];
        match rest.split_at(1) {
            (",", more) => rest = more,
            ("}", behind) => return (labels, behind.trim_start()),
            _ => panic!("{line}"),
        }
    }
}

fn read(text: &str) -> BTreeSet<(String, Vec<(String, String)>)> {
    let body = text.strip_suffix("# EOF\n").expect("it ends with its mark");
    let mut family = String::new();
    let mut seen = BTreeSet::new();
    let mut families = BTreeSet::new();
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            family = rest.split(' ').next().unwrap().to_owned();
            assert!(families.insert(family.clone()), "{family} twice");
        } else if let Some(rest) = line.strip_prefix("# ") {
            assert_eq!(rest.split(' ').nth(1), Some(family.as_str()));
            if let Some(unit) = rest.strip_prefix("UNIT ") {
                assert!(family.ends_with(&format!("_{}", unit.split(' ').nth(1).unwrap())), "{unit}");
            }
        } else {
            let name = line.split(['{', ' ']).next().unwrap();
            let suffix = name.strip_prefix(&family).unwrap_or_else(|| panic!("{name} in {family}"));
            assert!(["", "_total", "_info"].contains(&suffix), "{name}");
            let (labels, value) = labels(line);
            assert!(value.parse::<f64>().unwrap().is_finite(), "{line}");
            assert!(seen.insert((name.to_owned(), labels)), "{line} twice");
        }
    }
    seen
}

#[test]
fn the_text_is_open_metrics_whatever_things_are_called() {
    for mut view in [sample::view(), hostile()] {
        view.endpoints[0].name = "a \\ \"b\"\nc".to_owned();
        let text = metrics(&view, &RefusedCounts { host: 3, ..RefusedCounts::default() });
        let seen = read(&text);
        let named = seen.iter().flat_map(|(_, labels)| labels).any(|(_, value)| value == "a \\ \"b\"\nc");
        assert!(named);
        assert!(text.contains("charter_dashboard_refused_total{reason=\"host\"} 3\n"));
    }
}

#[test]
fn what_was_not_measured_has_no_line() {
    let mut view = sample::view();
    view.endpoints.truncate(1);
    let endpoint = &mut view.endpoints[0];
    (endpoint.uptime, endpoint.latency) = Default::default();
    (view.health, view.standing, view.live) = (None, None, None);
    let text = metrics(&view, &RefusedCounts::default());
    for absent in ["_uptime_ratio{", "_latency_seconds{", "lateness", "score", "live", "NaN"] {
        assert!(!text.contains(absent), "{absent}");
    }
}
