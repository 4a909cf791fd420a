//! One deployment, whole.

use charter_deploy_model::{
    BuildInfo, DeploymentError, Emergency, ErrorSeverity, LiveCheck, LiveVerification, ProductionDeployment,
    Validation, Verdict, WcagLevel,
};

use crate::figures::{bytes, count, duration, score, time};
use crate::layout::{field, folded, hanging, heading, padded, visible_lines, width};
use crate::style::{BOLD, DIM, Mark, paint};
use crate::{gates, visible, words};

const LABELS: usize = "configuration".len();

/// Returns everything a deployment's record says, and how it stands today where `standing` knows more than the record.
#[must_use]
pub fn show(record: &ProductionDeployment, standing: Option<&str>) -> String {
    let (mark, outcome) = words::status(record.status);
    let title = format!("{} {}", mark.painted(), paint(BOLD, &record.deployment_id.to_string()));
    let standing = standing.map(|standing| format!(" · {}", paint(BOLD, &visible(standing)))).unwrap_or_default();
    let mut text = format!("{title}  {outcome}{standing}\n\n");
    text += &facts(record);
    text += &build(&record.build_info);
    text += &validation(&record.validation);
    if let Some(live) = &record.validation.live {
        text += &live_check(live);
    }
    if !record.errors.is_empty() {
        text += &section("Errors");
        text.extend(record.errors.iter().map(error));
    }
    if !record.warnings.is_empty() {
        text += &section("Warnings");
        let lead = format!("  {} ", Mark::Care.painted());
        text.extend(record.warnings.iter().map(|warning| hanging(&lead, &visible(warning))));
    }
    text
}

fn section(title: &str) -> String {
    format!("\n{}", heading(title))
}

fn fact(label: &str, said: &str) -> String {
    field(label, LABELS, said)
}

fn optional<T: ToString>(label: &str, value: Option<&T>) -> String {
    value.map(|value| fact(label, &visible(&value.to_string()))).unwrap_or_default()
}

fn facts(record: &ProductionDeployment) -> String {
    let took = record.finished_at.duration_since(record.timestamp).as_millis();
    let took = u64::try_from(took).map(|took| format!(", took {}", duration(took))).unwrap_or_default();
    [
        fact(
            "what",
            &format!(
                "{} of {}",
                words::deployment_type(record.deployment_type),
                paint(BOLD, &record.environment.to_string())
            ),
        ),
        fact("where", &visible(&record.deployment_url)),
        fact("when", &format!("{}{took}", time(record.timestamp))),
        fact("who", &format!("{}, {}", visible(&record.deployed_by), words::trigger(record.trigger_source))),
        record.emergency.as_ref().map(emergency).unwrap_or_default(),
        fact("commit", record.commit_hash.as_str()),
        fact("branch", &visible(&record.branch_name)),
        optional("release", record.release_id.as_ref()),
        optional("before it", record.previous_release_id.as_ref()),
        optional("switched in", record.switch_ms.map(duration).as_ref()),
        optional("shows again", record.rollback_deployment_id.as_ref()),
        optional("backup", record.backup_id.as_ref()),
        optional("configuration", record.configuration_id.as_ref()),
    ]
    .concat()
}

fn emergency(Emergency { reason, declared_by, left_out }: &Emergency) -> String {
    let without =
        if left_out.is_empty() { "no gate left out".to_owned() } else { format!("without {}", left_out.join(", ")) };
    fact("emergency", &visible(&format!("{reason}; {without}, on the word of {declared_by}")))
}

fn build(info: &BuildInfo) -> String {
    let mut text = String::new();
    if let Some(seconds) = info.build_time {
        text += &fact("built in", &duration((seconds * 1000.0).round() as u64));
    }
    if let Some(files) = info.files {
        text += &fact("files", &count(files, "files"));
    }
    if let Some(size) = info.bundle_size {
        text += &fact(
            "size",
            &format!(
                "{}: script {}, style {}, assets {}",
                bytes(size.total),
                bytes(size.javascript),
                bytes(size.css),
                bytes(size.assets)
            ),
        );
    }
    text += &optional("digest", info.artifact_digest.as_ref());
    text += &optional("astro", info.astro_version.as_ref());
    text += &optional("node", info.node_version.as_ref());
    if !info.optimizations.is_empty() {
        text += &fact("optimised", &visible(&info.optimizations.join(", ")));
    }
    if text.is_empty() { text } else { section("Build") + &text }
}

