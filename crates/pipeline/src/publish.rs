//! From a release that may be shown to one that is shown, verified and on record: `BackedUp → Live → Verified →
//! Recorded`, or back.
//!
//! From the switch on nothing is cancelled: it is completed or undone.

use charter_backup::Depth;
use charter_deploy_model::{
    Attestation, DeploymentErrorType, Environment, EventKind, ProductionBranch, ProductionDeployment, Release,
};
use charter_host::{Scope, SigningKey, fault};
use charter_store::{Checkpoint, Prepared, StoreError};
use charter_targets::TargetError;
use tokio::time::Instant;

use crate::journal::Entry;
use crate::prepare::BackedUp;
use crate::recover::settle_configuration;
use crate::run::{Run, deployments, milliseconds, verified};
use crate::stop::chain;
use crate::{Finished, Project, Stop, github, live_check, retention};

/// A release that users are shown.
#[derive(Debug)]
pub(crate) struct Live {
    release: Release,
    /// When it was switched to, where this process did that.
    since: Option<Instant>,
}

/// A release that the live site was seen to show, with every check passing.
#[derive(Debug)]
pub(crate) struct Verified {
    release: Release,
}

/// Shows the release, verifies it live and puts it on record; or shows the release before again and records that.
pub(crate) async fn publish(mut run: Run<'_>, ready: BackedUp, scope: &Scope) -> Result<Finished, Stop> {
    match activate(&mut run, ready, scope).await {
        Ok(live) => settle_live(run, live, scope).await,
        Err(NotLive::Certainly(stop)) => abandon(run, stop, scope).await,
        // The journal stays: the next command asks again and settles it.
        Err(NotLive::Perhaps(stop)) => Err(stop),
    }
}

/// Why a release is not known to be live.
enum NotLive {
    /// Users see what they saw.
    Certainly(Stop),
    /// The switch failed, and the target does not answer: it may have happened.
    Perhaps(Stop),
}

impl From<Stop> for NotLive {
    fn from(stop: Stop) -> Self {
        Self::Certainly(stop)
    }
}

/// Brings a deployment whose release is live to its end.
pub(crate) async fn settle_live(mut run: Run<'_>, live: Live, scope: &Scope) -> Result<Finished, Stop> {
    let scope = &scope.shielded();
    match verify(&mut run, live, scope).await {
        Ok(verified) => match record(&mut run).await {
            Ok(record) => Ok(finish(run, record, Some(verified), scope).await),
            Err(stop) => match recorded_all_the_same(&run).await {
                Some(record) => Ok(finish(run, record, Some(verified), scope).await),
                // A disk that fills up after the switch: the release is taken back rather than left without a record.
                None => go_back(run, format!("it could not be put on record: {}", chain(&stop)), scope).await,
            },
        },
        Err(reason) => go_back(run, reason, scope).await,
    }
}

/// Returns the record if the log has it although writing it failed: the log is asked, not the error.
async fn recorded_all_the_same(run: &Run<'_>) -> Option<ProductionDeployment> {
    run.project.store.read(&format!("deployments/{}.json", run.facts.begun.deployment)).await.ok()
}

async fn activate(run: &mut Run<'_>, ready: BackedUp, scope: &Scope) -> Result<Live, NotLive> {
    crate::run::go_on(scope)?;
    let (project, started) = (run.project, Instant::now());
    let scope = &scope.shielded();
    let release = ready.release();
    let from = run.facts.previous.clone();
    run.note_before(Entry::ActivateIntended { to: release.id.clone(), from: from.clone() })?;
    fault::point("about to switch").map_err(|error| not_published("switch", error))?;
    if let Err(error) = project.target.activate(&release.id, from.as_ref(), scope).await {
        // The switch may have happened all the same: the target is asked, not the error.
        match project.target.live(scope).await {
            Ok(live) if live.as_ref() == Some(&release.id) => {}
            Ok(_) | Err(TargetError::Foreign { .. }) => return Err(Stop::target("switch to the release")(error).into()),
            Err(_) => return Err(NotLive::Perhaps(Stop::target("find out whether the release is live")(error))),
        }
    }
    let milliseconds = milliseconds(started);
    let activated = Entry::Activated { milliseconds: Some(milliseconds), at: Some(project.host.clock.now()) };
    // From here on a failing journal takes nothing back by itself: recovery asks the target what is live.
    run.facts.learn(&activated);
    let _ = run.note(activated);
    project.events.emit(EventKind::ReleaseActivated { release: release.id.clone(), previous: from, milliseconds });
    Ok(Live { release, since: Some(started) })
}

