//! `monitor`: watches what is live.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use charter_deploy_model::{Failure, UptimeStatus, exit};
use charter_host::{Scope, Setup};
use charter_monitor::{Endpoint, Lateness, Look, Patience, Plan, Snapshot, Watched, monitor, runner};
use charter_pipeline::Project;
use charter_report::EndpointStanding;
use charter_report::json::v1;
use tokio::sync::{mpsc, watch};

use super::{Ended, Invocation};
use crate::args::MonitorCommand;
use crate::config::Config;
use crate::config::watching::EndpointConfig;
use crate::watching::{FOLDER, Watching};
use crate::{open, signals, usage};

/// So many endpoints are looked at at a time by `monitor once`.
const AT_ONCE: usize = 64;

pub(super) async fn monitor(invocation: &Invocation<'_>, command: MonitorCommand) -> Ended {
    match command {
        MonitorCommand::Run => run(invocation).await,
        MonitorCommand::Once => once(invocation).await,
        MonitorCommand::Status => status(invocation).await,
    }
}

/// Returns what the project watches.
fn plan(invocation: &Invocation<'_>, project: &Project) -> Result<Plan, Failure> {
    let root = open::root(invocation.surroundings, &invocation.common)?;
    let config = open::configuration(invocation.charter, &root)?;
    let setup = Setup { host: &project.host, root: &root, secrets: &project.secrets };
    let configured = endpoints(&config, project)?;
    let names: BTreeSet<&str> = configured.iter().map(|(name, _)| name.as_str()).collect();
    let (mut endpoints, mut watched) = (Vec::new(), Vec::new());
    for (name, it) in &configured {
        if let Some(unknown) = it.depends_on.iter().find(|parent| !names.contains(parent.as_str())) {
            let meant = charter_host::nearest(unknown, names.iter().copied());
            let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
            return Err(usage(
                format!("`{name}` depends on `{unknown}`, which is not watched{meant}"),
                Vec::new(),
                &[],
            ));
        }
        let probe = open::build_probe(invocation.charter, name, &it.probe, &setup)?;
        watched.push(Watched {
            name: name.clone(),
            address: probe.address(),
            severity: it.severity,
            depends_on: it.depends_on.clone(),
            patience: Patience { fall: it.fall, rise: it.rise },
            is_remote: probe.meta().id != charter_monitor::kinds::system::META.id,
        });
        endpoints.push(Endpoint::new(name, Arc::from(probe), Duration::from_secs(it.interval_seconds)));
    }
    Ok(Plan {
        endpoints,
        watched,
        environment: project.settings.environment,
        location: config.monitor.location.clone(),
        folder: project.records.join(FOLDER),
        record_every: Duration::from_secs(config.monitor.record_every_seconds),
    })
}

fn endpoints(config: &Config, project: &Project) -> Result<Vec<(String, EndpointConfig)>, Failure> {
    if !config.monitor.endpoints.is_empty() {
        return Ok(config.monitor.endpoints.clone().into_iter().collect());
    }
    let url = project.settings.url.as_deref().ok_or_else(|| {
        let environment = project.settings.environment;
        let address = format!("give [environments.{environment}] a `url`, or name endpoints:");
        let section = "[monitor.endpoints.site]  probe = { kind = \"http\", url = \"https://example.org/\" }";
        usage("there is nothing to watch", Vec::new(), &[&address, section])
    })?;
    Ok(vec![(project.settings.environment.to_string(), EndpointConfig::of_url(url))])
}

async fn once(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project().await?;
    let plan = plan(invocation, &project)?;
    let scope = invocation.output.scope();
    let looks = runner::once(&plan.endpoints, project.host.clock.as_ref(), AT_ONCE, &scope).await;
    let standing: Vec<EndpointStanding> =
        looks.iter().map(|look| of_look(&plan.watched[look.endpoint], look)).collect();
    invocation.output.result(|| charter_report::watched(&standing), || v1::watched(&standing));
    Ok(exit_code(&standing))
}

