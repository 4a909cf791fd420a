//! Where the reports of a run go.

use std::collections::BTreeSet;
use std::path::Path;

use charter_deploy_model::{Failure, GateReport, KindMeta, Location, Tree};
use charter_gates::baseline::fingerprint;
use charter_host::durable;
use charter_pipeline::Project;
use charter_report::SarifContext;

use crate::args::{ReportForm, ReportTo};
use crate::commands::Invocation;
use crate::open;

/// No line is shown of a larger file, in bytes.
const LARGEST_SHOWN: u64 = 4 << 20;

/// Gates whose findings may stand where a secret does, so that nobody is shown the line.
const MAY_BE_SECRET: [&str; 3] = ["secrets", "command", "code-quality"];

/// Says the reports of the site in `site`, and writes them in the forms that were asked for.
pub(super) fn reports(
    invocation: &Invocation<'_>,
    project: &Project,
    site: &Path,
    reports: &[GateReport],
    to: &[ReportTo],
) -> Result<(), Failure> {
    let kinds: Vec<&KindMeta> = invocation.charter.judges().collect();
    let roots = Roots { site, source: project.repository.root() };
    if to.iter().all(|to| to.file.is_some()) {
        let hidden = hidden(reports);
        let line = |location: &Location| {
            let line = (!hidden.contains(location)).then(|| roots.line(location))??;
            Some(project.secrets.mask(&line))
        };
        invocation.output.result(
            || charter_report::gates_with_excerpts(reports, &kinds, &line),
            || charter_report::json::v1::gates(reports),
        );
    }
    for ReportTo { form, file } in to {
        let text = match form {
            ReportForm::Sarif => charter_report::json::pretty(&roots.sarif(reports, &kinds)),
            ReportForm::Junit => charter_report::junit(reports, &kinds),
            ReportForm::Markdown => charter_report::markdown(reports, &kinds),
        };
        match file {
            None => invocation.output.print(&text),
            Some(file) => durable::replace(&roots.source.join(file), text.as_bytes())
                .map_err(|error| open::broken("a report cannot be written", &error))?,
        }
    }
    Ok(())
}

/// Returns the places that no line is shown of.
fn hidden(reports: &[GateReport]) -> BTreeSet<&Location> {
    let secret = reports.iter().filter(|report| MAY_BE_SECRET.contains(&report.gate.as_str()));
    let findings = secret.flat_map(|report| {
        report.findings.iter().chain(&report.known).chain(report.waived.iter().map(|usage| &usage.finding))
    });
    findings.flat_map(|finding| &finding.locations).collect()
}

/// The folders that locations are relative to.
struct Roots<'a> {
    site: &'a Path,
    source: &'a Path,
}

impl Roots<'_> {
    fn line(&self, location: &Location) -> Option<String> {
        let root = match location.tree {
            Tree::Site => self.site,
            Tree::Source => self.source,
        };
        let path = root.join(&location.path).canonicalize().ok().filter(|path| path.starts_with(root))?;
        let metadata = path.metadata().ok()?;
        if !metadata.is_file() || metadata.len() > LARGEST_SHOWN {
            return None;
        }
        let text = std::fs::read(path).ok()?;
        let index = usize::try_from(location.line?).ok()?.checked_sub(1)?;
        String::from_utf8_lossy(&text).lines().nth(index).map(str::to_owned)
    }

    fn sarif(&self, reports: &[GateReport], kinds: &[&KindMeta]) -> serde_json::Value {
        let uri = |folder: &Path| url::Url::from_directory_path(folder).ok().map(String::from);
        let (site, source) = (uri(self.site), uri(self.source));
        let context = SarifContext {
            version: env!("CARGO_PKG_VERSION"),
            site: site.as_deref(),
            source: source.as_deref(),
            fingerprint,
        };
        charter_report::sarif(reports, kinds, &context)
    }
}