impl Live {
    /// Takes up an interrupted deployment whose release the target says is live.
    ///
    /// The evidence is checked again: verdict, approval and backup must be in its journal, and the release on the
    /// target must be the one that was judged.
    pub(crate) async fn from_journal(run: &Run<'_>, scope: &Scope) -> Result<Self, String> {
        let facts = &run.facts;
        let release = facts.release.clone().ok_or("its journal names no release")?;
        let judged = facts.reports.as_ref().ok_or("its journal holds no verdict")?;
        if judged.iter().any(|report| report.blocks) {
            return Err("a gate blocked it".to_owned());
        }
        if facts.approved_by.is_none() {
            return Err("its journal holds no approval".to_owned());
        }
        let snapshot = facts.snapshot.ok_or("its journal names no backup")?;
        match run.project.backups.verify(snapshot, Depth::Listed, scope).await {
            Ok(verified) if verified.faults.is_empty() => {}
            Ok(verified) => return Err(format!("its backup is damaged: {}", verified.faults.join("; "))),
            Err(error) => return Err(format!("its backup cannot be read: {}", chain(&error))),
        }
        match run.project.target.holds(&release, scope).await {
            Ok(true) => Ok(Self { release, since: None }),
            Ok(_) => Err("the files on the target are not those that were judged".to_owned()),
            Err(error) => Err(format!("the target cannot be read: {error}")),
        }
    }
}

/// Asks the live site. The error says what it did not like.
async fn verify(run: &mut Run<'_>, live: Live, scope: &Scope) -> Result<Verified, String> {
    let project = run.project;
    let verification = live_check::check(project, &live.release, live.since, scope).await;
    if let Some(milliseconds) = verification.visible_after_ms {
        project.events.emit(EventKind::ReleaseVisible { release: live.release.id.clone(), milliseconds });
    }
    for check in &verification.checks {
        project.events.emit(EventKind::LiveChecked { check: check.clone() });
    }
    let problem = live_check::problem(&verification);
    run.note(Entry::LiveChecked { verification })
        .map_err(|error| format!("the journal cannot be written: {}", chain(&error)))?;
    match problem {
        None => Ok(Verified { release: live.release }),
        Some(problem) => Err(problem),
    }
}

/// Writes the deployment's record in its final state and logs it.
async fn record(run: &mut Run<'_>) -> Result<ProductionDeployment, Stop> {
    let project = run.project;
    let record = run.facts.record(project.address(), project.host.clock.now(), &project.kinds());
    let prepared = project.store.prepare(&record).map_err(Stop::store("put it on record"))?;
    run.note_before(Entry::RecordIntended { prepared })?;
    commit_record(run).await?;
    Ok(record)
}

/// Writes the record that the journal announces.
pub(crate) async fn commit_record(run: &mut Run<'_>) -> Result<(), Stop> {
    let project = run.project;
    let Some(prepared) = run.facts.prepared.clone() else { return Ok(()) };
    fault::point("about to record").map_err(|error| not_published("put it on record", error))?;
    let checkpoint = commit(project, &prepared).await.map_err(Stop::store("put it on record"))?;
    project.events.emit(EventKind::Recorded {
        path: prepared.path.clone(),
        log_size: checkpoint.size,
        root: checkpoint.root,
    });
    // The record is in the log: that the journal may not say so costs the recovery a look, nothing more.
    if run.note(Entry::Recorded { checkpoint }).is_err() {
        run.facts.checkpoint = Some(checkpoint);
    }
    Ok(())
}

/// Commits a record. A file in its place that the log does not have is what a failed write left of an earlier intent,
/// one that was given up since: it is put aside.
async fn commit(project: &Project, prepared: &Prepared) -> Result<Checkpoint, StoreError> {
    let folder = prepared.path.split_once('/').map_or("", |(folder, _)| folder);
    match project.store.commit(prepared).await {
        Err(StoreError::AlreadyTaken { path }) if !project.store.paths(folder).await?.contains(&path) => {
            project.store.quarantine(&path, "it was never logged, and another record took its place").await?;
            project.store.commit(prepared).await
        }
        committed => committed,
    }
}

