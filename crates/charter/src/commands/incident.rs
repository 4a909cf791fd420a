//! `incident`: times in which users do not get what they come for.

use std::path::Path;

use charter_deploy_model::{
    DeploymentStatus, Failure, IncidentId, IncidentStatus, MonitoringAlert, ProductionDeployment, UptimeIncident,
    UsersSee, exit,
};
use charter_host::durable;
use charter_pipeline::Project;
use charter_report::PostMortem;
use charter_report::json::v1;
use jiff::Timestamp;

use super::{Ended, Invocation};
use crate::args::{IncidentCommand, Opened, Resolved, Updated};
use crate::incidents::{self, Beginning, IncidentError};
use crate::{open as opening, usage};

pub(super) async fn incident(invocation: &Invocation<'_>, command: IncidentCommand) -> Ended {
    match command {
        IncidentCommand::Open(opened) => open(invocation, opened).await,
        IncidentCommand::Update(updated) => update(invocation, updated).await,
        IncidentCommand::Resolve(resolved) => resolve(invocation, resolved).await,
        IncidentCommand::List { open } => list(invocation, open).await,
        IncidentCommand::Show { incident } => show(invocation, incident).await,
        IncidentCommand::Report { incident, output } => report(invocation, incident, output.as_deref()).await,
    }
}

/// Makes the failure of an incident that could not be opened, changed, ended or read.
pub(super) fn failed(error: &IncidentError) -> Failure {
    let exit_code = match error {
        IncidentError::Unknown(_) | IncidentError::OfMonitor(_) | IncidentError::Over(_) => exit::USAGE,
        IncidentError::Held(_) => exit::LOCKED,
        IncidentError::Records(_) => exit::LOG_BROKEN,
        _ => exit::NOT_PUBLISHED,
    };
    let mut causes = charter_pipeline::chain_of(error).into_iter();
    Failure {
        exit_code,
        what: causes.next().unwrap_or_default(),
        why: causes.collect(),
        users_see: UsersSee::NotConcerned,
        next: vec![error.help().to_owned()],
    }
}

fn say(invocation: &Invocation<'_>, it: &UptimeIncident, now: Timestamp) {
    invocation.output.result(|| charter_report::incident(it, now), || v1::incident(it));
}

async fn open(invocation: &Invocation<'_>, opened: Opened) -> Ended {
    let project = invocation.project().await?;
    let before = incidents::shown(&project, &invocation.output.scope()).await;
    let Opened { title, severity, service: services, public: public_title } = opened;
    let beginning = Beginning { title, severity, services, public_title };
    let open = incidents::open(&project, beginning, before.as_ref()).await.map_err(|error| failed(&error))?;
    say(invocation, &open.record(), project.host.clock.now());
    let id = open.incident.incident_id;
    invocation.output.note(&format!("`cargo xtask incident update {id} TEXT` says what is known; `resolve` ends it"));
    Ok(exit::DONE)
}

async fn update(invocation: &Invocation<'_>, updated: Updated) -> Ended {
    let project = invocation.project().await?;
    let (now, by) = (project.host.clock.now(), incidents::who(&project));
    let changed = incidents::change(&project, updated.incident, |open| {
        open.update(now, &by, &updated.text, updated.status, updated.public);
        if let Some(cause) = updated.cause {
            open.incident.root_cause = Some(cause);
        }
    });
    say(invocation, &changed.await.map_err(|error| failed(&error))?.record(), now);
    Ok(exit::DONE)
}

async fn resolve(invocation: &Invocation<'_>, resolved: Resolved) -> Ended {
    let project = invocation.project().await?;
    let (now, by) = (project.host.clock.now(), incidents::who(&project));
    let changed = incidents::change(&project, resolved.incident, |open| {
        if let Some(cause) = resolved.cause {
            open.incident.root_cause = Some(cause);
        }
        open.incident.post_mortem = resolved.post_mortem;
        open.resolve(now, &by, &resolved.resolution);
    });
    let record = changed.await.map_err(|error| failed(&error))?.record();
    say(invocation, &record, now);
    let id = record.incident_id;
    invocation.output.note(&format!("`cargo xtask incident report {id}` writes its post-mortem, due within 24 hours"));
    Ok(exit::DONE)
}

/// Returns all incidents that are known, those that somebody was about to record with their records.
async fn all(project: &Project) -> Result<Vec<UptimeIncident>, Failure> {
    incidents::settle(project).await.map_err(|error| failed(&error))?;
    incidents::all(project).await.map_err(|error| failed(&error))
}

async fn list(invocation: &Invocation<'_>, only_open: bool) -> Ended {
    let project = invocation.project().await?;
    let mut all = all(&project).await?;
    all.retain(|it| !only_open || it.status != IncidentStatus::Resolved);
    let now = project.host.clock.now();
    invocation.output.result(|| charter_report::incidents(&all, now), || v1::incidents(&all));
    Ok(exit::DONE)
}

