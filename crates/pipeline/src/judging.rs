//! Having the gates look at a build, and judging what they saw.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use charter_artifact::Artifact;
use charter_deploy_model::{
    CommitHash, Digest, Emergency, EventKind, GateOutcome, GateReport, Inspection, ProductionDeployment, ReleaseId,
    Verdict,
};
use charter_gates::baseline::{self, Baseline};
use charter_gates::ratchet::{self, HeldTo};
use charter_gates::verdict::{Exceptions, judge, unused_waivers};
use charter_gates::{Only, Run, RunOptions, Source, Subject};
use charter_host::Scope;
use charter_repository::{BlobId, Repository, RepositoryError};
use charter_targets::preview;
use jiff::tz::TimeZone;

use crate::run::{deployments, go_on, verified};
use crate::{Project, Stop};

/// What is judged, and how much of it.
#[derive(Debug)]
pub(crate) struct Judging<'a> {
    pub(crate) commit: &'a CommitHash,
    pub(crate) artifact: Arc<Artifact>,
    /// The folder that the preview serves.
    pub(crate) folder: &'a Path,
    pub(crate) extent: &'a Extent,
}

/// How much of a build the gates look at.
#[derive(Debug, Clone, Default)]
pub struct Extent {
    /// Only the gates of these ids; all, when empty.
    pub gates: BTreeSet<String>,
    /// Only files of the site that differ from the live release, and files of the project that differ from this
    /// revision: the commit that is live unless it says otherwise. Everything, when absent.
    pub since: Option<Since>,
    /// Look at everything anew, whatever was seen before.
    pub afresh: bool,
    /// Go without some gates, because it cannot wait.
    pub emergency: Option<Emergency>,
}

/// What a run about changes compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// What is live.
    Live,
    /// A git revision.
    Revision(String),
}

/// What is known of what users see now.
struct Live {
    release: Option<ReleaseId>,
    record: Option<ProductionDeployment>,
    artifact: Option<Arc<Artifact>>,
}

