//! The weekly audit as a Markdown page.

use charter_deploy_model::Verification;
use charter_deploy_model::constitution::{Audit, AuditedDeployment, AuditedScore, COMPLIANT_FROM, POINTS, WaiverTerm};
use charter_deploy_model::dora::Dora;
use charter_deploy_model::statistics::Trend;

use crate::figures::{count, duration, grouped, score as figure, time};
use crate::markdown::{escaped, table};
use crate::words;

/// Returns an audit as Markdown. What the week has no data for is said so.
#[must_use]
pub fn audit(audit: &Audit) -> String {
    let so_far = if audit.complete { "" } else { ", so far" };
    let mut text = format!("# Constitutional audit of {}, {}{so_far}\n\n", audit.week, audit.environment);
    text += &format!(
        "{} to {} (UTC). Made from the records alone at {}.\n\n",
        audit.week.first_day(),
        audit.week.last_day(),
        time(audit.made_at)
    );
    text += &principles(audit.standing.as_ref());
    text += &trend(audit);
    text += &deployments(audit);
    text += &findings(audit);
    text += &waivers(audit);
    text += &records(&audit.verification);
    text
}

fn principles(standing: Option<&AuditedScore>) -> String {
    let Some(AuditedScore { deployment, score }) = standing else {
        return "## The five principles\n\nNo data: no deployment had succeeded by the end of the week.\n\n".to_owned();
    };
    let compliant = if score.compliant { "compliant" } else { "not compliant" };
    let mut text = format!(
        "## The five principles\n\n**{} of 100, {compliant}** (at least {} is needed), by the record of `{deployment}`, \
         the newest that succeeded, and the gates that judged it.\n\n",
        figure(score.total),
        figure(COMPLIANT_FROM)
    );
    let rows: Vec<Vec<String>> = score
        .principles
        .iter()
        .map(|principle| {
            let meta = principle.principle.meta();
            let holds = if principle.holds { "yes" } else { "**no**" };
            vec![
                format!("{} {}", meta.numeral, meta.title),
                format!("{} of {POINTS}", figure(principle.points)),
                holds.to_owned(),
            ]
        })
        .collect();
    text += &table(&["principle", "points", "holds"], &rows);
    let rows: Vec<Vec<String>> = score
        .wanting()
        .map(|it| {
            vec![
                it.principle.meta().numeral.to_owned(),
                escaped(&it.id),
                words::evidence_state(it.state).to_owned(),
                escaped(&it.why),
                escaped(it.regain.as_deref().unwrap_or_default()),
            ]
        })
        .collect();
    let listed = table(&["", "evidence", "state", "why", "what regains it"], &rows);
    let said = if listed.is_empty() { "None.\n".to_owned() } else { listed };
    text + &format!("\n### Violations\n\n{said}\n")
}

fn trend(audit: &Audit) -> String {
    let said = match audit.trend {
        Some(Trend::Improving) => "**Improving**: more than one point above the mean of the weeks before.",
        Some(Trend::Stable) => "**Stable**: within one point of the mean of the weeks before.",
        Some(Trend::Degrading) => "**Degrading**: more than one point below the mean of the weeks before.",
        None => "No data: this week, or all four before it, have no deployment with a score.",
    };
    let rows: Vec<Vec<String>> = audit
        .weeks
        .iter()
        .map(|week| {
            let mean = week.mean_score.map_or_else(|| "no data".to_owned(), figure);
            vec![week.week.to_string(), grouped(week.deployments), mean]
        })
        .collect();
    format!("## Trend\n\n{said}\n\n{}\n", table(&["week", "deployments", "mean score"], &rows))
}

fn deployments(audit: &Audit) -> String {
    let mut text = "## Deployments\n\n".to_owned();
    if audit.deployments.is_empty() {
        return text + "No data: nothing was deployed in this week.\n\n";
    }
    let rows: Vec<Vec<String>> = audit.deployments.iter().map(deployment).collect();
    text += &table(&["deployment", "type", "commit", "by", "outcome", "score", "violations"], &rows);
    text + "\n" + &delivery(&audit.dora)
}