fn of_look(watched: &Watched, look: &Look) -> EndpointStanding {
    let cause = look.reading.as_ref().and_then(|reading| reading.cause.as_ref()).map(|cause| cause.message.clone());
    let took = look.reading.as_ref().and_then(|reading| reading.took);
    EndpointStanding {
        name: watched.name.clone(),
        address: watched.address.clone(),
        status: look.status(),
        since: None,
        took_ms: took.map(|took| took.as_secs_f64() * 1000.0),
        detail: cause.or_else(|| look.unknown.clone()).unwrap_or_else(|| watched.address.clone()),
    }
}

/// Something that is down is told before something that nobody could look at.
fn exit_code(standing: &[EndpointStanding]) -> u8 {
    let any = |status| standing.iter().any(|it| it.status == status);
    if any(UptimeStatus::Down) {
        exit::BLOCKED
    } else if any(UptimeStatus::Unknown) {
        exit::INCONCLUSIVE
    } else {
        exit::DONE
    }
}

async fn status(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project().await?;
    let plan = plan(invocation, &project)?;
    let known = monitor::read_standing(&plan.folder)
        .map_err(|error| open::broken("how things stand cannot be read", &error))?
        .unwrap_or_default();
    let standing: Vec<EndpointStanding> = plan.watched.iter().map(|watched| of_standing(watched, &known)).collect();
    invocation.output.result(|| charter_report::watched(&standing), || v1::watched(&standing));
    Ok(exit_code(&standing))
}

fn of_standing(watched: &Watched, known: &charter_monitor::Standing) -> EndpointStanding {
    let watch = known.watches.get(&watched.name);
    let alert = known.alerts.values().find(|alert| alert.endpoint == watched.name);
    let detail = match alert {
        Some(alert) => {
            let taken_on = alert.acknowledged.as_ref().map(|it| format!("; taken on by {}: {}", it.by, it.reason));
            format!("{}{}", alert.alert.description, taken_on.unwrap_or_default())
        }
        None => watched.address.clone(),
    };
    EndpointStanding {
        name: watched.name.clone(),
        address: watched.address.clone(),
        status: watch.map_or(UptimeStatus::Unknown, |watch| watch.status),
        since: watch.map(|watch| watch.since),
        took_ms: None,
        detail,
    }
}

async fn run(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project().await?;
    let plan = plan(invocation, &project)?;
    charter_host::durable::make_folder(&plan.folder)
        .map_err(|error| open::broken("the monitor's folder cannot be made", &error))?;
    let holder =
        charter_host::lock::Holder::this_process("monitor", project.repository.root(), project.host.clock.now());
    let _held = charter_host::lock::take(&plan.folder.join("lock"), &holder)
        .map_err(|error| usage("another monitor watches this project", charter_pipeline::chain_of(&error), &[]))?;
    let watching = Arc::new(Watching::new(Arc::clone(&project), invocation.output.clone()));
    watching.settle().await.map_err(|why| {
        usage("what an earlier monitor was about to record cannot be", vec![why], &["cargo xtask verify"])
    })?;
    let count = plan.endpoints.len();
    invocation
        .output
        .note(&format!("watching {count} {}    Ctrl-C ends it", if count == 1 { "endpoint" } else { "endpoints" }));
    let (_asks, asked) = mpsc::channel(16);
    let (shown, _snapshots) = watch::channel(Snapshot::default());
    let (scope, clock) = (Scope::default(), Arc::clone(&project.host.clock));
    let output = invocation.output.clone();
    let inner = scope.clone();
    let work =
        async move { monitor::run(plan, clock, watching, Arc::new(Lateness::default()), asked, shown, &inner).await };
    match signals::heed(scope, |text| output.note(text), work).await {
        Some(Ok(())) => Ok(exit::DONE),
        Some(Err(error)) => Err(open::broken("nothing is watched any more", &error)),
        None => Ok(exit::DONE),
    }
}
