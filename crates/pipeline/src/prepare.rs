//! From a commit to a release that may be shown: `Built → Staged → Judged → Approved → BackedUp`.
//!
//! Users see nothing of all this. Each state's fields are private and each is made by one function from the state
//! before it, so no way leads to [`BackedUp`] past a gate, an approval or the backup.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use charter_artifact::Artifact;
use charter_backup::Content;
use charter_deploy_model::{BuildInfo, EventKind, ProductionDeployment, Release, ReleaseId};
use charter_host::Scope;
use tokio::time::Instant;

use crate::journal::Entry;
use crate::judging::{self, Extent, Judging};
use crate::run::{Run, go_on, milliseconds};
use crate::{Project, Stop, build, lock};

/// What was built.
#[derive(Debug)]
pub(crate) struct Built {
    artifact: Arc<Artifact>,
}

/// A release that stands on the target, unseen.
#[derive(Debug)]
pub(crate) struct Staged {
    artifact: Arc<Artifact>,
    release: Release,
}

/// A release that no gate keeps from users.
#[derive(Debug)]
pub(crate) struct Judged {
    release: Release,
}

/// A release that people, or a standing rule, let go ahead.
#[derive(Debug)]
pub(crate) struct Approved {
    release: Release,
}

/// A release that may be shown: what it replaces is in a verified snapshot.
#[derive(Debug)]
pub(crate) struct BackedUp {
    release: Release,
}

impl BackedUp {
    pub(crate) fn release(self) -> Release {
        self.release
    }
}

/// Builds the commit and reads the result.
pub(crate) async fn build(run: &mut Run<'_>, scope: &Scope) -> Result<Built, Stop> {
    go_on(scope)?;
    let mark = lock::mark(run.project);
    let commit = run.facts.begun.commit.clone();
    let before = run.project.live(scope).await?;
    let (artifact, build_info) = build_and_read(run.project, &commit, Some(&mark), scope).await?;
    if run.project.live(scope).await? != before {
        return Err(Stop::TouchedByBuild);
    }
    run.note_before(Entry::Built { build_info })?;
    Ok(Built { artifact })
}

/// Builds a commit and reads the result, for whoever wants to know what it is like.
pub(crate) async fn build_and_read(
    project: &Project,
    commit: &charter_deploy_model::CommitHash,
    mark: Option<&str>,
    scope: &Scope,
) -> Result<(Arc<Artifact>, BuildInfo), Stop> {
    let note = |command: String| project.events.emit(EventKind::BuildStarted { command });
    let built = build::build(
        &project.settings.build,
        commit,
        &project.repository,
        &project.cache,
        mark,
        &project.host,
        &project.secrets,
        &note,
        scope,
    )
    .await
    .map_err(Stop::build)?;

    let started = Instant::now();
    let cache = project.cache.join("artifact.stat");
    let (output, reading) = (built.output.clone(), scope.clone());
    let artifact = tokio::task::spawn_blocking(move || Artifact::read(&output, Some(&cache), &reading))
        .await
        .expect("reading the artifact does not panic")
        .map_err(Stop::artifact)?;
    project.events.emit(EventKind::ArtifactRead {
        files: artifact.files.len() as u64,
        bytes: artifact.bytes(),
        digest: artifact.digest,
        milliseconds: milliseconds(started),
    });
    let build_info = BuildInfo {
        astro_version: built.astro_version,
        node_version: built.node_version,
        build_time: built.seconds,
        bundle_size: Some(artifact.bundle_size()),
        optimizations: Vec::new(),
        files: Some(artifact.files.len() as u64),
        artifact_digest: Some(artifact.digest),
    };
    Ok((Arc::new(artifact), build_info))
}

/// Builds the commit at HEAD and returns the folder with the result.
///
/// # Errors
/// When it cannot be built or read.
pub async fn build_site(project: &Project, scope: &Scope) -> Result<PathBuf, Stop> {
    let head = project.repository.head().map_err(Stop::Repository)?;
    let (artifact, _) = build_and_read(project, &head.hash, None, scope).await?;
    Ok(artifact.root.clone())
}

/// Puts the release on the target, unseen.
pub(crate) async fn stage(run: &mut Run<'_>, built: Built, scope: &Scope) -> Result<Staged, Stop> {
    go_on(scope)?;
    let (project, started) = (run.project, Instant::now());
    let begun = &run.facts.begun;
    let release = Release {
        id: ReleaseId::new(begun.deployment.stamp(), &built.artifact.digest),
        deployment_id: begun.deployment,
        commit: begun.commit.clone(),
        digest: built.artifact.digest,
        environment: begun.environment,
    };
    let previous = project.live(scope).await?;
    run.note_before(Entry::StageIntended { release: release.clone(), previous })?;
    let staged =
        project.target.stage(&release, &built.artifact, scope).await.map_err(Stop::target("stage the release"))?;
    run.note_before(Entry::Staged)?;
    project.events.emit(EventKind::ReleaseStaged {
        release: release.id.clone(),
        written: staged.written,
        shared: staged.shared,
        milliseconds: milliseconds(started),
    });
    Ok(Staged { artifact: built.artifact, release })
}

