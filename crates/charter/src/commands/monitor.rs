//! `monitor`: watches what is live.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use charter_deploy_model::{AlertSeverity, Failure, Notice, Occasion, UptimeStatus, exit};
use charter_host::lock::{self, Holder};
use charter_host::{Scope, Setup, durable};
use charter_monitor::rules::labels::{Labels, Matcher, MatcherError};
use charter_monitor::rules::silence::Silence;
use charter_monitor::rules::window::{Maintenance, MaintenanceConfig};
use charter_monitor::{Ask, Endpoint, Lateness, Look, Patience, Plan, Snapshot, Watched, monitor, runner};
use charter_notify::{DeliveryFailed, Outbox, Policy, Settings};
use charter_pipeline::Project;
use charter_report::EndpointStanding;
use charter_report::json::v1;
use jiff::SignedDuration;
use serde_json::json;
use tokio::sync::{mpsc, oneshot, watch};

use super::{Ended, Invocation};
use crate::args::MonitorCommand;
use crate::config::Config;
use crate::config::watching::EndpointConfig;
use crate::watching::{ENDPOINT, FOLDER, Watching};
use crate::{open, signals, silences, usage};

/// What is to be delivered when a command ends is waited for so long; the next one delivers the rest.
const LAST_DELIVERIES: Duration = Duration::from_secs(15);

/// So many endpoints are looked at at a time by `monitor once`.
const AT_ONCE: usize = 64;

pub(super) async fn monitor(invocation: &Invocation<'_>, command: MonitorCommand) -> Ended {
    match command {
        MonitorCommand::Run => run(invocation).await,
        MonitorCommand::Once => once(invocation).await,
        MonitorCommand::Status => status(invocation).await,
        MonitorCommand::Ack { which, reason } => ack(invocation, which, reason).await,
        MonitorCommand::Silence { endpoints, time, reason } => silence(invocation, &endpoints, time, &reason).await,
        MonitorCommand::Test => test(invocation).await,
    }
}

/// Returns what the project watches, which may be nothing.
pub(super) fn plan_or_nothing(invocation: &Invocation<'_>, project: &Project) -> Result<Plan, Failure> {
    let root = open::root(invocation.surroundings, &invocation.common)?;
    let config = open::configuration(invocation.charter, &root)?;
    if config.monitor.endpoints.is_empty() && project.settings.url.is_none() {
        return Ok(Plan {
            endpoints: Vec::new(),
            watched: Vec::new(),
            environment: project.settings.environment,
            location: config.monitor.location,
            folder: project.records.join(FOLDER),
            record_every: Duration::from_secs(config.monitor.record_every_seconds),
        });
    }
    plan(invocation, project)
}

/// Returns when nobody is called.
pub(super) fn windows(config: &Config) -> Result<Vec<Maintenance>, Failure> {
    let window = |window: &MaintenanceConfig| {
        Maintenance::new(window.clone()).map_err(|error| usage(error.to_string(), Vec::new(), &[error.help()]))
    };
    config.monitor.maintenance.iter().map(window).collect()
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
    let reading = known.readings.get(&watched.name);
    let took = reading.and_then(|reading| reading.took).map(|took| took.as_secs_f64() * 1000.0);
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
        took_ms: took,
        detail,
    }
}

async fn run(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project().await?;
    let plan = plan(invocation, &project)?;
    let folder = plan.folder.clone();
    charter_host::durable::make_folder(&folder)
        .map_err(|error| open::broken("the monitor's folder cannot be made", &error))?;
    let holder = Holder::this_process("monitor", project.repository.root(), project.host.clock.now());
    let _held = lock::take(&folder.join("lock"), &holder)
        .map_err(|error| usage("another monitor watches this project", charter_pipeline::chain_of(&error), &[]))?;
    let (watching, failures) = watching(invocation, &project, &plan)?;
    let cannot =
        |why| usage("what an earlier monitor was about to record cannot be", vec![why], &["cargo xtask verify"]);
    watching.settle().await.map_err(cannot)?;
    let count = plan.endpoints.len();
    let what = if count == 1 { "endpoint" } else { "endpoints" };
    invocation.output.note(&format!("watching {count} {what}    Ctrl-C ends it"));

    let (asks, asked) = mpsc::channel(16);
    let (shown, _) = watch::channel(Snapshot::default());
    let (scope, clock) = (Scope::default(), Arc::clone(&project.host.clock));
    let (output, inner) = (invocation.output.clone(), scope.clone());
    let work = async move {
        let passing_on = tokio::spawn({
            let watching = Arc::clone(&watching);
            async move {
                if let Some(failures) = failures {
                    watching.pass_on(failures).await;
                }
            }
        });
        let hearing = tokio::spawn(hear(folder, asks, inner.clone()));
        let lateness = Arc::new(Lateness::default());
        let around = Arc::clone(&watching);
        let ended = monitor::run(plan, clock, around, lateness, asked, shown, &inner).await;
        watching.settled(LAST_DELIVERIES).await;
        passing_on.abort();
        hearing.abort();
        ended
    };
    match signals::heed(scope, |text| output.note(text), work).await {
        Some(Ok(())) | None => Ok(exit::DONE),
        Some(Err(error)) => Err(open::broken("nothing is watched any more", &error)),
    }
}