fn find(all: &[UptimeIncident], wanted: Option<IncidentId>) -> Result<&UptimeIncident, Failure> {
    let found = match wanted {
        Some(id) => all.iter().find(|it| it.incident_id == id),
        None => all.last(),
    };
    found.ok_or_else(|| match wanted {
        Some(id) => usage(format!("there is no incident `{id}`"), Vec::new(), &["cargo xtask incident list"]),
        None => usage("there was no incident yet", Vec::new(), &["`cargo xtask incident open TITLE` begins one"]),
    })
}

async fn show(invocation: &Invocation<'_>, wanted: Option<IncidentId>) -> Ended {
    let project = invocation.project().await?;
    let all = all(&project).await?;
    say(invocation, find(&all, wanted)?, project.host.clock.now());
    Ok(exit::DONE)
}

async fn report(invocation: &Invocation<'_>, wanted: Option<IncidentId>, output: Option<&Path>) -> Ended {
    let project = invocation.project().await?;
    let all = all(&project).await?;
    let now = project.host.clock.now();
    let asked: Vec<&UptimeIncident> = match (wanted, output) {
        (Some(_), _) => vec![find(&all, wanted)?],
        (None, Some(_)) => all.iter().collect(),
        (None, None) => {
            invocation.output.result(|| charter_report::incident_overview(&all, now), || v1::incidents(&all));
            return Ok(exit::DONE);
        }
    };
    let deployments = incidents::deployments(&project).await.map_err(|error| failed(&error))?;
    let alerts = alerts(&project)?;
    let asked: Vec<PostMortem> =
        asked.into_iter().map(|incident| learned(incident, &alerts, &deployments, &all, now)).collect();
    match output {
        None => asked
            .iter()
            .for_each(|it| invocation.output.result(|| charter_report::post_mortem(it), || v1::post_mortem(it))),
        Some(folder) => {
            let folder = opening::root(invocation.surroundings, &invocation.common)?.join(folder);
            write(invocation, &folder, &asked, &all, now)?;
        }
    }
    Ok(exit::DONE)
}

/// Returns the alerts that the monitor remembers, each once.
fn alerts(project: &Project) -> Result<Vec<MonitoringAlert>, Failure> {
    let standing = incidents::standing(project).map_err(|error| failed(&error))?.unwrap_or_default();
    let mut alerts: Vec<MonitoringAlert> =
        standing.past.into_iter().chain(standing.alerts.into_values().map(|alert| alert.alert)).collect();
    alerts.sort_by_key(|alert| alert.alert_id);
    alerts.dedup_by_key(|alert| alert.alert_id);
    Ok(alerts)
}

/// Puts together what is to be learned of an incident.
fn learned(
    incident: &UptimeIncident,
    alerts: &[MonitoringAlert],
    deployments: &[ProductionDeployment],
    all: &[UptimeIncident],
    now: Timestamp,
) -> PostMortem {
    let (from, to) = (incident.start_time, incident.end_time.unwrap_or(now));
    let is_of_its_time =
        |alert: &&MonitoringAlert| alert.triggered_at <= to && alert.resolved_at.is_none_or(|end| end >= from);
    let before = incident.deployment_id.and_then(|id| deployments.iter().find(|it| it.deployment_id == id));
    let is_earlier = |it: &&ProductionDeployment| {
        it.status == DeploymentStatus::Success
            && before.is_some_and(|before| {
                it.deployment_id < before.deployment_id && it.release_id == before.previous_release_id
            })
    };
    PostMortem {
        incident: incident.clone(),
        alerts: alerts.iter().filter(is_of_its_time).cloned().collect(),
        before: before.cloned(),
        compared_with: deployments.iter().rev().find(is_earlier).map(|it| it.commit_hash.clone()),
        during: deployments.iter().filter(|it| it.finished_at > from && it.finished_at <= to).cloned().collect(),
        all: all.to_vec(),
        made_at: now,
    }
}

/// Writes the files that are not there: what somebody filled in stays.
fn write(
    invocation: &Invocation<'_>,
    folder: &Path,
    asked: &[PostMortem],
    all: &[UptimeIncident],
    now: Timestamp,
) -> Result<(), Failure> {
    let unwritten = |error| opening::broken("the post-mortem could not be written", &error);
    durable::make_folder(folder).map_err(unwritten)?;
    let mut written = Vec::new();
    for it in asked {
        let path = folder.join(format!("{}.md", it.incident.incident_id));
        match durable::publish(&path, charter_report::post_mortem(it).as_bytes()) {
            Ok(()) => written.push(path),
            Err(error) if error.is_already_there() => {
                invocation.output.note(&format!("{} is there already, and stays as it is", path.display()));
            }
            Err(error) => return Err(unwritten(error)),
        }
    }
    let overview = folder.join("incidents.md");
    durable::replace(&overview, charter_report::incident_overview(all, now).as_bytes()).map_err(unwritten)?;
    for file in written.into_iter().chain([overview]) {
        invocation.output.note(&file.display().to_string());
    }
    Ok(())
}