fn validation(validation: &Validation) -> String {
    let mut text = String::new();
    if let Some(compliance) = &validation.constitutional_compliance {
        let said = match compliance.score {
            Some(value) => format!("{} / 100", score(value)),
            None => "no score: not every principle was measured".to_owned(),
        };
        text += &fact("constitution", &said);
    }
    if let Some(lighthouse) = validation.performance.as_ref().and_then(|performance| performance.lighthouse) {
        text += &fact(
            "lighthouse",
            &format!(
                "performance {}, accessibility {}, best practices {}, seo {}",
                score(lighthouse.performance),
                score(lighthouse.accessibility),
                score(lighthouse.best_practices),
                score(lighthouse.seo)
            ),
        );
    }
    if let Some(vitals) = validation.performance.as_ref().and_then(|performance| performance.core_web_vitals) {
        let seconds = |name: &str, value: Option<f64>| value.map(|value| format!("{name} {value:.2} s"));
        let milliseconds = |name: &str, value: Option<f64>| value.map(|value| format!("{name} {value:.0} ms"));
        let said: Vec<String> = [
            seconds("LCP", vitals.lcp),
            seconds("FCP", vitals.fcp),
            vitals.cls.map(|value| format!("CLS {value:.3}")),
            milliseconds("FID", vitals.fid),
            milliseconds("INP", vitals.inp),
            milliseconds("TBT", vitals.tbt),
        ]
        .into_iter()
        .flatten()
        .collect();
        text += &if said.is_empty() { String::new() } else { fact("vitals", &said.join(", ")) };
    }
    if let Some(security) = &validation.security {
        text += &fact("security", &format!("{} / 100", score(security.security_score)));
    }
    if let Some(accessibility) = &validation.accessibility {
        let level = match accessibility.wcag_level {
            WcagLevel::A => "A",
            WcagLevel::Aa => "AA",
            WcagLevel::Aaa => "AAA",
        };
        text += &fact("accessibility", &format!("{} / 100, WCAG {level}", score(accessibility.compliance_score)));
    }
    let columns = validation.gates.iter().map(|report| width(&visible(&report.gate))).max().unwrap_or_default();
    for report in &validation.gates {
        let said = match gates::in_one_line(report) {
            said if report.verdict == Verdict::Passed && said.is_empty() => "passed".to_owned(),
            said => said,
        };
        let gate = padded(&visible(&report.gate), columns);
        text += &hanging(&format!("  {} {gate}  ", gates::mark(report).painted()), &said);
    }
    if text.is_empty() { text } else { section("Judged") + &text }
}

fn live_check(live: &LiveVerification) -> String {
    let place = if live.loopback { "on loopback, since no address is configured" } else { "" };
    let passed = live.checks.iter().filter(|check| check.passed).count();
    let mut text = section("Live check");
    text += &fact("looked at", &format!("{} {place}", visible(&live.url)));
    if let Some(after) = live.visible_after_ms {
        text += &fact("visible", &format!("{} after the switch", duration(after)));
    }
    text += &fact("answered", &format!("{passed} of {} as they should", count(live.checks.len() as u64, "paths")));
    let wrong: Vec<&LiveCheck> = live.checks.iter().filter(|check| !check.passed).collect();
    let (shown, more) = folded(&wrong, 8);
    let lead = format!("  {} ", Mark::Bad.painted());
    text.extend(shown.iter().map(|check| hanging(&lead, &checked(check))));
    if more > 0 {
        text += &format!("  {}\n", paint(DIM, &format!("and {more} more like this")));
    }
    text
}

/// `/about/: 404, the page is missing`.
pub(crate) fn checked(check: &LiveCheck) -> String {
    let status = match check.status {
        Some(status) => status.to_string(),
        None => "no answer".to_owned(),
    };
    let problem = check.problem.as_deref().map(|problem| format!(", {}", visible(problem))).unwrap_or_default();
    format!("{}: {status}{problem}", visible(&check.path))
}

fn error(error: &DeploymentError) -> String {
    let mark = match error.severity {
        ErrorSeverity::Warning => Mark::Care,
        ErrorSeverity::Error | ErrorSeverity::Critical => Mark::Bad,
    };
    let mut lines = visible_lines(&error.message).into_iter();
    let mut text = hanging(&format!("  {} ", mark.painted()), &lines.next().unwrap_or_default());
    text.extend(lines.map(|line| hanging("    ", &line)));
    if error.resolved {
        let how = error.resolution.as_deref().map(|how| format!(": {}", visible(how))).unwrap_or_default();
        text += &hanging("    ", &format!("dealt with{how}"));
    }
    text
}