/// Has the gates judge what is staged.
pub(crate) async fn judge(run: &mut Run<'_>, staged: Staged, scope: &Scope) -> Result<Judged, Stop> {
    go_on(scope)?;
    let project = run.project;
    let on_target =
        project.target.read(&staged.release.id, scope).await.map_err(Stop::target("read the staged release"))?;
    let folder = on_target.as_ref().map_or(staged.artifact.root.as_path(), |artifact| artifact.root.as_path());
    let judging = Judging {
        commit: &run.facts.begun.commit,
        artifact: Arc::clone(&staged.artifact),
        folder,
        extent: &Extent { emergency: run.facts.begun.emergency.clone(), ..Extent::default() },
    };
    let reports = judging::run(project, judging, scope).await?;
    run.note_before(Entry::Judged { reports: reports.clone() })?;
    match Stop::of_verdicts(&reports) {
        Some(stop) => Err(stop),
        None => Ok(Judged { release: staged.release }),
    }
}

/// Lets a judged release go ahead on the word of whoever typed the command.
pub(crate) fn approve(run: &mut Run<'_>, judged: Judged) -> Result<Approved, Stop> {
    let by = run.facts.begun.by.clone();
    run.note_before(Entry::Approved { by })?;
    Ok(Approved { release: judged.release })
}

/// Lets a release go ahead that was judged, shown and verified before: its record in the log is the evidence.
pub(crate) fn approve_again(
    run: &mut Run<'_>,
    record: &ProductionDeployment,
    release: Release,
    previous: Option<ReleaseId>,
) -> Result<Approved, Stop> {
    let evidence = record.build_info.artifact_digest;
    if evidence != Some(release.digest) {
        return Err(Stop::NothingToGoBackTo(format!(
            "the release `{}` on the target is not the one that `{}` recorded",
            release.id, record.deployment_id
        )));
    }
    run.note_before(Entry::Built { build_info: record.build_info.clone() })?;
    run.note_before(Entry::StageIntended { release: release.clone(), previous })?;
    run.note_before(Entry::Staged)?;
    run.note_before(Entry::Judged { reports: record.validation.gates.clone() })?;
    run.note_before(Entry::Approved { by: format!("the record of {}", record.deployment_id) })?;
    Ok(Approved { release })
}

/// The folders that hold records.
const LEDGER: [&str; 9] = [
    "deployments",
    "attestations",
    "configuration",
    "monitoring",
    "maintenance",
    "incidents",
    "approvals",
    "holds",
    "integrity",
];

/// Takes a snapshot of whatever is about to change, or finds that there is one.
pub(crate) async fn back_up(run: &mut Run<'_>, approved: Approved, scope: &Scope) -> Result<BackedUp, Stop> {
    go_on(scope)?;
    let snapshot = take_backup(run.project, &run.facts.begun.deployment.to_string(), scope).await?;
    run.note_before(Entry::BackedUp { snapshot })?;
    Ok(BackedUp { release: approved.release })
}

/// Takes a snapshot of the records, the configuration and the live release.
///
/// # Errors
/// When the target cannot be read or the snapshot cannot be taken.
pub async fn take_backup(project: &Project, reason: &str, scope: &Scope) -> Result<charter_deploy_model::Stamp, Stop> {
    let started = Instant::now();
    let mut contents = vec![ledger(&project.records)?];
    contents.push(Content::file("configuration", &project.settings.configuration_file).map_err(Stop::backup)?);
    if let Some(live) = project.live(scope).await? {
        let artifact = project.target.read(&live, scope).await.map_err(Stop::target("read the live release"))?;
        if let Some(artifact) = artifact {
            contents.push(live_content(&artifact));
        }
    }
    let taken = project.backups.create(reason, &contents, scope).await.map_err(Stop::backup)?;
    project.events.emit(EventKind::BackedUp {
        snapshot: taken.snapshot.id,
        reused: taken.reused,
        added_bytes: if taken.reused { 0 } else { taken.snapshot.added_bytes },
        milliseconds: milliseconds(started),
    });
    Ok(taken.snapshot.id)
}

/// Returns the records: what can be made again and what is under way is left out.
fn ledger(records: &Path) -> Result<Content, Stop> {
    let mut ledger = Content { name: "ledger".to_owned(), root: records.to_owned(), files: Vec::new() };
    for folder in LEDGER {
        let part = Content::folder(folder, &records.join(folder)).map_err(Stop::backup)?;
        let files = part.files.into_iter();
        ledger
            .files
            .extend(files.map(|file| charter_backup::ContentFile { path: format!("{folder}/{}", file.path), ..file }));
    }
    for name in ["log/entries", "store.json"] {
        let part = Content::file(name, &records.join(name)).map_err(Stop::backup)?;
        ledger
            .files
            .extend(part.files.into_iter().map(|file| charter_backup::ContentFile { path: name.to_owned(), ..file }));
    }
    ledger.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(ledger)
}

fn live_content(artifact: &Artifact) -> Content {
    let files = artifact.files.iter().map(|file| charter_backup::ContentFile {
        path: file.path.clone(),
        size: file.size,
        digest: Some(file.digest),
    });
    Content { name: "live".to_owned(), root: artifact.root.clone(), files: files.collect() }
}
