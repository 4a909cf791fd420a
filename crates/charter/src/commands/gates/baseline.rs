//! `gates baseline`: what may stand because it was there before.

use charter_deploy_model::{GateReport, exit};
use charter_gates::baseline::Baseline;
use charter_host::durable;
use charter_pipeline::Extent;
use serde_json::json;

use super::judge;
use crate::commands::{Ended, Invocation};
use crate::open;

pub(super) async fn write(invocation: &Invocation<'_>, accept_new: bool, figures: bool, dry_run: bool) -> Ended {
    let project = invocation.project_to_build().await?;
    let reports = judge(invocation, &project, Extent::default()).await?.reports;
    let file = &project.settings.baseline_file;
    let before = match charter_pipeline::read_baseline(file) {
        Ok(before) => before.unwrap_or_default(),
        Err(stop) => return Err(invocation.failure(&project, &stop).await),
    };
    let now = Baseline::of(&reports);
    let looked =
        |gate: &str| reports.iter().any(|report: &GateReport| report.gate == gate && report.looked_at.is_some());
    let shrunk = before.shrunk_to(&now, looked);
    let after = if accept_new { shrunk.with_findings(&now) } else { shrunk };
    let after = if figures { after.with_figures(&now) } else { after };
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !dry_run && after != before {
        durable::replace(file, after.to_text().as_bytes())
            .map_err(|error| open::broken("the baseline cannot be written", &error))?;
    }
    let done = match (after == before, dry_run) {
        (true, _) => "needs no change",
        (false, true) => "would be written",
        (false, false) => "is written: commit it",
    };
    let new = now.growth_over(&after).len();
    invocation.output.result(
        || {
            let mut text = format!(
                "{name} {done}: {} accepted findings ({} before), {} figures ({} before).\n",
                after.findings(),
                before.findings(),
                after.figures(),
                before.figures(),
            );
            if new > 0 {
                text.push_str(&format!("{new} findings are not in it and count; --accept-new takes them in.\n"));
            }
            text
        },
        || {
            json!({
                "v": 1, "file": name, "written": !dry_run && after != before, "findings": after.findings(),
                "findingsBefore": before.findings(), "figures": after.figures(), "notAccepted": new,
            })
        },
    );
    Ok(exit::DONE)
}
