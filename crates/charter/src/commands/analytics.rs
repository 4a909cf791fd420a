//! `analytics`: what the records say together.

use std::collections::BTreeMap;

use charter_deploy_model::analytics::{monitoring, performance, uptime};
use charter_deploy_model::dora::dora;
use charter_deploy_model::statistics::{Better, percentile, trend};
use charter_deploy_model::{
    DeploymentStatus, DeploymentType, Failure, MonitoringHour, MonitoringRun, ProductionDeployment, Record, Stamp,
    UptimeIncident, Window, exit, mean_time_to_recovery,
};
use charter_monitor::rules::histogram::Histogram;
use charter_pipeline::Project;
use charter_report::json::v1;
use charter_report::{Analytics, IncidentFigures, Spread, WatchedUptime};
use charter_store::StoreError;

use super::incident::failed;
use super::{Ended, Invocation};
use crate::incidents::{self, IncidentError};

pub(super) async fn analytics(invocation: &Invocation<'_>, days: u32) -> Ended {
    let project = invocation.project().await?;
    let (environment, window) = (project.settings.environment, Window::days_until(project.host.clock.now(), days));
    let deployments = incidents::deployments(&project).await.map_err(|error| failed(&error))?;
    let incidents = incidents::all(&project).await.map_err(|error| failed(&error))?;
    let watched = watched(&project, window).await.map_err(|error| failed(&IncidentError::Records(error)))?;
    let mut it = Analytics {
        environment,
        window,
        dora: dora(&deployments, &incidents, environment, window),
        deployments: performance(&deployments, environment, window),
        monitoring: monitoring(&watched.runs, &incidents, environment, window),
        endpoints: endpoints(&watched.hours, window),
        incidents: figures(&incidents, watched.any || has_run(&project)?, window),
        times: times(&deployments, window),
    };
    if !it.incidents.collected && it.dora.failed_changes == 0 {
        // Nobody would have known: that is no rate of 0.
        it.dora.change_failure_percent = None;
    }
    invocation.output.result(|| charter_report::analytics(&it), || v1::analytics(&it));
    Ok(exit::DONE)
}

/// What the monitor put on record.
#[derive(Debug, Default)]
struct WatchedRecords {
    /// Whether it ever recorded anything.
    any: bool,
    runs: Vec<MonitoringRun>,
    hours: Vec<MonitoringHour>,
}

async fn watched(project: &Project, window: Window) -> Result<WatchedRecords, StoreError> {
    let paths = project.store.paths("monitoring").await?;
    let mut watched = WatchedRecords { any: !paths.is_empty(), ..WatchedRecords::default() };
    for path in paths.iter().filter(|path| lies_in(path, window)) {
        match path.rsplit('/').next().is_some_and(|name| name.starts_with("samples-")) {
            true => watched.hours.extend(kept(project, path).await?),
            false => watched.runs.extend(kept(project, path).await?),
        }
    }
    watched.runs.sort_by_key(MonitoringRun::timestamp);
    Ok(watched)
}