/// Does what follows a record and can be done later just as well: anchors it, retires old releases, closes the
/// journal. What fails here is warned of and made up for by the next command.
pub(crate) async fn finish(
    mut run: Run<'_>,
    record: ProductionDeployment,
    verified: Option<Verified>,
    scope: &Scope,
) -> Finished {
    let project = run.project;
    let reports = run.facts.reports.clone().unwrap_or_default();
    let release = verified.map(|verified| verified.release);
    let attested = attest(project, &record).await;
    if let Err(problem) = &attested {
        project.events.warn(format!("{problem}; the next command tries again"));
    }
    let anchored = anchor(&run, scope).await;
    if let Err(problem) = &anchored {
        project.events.warn(format!("{problem}; the next command tries again"));
    }
    if let Some(github) = project.github.as_ref().filter(|_| project.settings.list_on_github)
        && let Err(problem) = github::list_deployment(github, &record).await
    {
        project.events.warn(format!("GitHub does not list this deployment: {problem}"));
    }
    if let Err(error) = project.store.flush().await {
        project.events.warn(format!("the indexes could not be brought up to date: {}", chain(&error)));
    }
    if let Err(stop) = retire(project, scope).await {
        project.events.warn(format!("an old release could not be removed: {}", chain(&stop)));
    }
    // Closed without this, the journal would leave a file behind that the log does not have.
    let settled = settle_configuration(&mut run).await;
    if let Err(stop) = &settled {
        project.events.warn(format!("{}; the next command will", chain(stop)));
    }
    if attested.is_ok()
        && anchored.is_ok()
        && settled.is_ok()
        && let Err(error) = run.close()
    {
        project.events.warn(format!("the journal could not be closed: {}", chain(&error)));
    }
    Finished { record, release, reports }
}

/// Puts what the gates made of the build on record in the form that other tools read.
async fn attest(project: &Project, record: &ProductionDeployment) -> Result<(), String> {
    let Some(mut attestation) = Attestation::of(record) else { return Ok(()) };
    // Without a key the log alone vouches for it.
    match SigningKey::open(&project.signing_key) {
        Ok(key) => {
            let signature = key.sign(&attestation.envelope.signed_bytes());
            attestation.envelope.add_signature(key.id(), &signature);
            attestation.public_key = Some(key.public_pem());
        }
        Err(error) => project.events.warn(format!("the attestation is not signed: {}", chain(&error))),
    }
    let attested = async { commit(project, &project.store.prepare(&attestation)?).await };
    let problem = |error| format!("what the gates made of the build could not be attested: {}", chain(&error));
    attested.await.map(drop).map_err(problem)
}

/// Makes a production branch that keeps the commit and the log's root, and pushes what no remote has yet.
async fn anchor(run: &Run<'_>, scope: &Scope) -> Result<(), String> {
    let (project, begun) = (run.project, &run.facts.begun);
    // A deployment that users saw nothing of is on record, and that is all there is to keep of it.
    if run.facts.activation.is_none() {
        return Ok(());
    }
    let (Environment::Production, Some(checkpoint)) = (begun.environment, &run.facts.checkpoint) else { return Ok(()) };
    let Ok(branch) = begun.branch.parse::<ProductionBranch>() else { return Ok(()) };
    let anchors = project.repository.anchors().map_err(|error| chain(&error))?;
    // The branch's name holds the deployment's second, so a branch that is there was made by this deployment.
    if !anchors.iter().any(|anchor| anchor.branch == branch) {
        let subject = format!("{} of {}", begun.deployment, begun.commit.short());
        fault::point("about to anchor").map_err(|error| error.to_string())?;
        project
            .repository
            .anchor(&branch, &begun.commit, checkpoint.size, &checkpoint.root, &subject, begun.at)
            .map_err(|error| format!("the production branch `{branch}` could not be written: {}", chain(&error)))?;
        fault::point("anchored").map_err(|error| error.to_string())?;
    }
    let pushed = match &project.settings.branches_remote {
        None => false,
        Some(remote) => {
            match push_anchors(project, remote, scope).await {
                Ok(()) => true,
                Err(problem) => {
                    project.events.warn(format!("production branches could not be pushed to `{remote}`: {problem}; the next deployment tries again"));
                    false
                }
            }
        }
    };
    project.events.emit(EventKind::Anchored { branch: branch.to_string(), pushed });
    Ok(())
}

