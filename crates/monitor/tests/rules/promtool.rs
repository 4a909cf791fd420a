//! Our burn rates beside Prometheus' own, on the same series: `promtool test rules` with rules as sloth writes them.

use std::fmt::Write as _;
use std::process::Command;

use charter_deploy_model::Percent;
use charter_monitor::rules::slo::{Condition, Counts, PAIRS, Series, Slo, burn};

use crate::{Chance, at, has};

const MINUTES: usize = 1100;

/// Good and bad requests of each minute: quiet times, a short outage, slow burns and a flood of errors.
fn traffic(seed: u64) -> Vec<Counts> {
    let mut chance = Chance(seed);
    let share = |minute: usize| match minute {
        60..=64 => 1.0,
        150..=260 => 0.008,
        300..=330 => 0.03,
        420..=600 => 0.0045,
        _ => 0.0002,
    };
    let minute = |minute: usize| {
        let all = 400 + (chance.next() * 200.0) as u64;
        let bad = (0..all).filter(|_| chance.next() < share(minute)).count() as u64;
        Counts { good: all - bad, bad, unknown: 0 }
    };
    (0..MINUTES).map(minute).collect()
}

/// Returns whether people are called at each minute: at once, and by tomorrow.
fn ours(slo: &Slo, traffic: &[Counts]) -> Vec<[bool; 2]> {
    let mut series = Series::new(slo.window_days);
    let mut said = Vec::new();
    for (minute, counts) in traffic.iter().enumerate() {
        let now = at(minute as i64 * 60);
        // A counter's first value tells Prometheus nothing.
        if minute > 0 {
            series.add(now, *counts);
        }
        let burn = burn(&series, slo, now);
        said.push([burn.page(), burn.ticket()].map(|condition| condition == Condition::Fires));
    }
    said
}

fn rules(slo: &Slo) -> String {
    let mut text = "groups:\n- name: slo\n  interval: 1m\n  rules:\n".to_owned();
    let mut windows: Vec<i64> = PAIRS.iter().flat_map(|pair| [pair.long_seconds, pair.short_seconds]).collect();
    windows.sort_unstable();
    windows.dedup();
    for window in windows {
        writeln!(
            text,
            "  - record: slo:sli_error:ratio_rate{window}s\n    \
             expr: sum(rate(errors_total[{window}s])) / sum(rate(events_total[{window}s]))"
        )
        .unwrap();
    }
    for (severity, pairs) in [("page", &PAIRS[..2]), ("ticket", &PAIRS[2..])] {
        let pair = |pair: &charter_monitor::rules::slo::Pair| {
            let limit = format!("({} * {})", pair.factor(slo.window_days), slo.allowed());
            let [long, short] = [pair.long_seconds, pair.short_seconds];
            format!("(slo:sli_error:ratio_rate{short}s > {limit} and slo:sli_error:ratio_rate{long}s > {limit})")
        };
        let either: Vec<String> = pairs.iter().map(pair).collect();
        let either = either.join(" or ");
        writeln!(text, "  - alert: ErrorBudgetBurn\n    expr: {either}\n    labels: {{severity: {severity}}}").unwrap();
    }
    text
}

fn tests(traffic: &[Counts], said: &[[bool; 2]]) -> String {
    let mut text =
        "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n".to_owned();
    for name in ["errors_total", "events_total"] {
        // From far above 0, where Prometheus does not guess when a counter began.
        let mut sum = 10_000_000;
        let mut values = String::new();
        for counts in traffic {
            sum += if name == "errors_total" { counts.bad } else { counts.known() };
            write!(values, "{sum} ").unwrap();
        }
        writeln!(text, "  - series: {name}\n    values: '{}'", values.trim_end()).unwrap();
    }
    text.push_str("  alert_rule_test:\n");
    for (minute, said) in said.iter().enumerate() {
        writeln!(text, "  - eval_time: {minute}m\n    alertname: ErrorBudgetBurn\n    exp_alerts:").unwrap();
        for (severity, _) in ["page", "ticket"].iter().zip(said).filter(|(_, fires)| **fires) {
            writeln!(text, "    - exp_labels: {{severity: {severity}}}").unwrap();
        }
    }
    text
}

#[expect(clippy::disallowed_methods, reason = "a test runs the judge itself")]
fn promtool(rules: &str, tests: &str) -> Option<std::process::Output> {
    if !has("promtool") {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.yml"), rules).unwrap();
    std::fs::write(folder.path().join("tests.yml"), tests).unwrap();
    Some(Command::new("promtool").args(["test", "rules", "tests.yml"]).current_dir(folder.path()).output().unwrap())
}

#[test]
fn prometheus_calls_people_at_the_same_minutes() {
    // Without the floor, which Prometheus has not.
    let base = Slo { least_bad_events: 1, ..Slo::new(Percent::new(99.9).unwrap()) };
    for slo in [base, Slo { window_days: 28, objective: Percent::new(99.5).unwrap(), ..base }] {
        let traffic = traffic(3);
        let said = ours(&slo, &traffic);
        for index in 0..2 {
            let begins = said.windows(2).filter(|pair| !pair[0][index] && pair[1][index]).count();
            let ends = said.windows(2).filter(|pair| pair[0][index] && !pair[1][index]).count();
            assert!(begins >= 1 && ends >= 1, "the series tells little: {begins} {ends}");
        }
        let Some(output) = promtool(&rules(&slo), &tests(&traffic, &said)) else { return };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn prometheus_notices_when_one_minute_is_wrong() {
    let slo = Slo { least_bad_events: 1, ..Slo::new(Percent::new(99.9).unwrap()) };
    let traffic = traffic(3);
    let mut said = ours(&slo, &traffic);
    let begins = said.iter().position(|said| said[0]).unwrap();
    said[begins][0] = false;
    let Some(output) = promtool(&rules(&slo), &tests(&traffic, &said)) else { return };
    let text = String::from_utf8_lossy(&output.stderr);
    // About this minute, and about no other.
    assert_eq!(
        (output.status.success(), text.matches("alertname: ErrorBudgetBurn, time:").count()),
        (false, 1),
        "{text}"
    );
}