/// Reads a record; one that the retention let go is none.
async fn kept<R: Record>(project: &Project, path: &str) -> Result<Option<R>, StoreError> {
    match project.store.read(path).await {
        Ok(record) => Ok(Some(record)),
        Err(StoreError::Pruned { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Says by its path whether what a record is about may lie in a window: `monitoring/2026/11/21/uptime-020711.json`.
fn lies_in(path: &str, window: Window) -> bool {
    let digits: String = path.chars().filter(char::is_ascii_digit).collect();
    let stamp = digits.get(..8).zip(digits.get(8..14)).map(|(day, time)| format!("{day}-{time}"));
    let stamp = stamp.and_then(|stamp| stamp.parse::<Stamp>().ok());
    stamp.is_none_or(|stamp| window.contains(stamp.timestamp()))
}

/// Says whether a monitor ever saved anything, be it on record already or not.
fn has_run(project: &Project) -> Result<bool, Failure> {
    incidents::standing(project).map(|standing| standing.is_some()).map_err(|error| failed(&error))
}

fn endpoints(hours: &[MonitoringHour], window: Window) -> Vec<WatchedUptime> {
    let mut latencies: BTreeMap<&str, Histogram> = BTreeMap::new();
    for endpoint in hours.iter().filter(|hour| window.contains(hour.hour)).flat_map(|hour| &hour.endpoints) {
        let histogram = endpoint.latency.as_ref().map(|text| serde_json::Value::String(text.clone()));
        // One that cannot be read, because a later version wrote it, is left out of the figures.
        if let Some(Ok(histogram)) = histogram.map(serde_json::from_value::<Histogram>) {
            latencies.entry(&endpoint.name).or_default().merge(&histogram);
        }
    }
    let spread = |name: &str| {
        let histogram = latencies.get(name)?;
        #[expect(clippy::cast_precision_loss, reason = "no answer takes 2^53 microseconds")]
        let at = |percent| histogram.percentile(percent).map(|micros| micros as f64 / 1000.0);
        let (p50_ms, p95_ms, p99_ms) = (at(50.0)?, at(95.0)?, at(99.0)?);
        Some(Spread { name: "answer", count: histogram.count(), p50_ms, p95_ms, p99_ms, trend: None })
    };
    let all = uptime(hours, window);
    all.into_iter().map(|uptime| WatchedUptime { latency: spread(&uptime.name), uptime }).collect()
}

fn figures(all: &[UptimeIncident], watched: bool, window: Window) -> IncidentFigures {
    let began: Vec<UptimeIncident> = all.iter().filter(|it| window.contains(it.start_time)).cloned().collect();
    let collected = watched || !all.is_empty();
    IncidentFigures {
        collected,
        began: collected.then_some(began.len() as u64),
        open: all.iter().filter(|it| it.seconds().is_none()).count() as u64,
        mttr_seconds: mean_time_to_recovery(&began),
        longest_seconds: began.iter().filter_map(UptimeIncident::seconds).max_by(f64::total_cmp),
    }
}

/// How long the parts of deployments took that ended in the window.
fn times(deployments: &[ProductionDeployment], window: Window) -> Vec<Spread> {
    let these: Vec<&ProductionDeployment> = deployments.iter().filter(|it| window.contains(it.finished_at)).collect();
    let of = |name, milliseconds: fn(&ProductionDeployment) -> Option<f64>| {
        let values: Vec<f64> = these.iter().filter_map(|it| milliseconds(it)).collect();
        Some(Spread {
            name,
            count: values.len() as u64,
            p50_ms: percentile(&values, 50)?,
            p95_ms: percentile(&values, 95)?,
            p99_ms: percentile(&values, 99)?,
            trend: trend(&values, Better::COST),
        })
    };
    #[expect(clippy::cast_precision_loss, reason = "no switch takes 2^53 milliseconds")]
    let switch = of("switch", |it| it.switch_ms.map(|took| took as f64));
    let visible = of("visible after", visible_after);
    let build = of("build", |it| it.build_info.build_time.filter(|_| !is_rollback(it)).map(|took| took * 1000.0));
    let deploy = of("deployment", |it| Some(took(it)).filter(|_| is_shown(it) && !is_rollback(it)));
    let rollback = of("rollback", |it| Some(took(it)).filter(|_| is_shown(it) && is_rollback(it)));
    [build, switch, visible, deploy, rollback].into_iter().flatten().collect()
}

#[expect(clippy::cast_precision_loss, reason = "no host takes 2^53 milliseconds")]
fn visible_after(it: &ProductionDeployment) -> Option<f64> {
    it.validation.live.as_ref().and_then(|live| live.visible_after_ms).map(|took| took as f64)
}

fn took(it: &ProductionDeployment) -> f64 {
    it.finished_at.duration_since(it.timestamp).as_secs_f64().max(0.0) * 1000.0
}

fn is_rollback(it: &ProductionDeployment) -> bool {
    it.deployment_type == DeploymentType::Rollback
}

fn is_shown(it: &ProductionDeployment) -> bool {
    it.status == DeploymentStatus::Success
}