async fn push_anchors(project: &Project, remote: &str, scope: &Scope) -> Result<(), String> {
    let anchors = project.repository.anchors().map_err(|error| chain(&error))?;
    let refs: Vec<charter_repository::RefUpdate> = anchors
        .iter()
        .filter(|anchor| !anchor.published)
        .map(|anchor| charter_repository::RefUpdate {
            name: format!("refs/heads/{}", anchor.branch),
            to: anchor.commit.clone(),
            expected: None,
        })
        .collect();
    if refs.is_empty() {
        return Ok(());
    }
    project.repository.push(remote, &refs, &project.host, scope).await.map_err(|error| chain(&error))
}

async fn retire(project: &Project, scope: &Scope) -> Result<(), Stop> {
    let deployments = deployments(project).await?;
    let shown: Vec<_> = verified(&deployments).into_iter().filter_map(|record| record.release_id.clone()).collect();
    let staged = project.target.releases(scope).await.map_err(Stop::target("list the releases"))?;
    let staged: Vec<_> = staged.into_iter().map(|release| release.id).collect();
    let live = project.live(scope).await?;
    for release in retention::to_retire(&staged, &shown, live.as_ref(), project.settings.keep_releases) {
        project.target.retire(&release, scope).await.map_err(Stop::target("remove an old release"))?;
        project.events.emit(EventKind::ReleaseRetired { release });
    }
    Ok(())
}

/// Shows the release before again, or nothing when there was none, and records how it went.
pub(crate) async fn go_back(mut run: Run<'_>, reason: String, scope: &Scope) -> Result<Finished, Stop> {
    let (project, started) = (run.project, Instant::now());
    // Going back comes first: a journal that cannot be written must not keep users on a bad release.
    let intent = Entry::GoBackIntended { reason: reason.clone() };
    run.facts.learn(&intent);
    let _ = run.note(intent);
    let previous = run.facts.previous.clone();
    if let Err(source) = show_previous(&run, scope).await {
        return Err(Stop::RollbackFailed { reason, release: previous, source });
    }
    let _ = run.note(Entry::WentBack);
    project.events.emit(EventKind::RolledBack {
        release: previous.clone(),
        reason: reason.clone(),
        milliseconds: milliseconds(started),
    });
    let stop = Stop::RolledBack { release: previous, reason };
    close_failed(run, scope).await;
    Err(stop)
}

async fn show_previous(run: &Run<'_>, scope: &Scope) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let project = run.project;
    let Some(release) = &run.facts.release else { return Ok(()) };
    fault::point("about to go back")?;
    match &run.facts.previous {
        Some(previous) => project.target.activate(previous, Some(&release.id), scope).await?,
        None => project.target.withdraw(&release.id, scope).await?,
    }
    let live = project.target.live(scope).await?;
    if live != run.facts.previous {
        return Err("the target does not show the release before".into());
    }
    Ok(())
}

/// Undoes a deployment of which users saw nothing, and records why it went no further.
pub(crate) async fn abandon(mut run: Run<'_>, stop: Stop, scope: &Scope) -> Result<Finished, Stop> {
    let scope = &scope.shielded();
    let part = match &stop {
        Stop::Build(_) | Stop::TouchedByBuild | Stop::Artifact(_) => DeploymentErrorType::Build,
        Stop::Blocked { .. } | Stop::Inconclusive { .. } | Stop::NothingChecked { .. } => {
            DeploymentErrorType::Validation
        }
        _ => DeploymentErrorType::Deployment,
    };
    if run.facts.abandoned.is_none() {
        let abandoned = Entry::Abandoned { part, reason: chain(&stop) };
        run.facts.learn(&abandoned);
        let _ = run.note(abandoned);
    }
    undo_staging(&run, scope).await;
    close_failed(run, scope).await;
    Err(stop)
}

/// Removes what an abandoned deployment staged; an earlier release that a rollback named stays.
async fn undo_staging(run: &Run<'_>, scope: &Scope) {
    let Some(release) = &run.facts.release else { return };
    if release.deployment_id != run.facts.begun.deployment {
        return;
    }
    if let Err(error) = run.project.target.retire(&release.id, scope).await {
        run.project.events.warn(format!("the staged release {} could not be removed: {}", release.id, chain(&error)));
    }
}

/// Records a deployment that did not succeed. If even that fails, its journal stays and the next command records it.
pub(crate) async fn close_failed(mut run: Run<'_>, scope: &Scope) {
    match record(&mut run).await {
        Ok(record) => {
            finish(run, record, None, scope).await;
        }
        Err(stop) => run.project.events.warn(format!("{}; the next command will", chain(&stop))),
    }
}

fn not_published(doing: &'static str, error: std::io::Error) -> Stop {
    Stop::NotPublished { doing, help: None, source: error.into() }
}