/// Runs the gates and judges what they saw.
pub(crate) async fn run(project: &Project, judging: Judging<'_>, scope: &Scope) -> Result<Vec<GateReport>, Stop> {
    let settings = &project.settings;
    let preview = preview::serve(judging.folder, &settings.base_path).await.map_err(|error| Stop::NotPublished {
        doing: "serve the staged release on loopback",
        help: None,
        source: error.into(),
    })?;
    let live = live(project, scope).await?;
    let live_preview = match &live.artifact {
        // Without it a gate compares nothing; that is no reason not to judge.
        Some(artifact) => preview::serve(&artifact.root, &settings.base_path).await.ok(),
        None => None,
    };
    let exceptions_file = read_baseline(&settings.baseline_file)?;
    let Extent { gates, since, afresh, emergency } = judging.extent;
    let only = match since {
        None => None,
        Some(since) => {
            let shown = shown(project, &live, scope).await?;
            Some(Arc::new(changed(project, &judging, since, &live, &shown)?))
        }
    };
    let subject = Arc::new(Subject {
        source: Some(Source { repository: project.repository.clone(), commit: judging.commit.clone() }),
        artifact: Some(judging.artifact),
        preview: Some(preview.url().to_owned()),
        base_path: settings.base_path.clone(),
        target: Some(project.target.meta().id.to_owned()),
        github: project.github.clone(),
        live: live.artifact,
        live_preview: live_preview.as_ref().map(|preview| preview.url().to_owned()),
        only,
        ..Subject::new(project.repository.root())
    });
    let today = project.host.clock.now().to_zoned(TimeZone::UTC).date();
    let exceptions = Exceptions { waivers: &settings.waivers, baseline: exceptions_file.as_ref() };
    let judge_run = |run: &Run| GateReport {
        remembered: run.remembered,
        ..judge(&settings.policy, run.meta, run.outcome.clone(), &exceptions, today)
    };
    let tell = |report: GateReport, took: Duration| {
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        project.events.emit(EventKind::GateFinished { report: Box::new(report), milliseconds });
    };
    let wanted = |id: &str| gates.is_empty() || gates.contains(id);
    let chosen: Vec<_> = project.gates.iter().filter(|gate| wanted(gate.meta().id)).cloned().collect();
    let why_not = |id: &str| match emergency {
        _ if settings.skipped_gates.contains(id) => {
            Some(format!("the configuration of {} leaves it out", settings.environment))
        }
        Some(Emergency { reason, declared_by, left_out }) if left_out.iter().any(|left_out| left_out == id) => {
            Some(format!("left out in an emergency, on the word of {declared_by}: {reason}"))
        }
        _ => None,
    };
    let (asked, skipped): (Vec<_>, Vec<_>) = chosen.into_iter().partition(|gate| why_not(gate.meta().id).is_none());
    let options = RunOptions { memory: project.memory.clone().filter(|_| !afresh), ..RunOptions::default() };
    let runs = charter_gates::run(&asked, subject, &options, scope, |run| tell(judge_run(run), run.took)).await;
    let mut reports: Vec<GateReport> = runs.iter().map(&judge_run).collect();
    go_on(scope)?;
    // What did not run has not passed, whoever said that it need not.
    for gate in skipped {
        let report = GateReport {
            reason: why_not(gate.meta().id),
            ..GateReport::new(gate.meta().id, Verdict::Inconclusive, false)
        };
        tell(report.clone(), Duration::ZERO);
        reports.push(report);
    }
    if since.is_none() && wanted(ratchet::META.id) {
        let earlier = match (&live.record, &exceptions_file) {
            (Some(record), Some(_)) => baseline_of(project, &record.commit_hash)?,
            _ => None,
        };
        let held_to = HeldTo {
            baseline: exceptions_file.as_ref(),
            baseline_live: earlier.as_ref(),
            live: live.record.as_ref().map_or(&[], |record| &record.validation.gates),
            max_regression_percent: settings.max_regression_percent,
        };
        let outcome = ratchet::compare(&reports, &held_to);
        if !is_idle(&outcome) {
            let report = judge(&settings.policy, &ratchet::META, outcome, &exceptions, today);
            tell(report.clone(), Duration::ZERO);
            reports.push(report);
        }
    }
    reports.sort_by(|a, b| a.gate.cmp(&b.gate));
    for unused in unused_waivers(&reports, &settings.waivers, today) {
        project.events.warn(unused);
    }
    if let Some(baseline) = &exceptions_file {
        let looked = |gate: &str| reports.iter().any(|report| report.gate == gate && report.looked_at.is_some());
        let shrunk = baseline.shrunk_to(&Baseline::of(&reports), looked);
        let gone = baseline.findings().saturating_sub(shrunk.findings());
        if gone > 0 && since.is_none() {
            project.events.warn(format!(
                "{gone} accepted findings are gone: `cargo xtask gates baseline` takes them out of the baseline."
            ));
        }
    }
    Ok(reports)
}

/// A ratchet with nothing to hold on to is not worth a line.
fn is_idle(outcome: &GateOutcome) -> bool {
    matches!(outcome, GateOutcome::Inspected(Inspection::NotApplicable { .. }))
}

async fn live(project: &Project, scope: &Scope) -> Result<Live, Stop> {
    let Some(id) = project.live(scope).await? else {
        return Ok(Live { release: None, record: None, artifact: None });
    };
    let artifact = project.target.read(&id, scope).await.map_err(Stop::target("read the live release"))?;
    let all = deployments(project).await?;
    let record = verified(&all).into_iter().rev().find(|record| record.release_id.as_ref() == Some(&id)).cloned();
    Ok(Live { release: Some(id), record, artifact: artifact.map(Arc::new) })
}