type Failures = mpsc::UnboundedReceiver<DeliveryFailed>;

/// Puts together whom the monitor tells and what it is told.
fn watching(
    invocation: &Invocation<'_>,
    project: &Arc<Project>,
    plan: &Plan,
) -> Result<(Arc<Watching>, Option<Failures>), Failure> {
    let root = open::root(invocation.surroundings, &invocation.common)?;
    let config = open::configuration(invocation.charter, &root)?;
    let windows = windows(&config)?;
    let labels = plan.watched.iter().map(|it| {
        let severity = format!("{:?}", it.severity).to_lowercase();
        Labels::from([(ENDPOINT.to_owned(), it.name.clone()), ("severity".to_owned(), severity)])
    });
    let outbox = outbox(invocation, project, &config.notify)?;
    let (outbox, failures) = outbox.map_or((None, None), |(outbox, failures)| (Some(outbox), Some(failures)));
    if outbox.is_none() {
        let words = "! nobody is told but whoever reads this: charter.toml has no [notify.routes]";
        invocation.output.note(words);
    }
    let output = invocation.output.clone();
    let labels = labels.collect();
    Ok((Arc::new(Watching::new(Arc::clone(project), output, outbox, config.notify, windows, labels)), failures))
}

/// Opens what does not forget to tell people; nothing where there is no way to tell them.
fn outbox(
    invocation: &Invocation<'_>,
    project: &Project,
    policy: &Policy,
) -> Result<Option<(Outbox, Failures)>, Failure> {
    if policy.routes.is_empty() {
        return Ok(None);
    }
    let problems = policy.problems(&BTreeMap::new());
    if !problems.is_empty() {
        let next = "mend [notify] in charter.toml";
        return Err(usage("people would not surely hear of what is critical", problems, &[next]));
    }
    let root = open::root(invocation.surroundings, &invocation.common)?;
    let setup = Setup { host: &project.host, root: &root, secrets: &project.secrets };
    let (routes, refused) = policy.build(&invocation.charter.notifiers, &setup);
    if let Some((name, error)) = refused.into_iter().next() {
        return Err(usage(format!("nobody can be told by the route `{name}`"), vec![error.to_string()], &[]));
    }
    let folder = project.records.join(FOLDER).join("outbox");
    let opened = Outbox::open(&folder, Arc::clone(&project.host.clock), routes, Settings::default());
    opened.map(Some).map_err(|error| open::broken("what people are to be told cannot be kept", &error))
}