/// DORA's five measures; the table says where there was nothing to measure.
fn delivery(dora: &Dora) -> String {
    let no_data = || "no data".to_owned();
    let seconds = |seconds: Option<f64>| {
        seconds.map_or_else(no_data, |seconds| duration((seconds * 1000.0).round().max(0.0) as u64))
    };
    let rows = [
        ("changes that reached users", grouped(dora.changes)),
        ("deployment frequency, a day", dora.deployments_per_day.map_or_else(no_data, |often| format!("{often:.2}"))),
        ("lead time for changes, median", seconds(dora.lead_time_seconds)),
        (
            "change failure rate",
            dora.change_failure_percent.map_or_else(no_data, |rate| format!("{:.1} %", rate.get())),
        ),
        ("time to restore, median", seconds(dora.time_to_restore_seconds)),
        ("rework rate", dora.rework_percent.map_or_else(no_data, |rate| format!("{:.1} %", rate.get()))),
    ];
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, figure)| vec![name.to_owned(), figure]).collect();
    table(&["delivery", ""], &rows) + "\n"
}

fn deployment(deployment: &AuditedDeployment) -> Vec<String> {
    let violations: Vec<String> = deployment.violations.iter().map(|code| escaped(code)).collect();
    vec![
        deployment.deployment.to_string(),
        words::deployment_type(deployment.deployment_type).to_owned(),
        deployment.commit.short().to_owned(),
        escaped(&deployment.deployed_by),
        words::status(deployment.status).1.to_owned(),
        deployment.score.map_or_else(|| "no data".to_owned(), figure),
        violations.join(", "),
    ]
}

fn findings(audit: &Audit) -> String {
    let rows: Vec<Vec<String>> = audit
        .findings
        .iter()
        .map(|code| {
            let counts = [code.deployments, code.counted, code.waived, code.known];
            std::iter::once(escaped(&code.code)).chain(counts.into_iter().map(grouped)).collect()
        })
        .collect();
    let listed = table(&["code", "in deployments", "counted", "waived", "known"], &rows);
    let said = match (audit.deployments.is_empty(), listed.is_empty()) {
        (true, _) => "No data: nothing was deployed in this week.\n".to_owned(),
        (false, true) => "The gates found nothing.\n".to_owned(),
        (false, false) => listed,
    };
    format!("## Findings\n\n{said}\n")
}

fn waivers(audit: &Audit) -> String {
    let rows: Vec<Vec<String>> = audit
        .waivers
        .iter()
        .map(|used| {
            let term = match used.term {
                WaiverTerm::InForce => "in force",
                WaiverTerm::Expiring => "**expiring**",
                WaiverTerm::Expired => "**expired**",
            };
            vec![
                escaped(&used.waiver.code),
                escaped(used.waiver.subject.as_deref().unwrap_or("everything")),
                used.waiver.expires.to_string(),
                term.to_owned(),
                grouped(used.findings),
                escaped(&used.waiver.owner),
                escaped(&used.waiver.reason),
            ]
        })
        .collect();
    let listed = table(&["code", "subject", "until", "term", "findings", "owner", "reason"], &rows);
    let said = if listed.is_empty() { "None let anything stand.\n".to_owned() } else { listed };
    format!("## Waivers\n\n{said}\n")
}

fn records(verification: &Verification) -> String {
    let (anchors, published) = (verification.anchors, verification.anchors_published);
    let sound = if verification.is_sound() {
        "The records are what the log says."
    } else {
        "**The records are not what the log says.**"
    };
    let mut text = format!(
        "## Records\n\n{sound} The log has {} and root `{}`; {} sound; {}, {} of them on a remote.\n",
        count(verification.size, "lines"),
        verification.root,
        count(verification.sound, "entries"),
        count(anchors, "anchors"),
        grouped(published)
    );
    let rows: Vec<Vec<String>> = verification
        .faults
        .iter()
        .map(|fault| {
            let detail = fault.detail.as_deref().unwrap_or_default();
            vec![escaped(&fault.path), words::standing(&fault.standing).to_owned(), escaped(detail)]
        })
        .collect();
    let listed = table(&["path", "standing", "detail"], &rows);
    if !listed.is_empty() {
        text += &format!("\n{listed}");
    }
    text
}