/// Returns the digests of the files that users see now; none when they are not known.
async fn shown(project: &Project, live: &Live, scope: &Scope) -> Result<BTreeMap<String, Digest>, Stop> {
    match (&live.artifact, &live.release) {
        (Some(artifact), _) => Ok(artifact.files.iter().map(|file| (file.path.clone(), file.digest)).collect()),
        (None, Some(id)) => {
            let digests = project.target.digests(id, scope).await;
            Ok(digests.map_err(Stop::target("read the live release"))?.unwrap_or_default())
        }
        (None, None) => Ok(BTreeMap::new()),
    }
}

/// Returns the files that differ from what a run about changes compares with.
fn changed(
    project: &Project,
    judging: &Judging<'_>,
    since: &Since,
    live: &Live,
    shown: &BTreeMap<String, Digest>,
) -> Result<Only, Stop> {
    let differs = |path: &str, digest: Digest| shown.get(path) != Some(&digest);
    let files = judging.artifact.files.iter();
    let site = files.filter(|file| differs(&file.path, file.digest)).map(|file| file.path.clone()).collect();
    let revision = match since {
        Since::Revision(revision) => Some(project.repository.resolve(revision).map_err(Stop::Repository)?),
        Since::Live => live.record.as_ref().map(|record| record.commit_hash.clone()),
    };
    let files = |commit: &CommitHash| -> Result<BTreeMap<String, BlobId>, Stop> {
        let files = project.repository.files(commit).map_err(Stop::Repository)?;
        Ok(files.into_iter().map(|file| (file.path, file.blob)).collect())
    };
    let before = revision.as_ref().map(files).transpose()?.unwrap_or_default();
    let now = files(judging.commit)?;
    let source = now.into_iter().filter(|(path, blob)| before.get(path) != Some(blob)).map(|(path, _)| path).collect();
    Ok(Only { site, source })
}

/// Reads the project's baseline; absent when there is no such file.
///
/// # Errors
/// [`Stop::Baseline`] when it is there and cannot be read.
pub fn read_baseline(path: &Path) -> Result<Option<Baseline>, Stop> {
    let unreadable = |help: Option<&str>, source: Box<dyn std::error::Error + Send + Sync>| Stop::Baseline {
        path: path.to_owned(),
        help: help.map(str::to_owned),
        source,
    };
    let text = match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(metadata) if metadata.len() > baseline::LARGEST => {
            let source = format!("it has {} bytes, and {} are the most", metadata.len(), baseline::LARGEST);
            return Err(unreadable(None, source.into()));
        }
        _ => std::fs::read_to_string(path).map_err(|error| unreadable(None, error.into()))?,
    };
    Baseline::parse(&text).map(Some).map_err(|error| unreadable(Some(error.help()), error.into()))
}

/// Returns the baseline as a commit has it; absent when it has none that can be read.
fn baseline_of(project: &Project, commit: &CommitHash) -> Result<Option<Baseline>, Stop> {
    let Ok(path) = project.settings.baseline_file.strip_prefix(project.repository.root()) else { return Ok(None) };
    let Some(path) = path.to_str() else { return Ok(None) };
    let text = match file(&project.repository, commit, path) {
        Ok(text) => text,
        // A shallow clone may lack the commit that is live; then nothing is known of its baseline.
        Err(_) => return Ok(None),
    };
    Ok(text.and_then(|text| Baseline::parse(&text).ok()))
}

fn file(repository: &Repository, commit: &CommitHash, path: &str) -> Result<Option<String>, RepositoryError> {
    let files = repository.files(commit)?;
    let Some(file) = files.iter().find(|file| file.path == path) else { return Ok(None) };
    let blobs = repository.blobs()?;
    if blobs.size(file.blob)? > baseline::LARGEST {
        return Ok(None);
    }
    blobs.read(file.blob, |bytes| String::from_utf8(bytes.to_vec()).ok())
}