/// Hands on what people ask by files, and removes each once it is done.
async fn hear(folder: PathBuf, asks: mpsc::Sender<Ask>, scope: Scope) {
    while !scope.cancel.is_cancelled() {
        let from = folder.clone();
        let asked = tokio::task::spawn_blocking(move || silences::asked(&from)).await.unwrap_or_default();
        for (path, silences::TakenOn { which, by, reason }) in asked {
            let (answer, done) = oneshot::channel();
            let sent = asks.send(Ask::Acknowledge { which, by, reason, answer }).await;
            // That there is no such alert any more is an answer too.
            if sent.is_ok() && done.await.is_ok() {
                let _ = tokio::task::spawn_blocking(move || durable::remove_file(&path)).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn ack(invocation: &Invocation<'_>, which: String, reason: String) -> Ended {
    let project = invocation.project().await?;
    let folder = project.records.join(FOLDER);
    let known = monitor::read_standing(&folder)
        .map_err(|error| open::broken("how things stand cannot be read", &error))?
        .unwrap_or_default();
    let is_open =
        |alert: &charter_monitor::engine::Alert| alert.endpoint == which || alert.alert.alert_id.to_string() == which;
    if !known.alerts.values().any(is_open) {
        let open: Vec<&str> = known.alerts.values().map(|alert| alert.endpoint.as_str()).collect();
        let why = if open.is_empty() { "no alert is open".to_owned() } else { format!("open: {}", open.join(", ")) };
        return Err(usage(format!("there is no open alert `{which}`"), vec![why], &["cargo xtask monitor status"]));
    }
    let by = project.repository.user().unwrap_or_else(|| "unknown".to_owned());
    let order = silences::TakenOn { which, by, reason };
    silences::take_on(&folder, &order, project.host.clock.now())
        .map_err(|error| open::broken("it cannot be noted", &error))?;
    let words = || format!("`{}` is taken on by {}: nobody is reminded of it any more", order.which, order.by);
    invocation.output.result(words, || json!({ "v": 1, "takenOn": order }));
    Ok(exit::DONE)
}

async fn silence(invocation: &Invocation<'_>, endpoints: &str, time: SignedDuration, reason: &str) -> Ended {
    let project = invocation.project().await?;
    let plan = plan(invocation, &project)?;
    let wrong =
        |error: &dyn std::error::Error| usage(error.to_string(), charter_pipeline::chain_of(error)[1..].to_vec(), &[]);
    let matcher: Matcher = format!("{ENDPOINT}~{endpoints}").parse().map_err(|error: MatcherError| wrong(&error))?;
    let of = |name: &str| Labels::from([(ENDPOINT.to_owned(), name.to_owned())]);
    let meant: Vec<&str> =
        plan.watched.iter().map(|it| it.name.as_str()).filter(|name| matcher.matches(&of(name))).collect();
    if meant.is_empty() {
        let names: Vec<&str> = plan.watched.iter().map(|it| it.name.as_str()).collect();
        let why = format!("watched: {}", names.join(", "));
        return Err(usage(format!("nothing that is watched is called `{endpoints}`"), vec![why], &[]));
    }
    let now = project.host.clock.now();
    let by = project.repository.user().unwrap_or_else(|| "unknown".to_owned());
    let until = now.checked_add(time).map_err(|error| wrong(&error))?;
    let silence = Silence::new(vec![matcher], &by, reason, now, until).map_err(|error| wrong(&error))?;
    silences::add(&plan.folder, &silence, now).map_err(|error| open::broken("it cannot be noted", &error))?;
    let words = || format!("quiet until {until}: {}", meant.join(", "));
    invocation.output.result(words, || json!({ "v": 1, "silenced": meant, "until": until }));
    Ok(exit::DONE)
}

/// Sends a notice by every route, and says what became of it.
async fn test(invocation: &Invocation<'_>) -> Ended {
    let project = invocation.project().await?;
    let root = open::root(invocation.surroundings, &invocation.common)?;
    let config = open::configuration(invocation.charter, &root)?;
    let Some((outbox, mut failures)) = outbox(invocation, &project, &config.notify)? else {
        return Err(usage(
            "there is no way to tell anybody",
            Vec::new(),
            &["add [notify.routes.NAME] to charter.toml"],
        ));
    };
    let now = project.host.clock.now();
    let title = format!("a test of {}", config.application.name);
    let notice =
        Notice::new(&format!("test-{}/test", now.as_second()), Occasion::Test, AlertSeverity::Info, &title, now);
    let routes = config.notify.routes_for(&notice);
    outbox.enqueue(&notice, &routes).await.map_err(|error| open::broken("it cannot be sent", &error))?;
    let settled = tokio::time::timeout(LAST_DELIVERIES, outbox.settled()).await.is_ok();
    let mut failed = Vec::new();
    while let Ok(it) = failures.try_recv() {
        failed.push(format!("`{}`: {}", it.route, it.error));
    }
    if settled && failed.is_empty() {
        let words = || format!("every route took it: {}", routes.join(", "));
        invocation.output.result(words, || json!({ "v": 1, "took": routes }));
        return Ok(exit::DONE);
    }
    if failed.is_empty() {
        let waiting = outbox.status().into_iter().filter(|route| route.waiting > 0);
        failed.extend(waiting.map(|route| format!("`{}`: {}", route.route, route.last_error.unwrap_or_default())));
    }
    let mut failure = usage("not every route took it", failed, &["cargo xtask monitor test"]);
    failure.exit_code = exit::BLOCKED;
    Err(failure)
}
