//! What the dashboard shows: read from the project's records and from what the monitor keeps.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use charter_dashboard::{
    Acknowledgement, Alert, Availabilities, Availability, Certificate, Day, Deployed, Endpoint, EndpointDetail, Health,
    Incident, IncidentUpdate, Latency, LatencyPoint, Live, MaintenanceWindow, Phases, Publicity, Received, Refused,
    Silence, SilenceOrder, Source, Standing, StatusChange, View,
};
use charter_deploy_model::constitution::score as scored;
use charter_deploy_model::{
    DeploymentStatus, MonitoringHour, Percent, ProductionDeployment, StatusSeconds, UptimeIncident, UptimeStatus,
    statistics,
};
use charter_host::Scope;
use charter_monitor::engine::State;
use charter_monitor::rules::labels::Matcher;
use charter_monitor::rules::silence;
use charter_monitor::rules::window::Maintenance;
use charter_monitor::{Kept, Plan, Sample};
use charter_pipeline::Project;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, watch};

use crate::silences;
use crate::watching::{ENDPOINT, FOLDER};

/// So many deployments are listed.
const DEPLOYMENTS: usize = 30;
/// So many incidents are listed.
const INCIDENTS: usize = 50;
/// So many days have a bar.
const DAYS: i64 = 90;
/// A monitor that has not said so for longer does not run.
const PULSE: SignedDuration = SignedDuration::from_secs(60);
/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;

/// The dashboard's source.
#[derive(Debug)]
pub(crate) struct Showing {
    project: Arc<Project>,
    plan: Plan,
    windows: Vec<Maintenance>,
    application: String,
    publicity: Publicity,
    known: Mutex<Known>,
    view: RwLock<Arc<View>>,
    version: watch::Sender<u64>,
}

/// What was read so far.
#[derive(Debug)]
struct Known {
    kept: Kept,
    /// What sealed hours say of each endpoint, by the hour's first millisecond.
    hours: BTreeMap<String, BTreeMap<i64, StatusSeconds>>,
    /// The records of hours that were read.
    read: std::collections::BTreeSet<String>,
    deployments: Vec<ProductionDeployment>,
    paths: Vec<String>,
    standing: Option<Standing>,
    incidents: Vec<UptimeIncident>,
    incident_paths: Vec<String>,
}

impl Showing {
    /// Reads everything once.
    pub(crate) async fn open(
        project: Arc<Project>,
        plan: Plan,
        windows: Vec<Maintenance>,
        application: &str,
        publicity: Publicity,
    ) -> Self {
        let now = project.host.clock.now();
        let kept = Kept::new(&project.records.join(FOLDER));
        let known = Known {
            kept,
            hours: BTreeMap::new(),
            read: std::collections::BTreeSet::new(),
            deployments: Vec::new(),
            paths: Vec::new(),
            standing: None,
            incidents: Vec::new(),
            incident_paths: Vec::new(),
        };
        let showing = Self {
            view: RwLock::new(Arc::new(View::new(application, now))),
            application: application.to_owned(),
            project,
            plan,
            windows,
            publicity,
            known: Mutex::new(known),
            version: watch::channel(0).0,
        };
        showing.refresh().await;
        showing
    }

    /// Looks again every second, until it is cancelled.
    pub(crate) async fn follow(self: Arc<Self>, scope: Scope) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => self.refresh().await,
                () = scope.cancel.cancelled() => return,
            }
        }
    }

    /// Returns what is shown now.
    pub(crate) fn now(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn refresh(&self) {
        let mut known = self.known.lock().await;
        // What cannot be read now is shown as it was.
        let _ = known.kept.refresh();
        self.read_records(&mut known).await;
        let now = self.project.host.clock.now();
        let mut view = self.make(&known, now);
        let before = self.now();
        let is_other = differs(&before, &view);
        view.version = before.version + u64::from(is_other);
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
        if is_other {
            self.version.send_modify(|version| *version += 1);
        }
    }

    async fn read_records(&self, known: &mut Known) {
        let store = &self.project.store;
        if let Ok(paths) = store.paths("deployments").await
            && paths != known.paths
        {
            let environment = self.project.settings.environment;
            let all = store.read_all::<ProductionDeployment>("deployments").await.unwrap_or_default();
            known.deployments = all.into_iter().filter(|record| record.environment == environment).collect();
            known.paths = paths;
            let gathered = charter_pipeline::evidence(&self.project, &Scope::default()).await.ok().flatten();
            known.standing = gathered.map(|gathered| Standing::new(&scored(gathered.evidence), Vec::new()));
        }
        if let Ok(paths) = store.paths("incidents").await
            && paths != known.incident_paths
        {
            known.incidents = store.read_all("incidents").await.unwrap_or_default();
            known.incident_paths = paths;
        }
        let hours = store.paths("monitoring").await.unwrap_or_default();
        for path in hours.into_iter().filter(|path| path.contains("/samples-")) {
            if known.read.insert(path.clone())
                && let Ok(hour) = store.read::<MonitoringHour>(&path).await
            {
                for endpoint in hour.endpoints {
                    let of_it = known.hours.entry(endpoint.name).or_default();
                    *of_it.entry(hour.hour.as_millisecond()).or_default() += endpoint.seconds;
                }
            }
        }
    }

    fn make(&self, known: &Known, now: Timestamp) -> View {
        let mut view = View::new(&self.application, now);
        let shown = |record: &&ProductionDeployment| record.status == DeploymentStatus::Success;
        view.live = known.deployments.iter().rev().find(shown).map(|record| Live {
            deployment_id: record.deployment_id,
            commit: record.commit_hash.clone(),
            since: record.finished_at,
            url: record.deployment_url.clone(),
        });
        view.deployments = known.deployments.iter().rev().take(DEPLOYMENTS).map(Deployed::from).collect();
        view.standing.clone_from(&known.standing);
        view.endpoints =
            self.plan.watched.iter().map(|it| self.endpoint_now(known, &it.name, &it.address, now)).collect();
        let standing = &known.kept.standing;
        let suppressed = |parent: &str| {
            let by = format!("`{parent}` is down");
            let is_by = |state: &State| matches!(state, State::Suppressed(reason) if reason.starts_with(&by));
            let names =
                standing.alerts.values().filter(|alert| is_by(&alert.state)).map(|alert| alert.endpoint.clone());
            names.collect::<Vec<_>>()
        };
        let open = standing.alerts.values().filter(|alert| alert.state == State::Raised).map(|alert| Alert {
            record: alert.alert.clone(),
            endpoint: Some(alert.endpoint.clone()),
            acknowledged_by: alert.acknowledged.as_ref().map(|it| it.by.clone()),
            acknowledged_because: alert.acknowledged.as_ref().map(|it| it.reason.clone()),
            suppressed: suppressed(&alert.endpoint),
            after: alert.incident.as_ref().and_then(|incident| incident.deployment_id),
        });
        let past = standing.past.iter().rev().take(INCIDENTS).map(|record| Alert {
            record: record.clone(),
            endpoint: None,
            acknowledged_by: None,
            acknowledged_because: None,
            suppressed: Vec::new(),
            after: None,
        });
        view.alerts = open.chain(past).collect();
        let under_way = standing.alerts.values().filter(|alert| alert.state == State::Raised);
        let under_way = under_way.filter_map(|alert| alert.incident.clone());
        let over = known.incidents.iter().rev().take(INCIDENTS).cloned();
        let opened =
            crate::incidents::open_incidents(&self.project.records).unwrap_or_default().into_iter().map(|open| {
                Incident {
                    record: open.incident,
                    public_title: open.public_title,
                    timeline: open.updates.iter().map(of_update).collect(),
                }
            });
        let of_record = |record: UptimeIncident| Incident {
            public_title: record.public_description.clone(),
            timeline: record.updates.iter().map(of_update).collect(),
            record,
        };
        view.incidents = opened.chain(under_way.chain(over).map(of_record)).collect();
        let pulse = standing.pulse.filter(|pulse| now.duration_since(pulse.at).abs() < PULSE);
        #[expect(clippy::cast_precision_loss, reason = "a lateness of so many digits is no lateness")]
        let health = pulse.map(|pulse| Health {
            since: pulse.since,
            lateness_p99_ms: pulse.lateness_p99_ms.map(|late| late as f64),
            missed_slots: pulse.missed,
            // Another process holds the outbox.
            outbox_waiting: None,
            outbox_failing: None,
        });
        view.health = health;
        view.silences = self.silences(now);
        view.windows = self.windows.iter().filter_map(|window| of_window(window, now)).collect();
        view
    }

    fn endpoint_now(&self, known: &Known, name: &str, address: &str, now: Timestamp) -> Endpoint {
        let watch = known.kept.standing.watches.get(name);
        let hour: Vec<Sample> = known.kept.series.since(name, now.as_millisecond() - HOUR).collect();
        let times: Vec<f64> = hour.iter().filter_map(milliseconds).collect();
        let is_web = address.starts_with("http");
        Endpoint {
            name: name.to_owned(),
            url: is_web.then(|| address.to_owned()),
            publicity: self.publicity,
            status: watch.map_or(UptimeStatus::Unknown, |watch| watch.status),
            since: watch.map(|watch| watch.since),
            latency: Latency {
                now_ms: hour.last().and_then(milliseconds),
                p50_ms: statistics::percentile(&times, 50),
                p95_ms: statistics::percentile(&times, 95),
                p99_ms: statistics::percentile(&times, 99),
            },
            uptime: Availabilities {
                hours24: self.availability(known, name, now, 24),
                days7: self.availability(known, name, now, 7 * 24),
                days30: self.availability(known, name, now, 30 * 24),
                days90: self.availability(known, name, now, 90 * 24),
            },
            days: days(known, name, now),
        }
    }

    /// Returns how it was over the last hours; absent when nothing is known.
    fn availability(&self, known: &Known, name: &str, now: Timestamp, hours: i64) -> Option<Availability> {
        let from = now.as_millisecond() - hours * HOUR;
        let mut sum = known.kept.series.seconds(name);
        for (_, seconds) in known.hours.get(name).into_iter().flat_map(|of_it| of_it.range(from - HOUR..)) {
            sum += *seconds;
        }
        let uptime_percent = Percent::new(sum.availability()?).ok()?;
        // Time before the first look was not covered either.
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
        let coverage = sum.known() * 100.0 / (hours as f64 * 3600.0);
        let coverage_percent = Percent::new(coverage.min(100.0)).ok()?;
        Some(Availability { uptime_percent, coverage_percent })
    }

    fn silences(&self, now: Timestamp) -> Vec<Silence> {
        let all = silences::read(&self.project.records.join(FOLDER));
        let lasting = all.into_iter().filter(|(_, silence)| silence.lasts(now));
        let shown = lasting.map(|(_, silence)| Silence {
            what: silence.matchers().iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            by: silence.author().to_owned(),
            reason: silence.reason().to_owned(),
            from: silence.from(),
            until: silence.until(),
        });
        shown.collect()
    }
}

fn of_update(update: &charter_deploy_model::IncidentUpdate) -> IncidentUpdate {
    IncidentUpdate {
        at: update.at,
        status: update.status,
        text: update.text.clone(),
        by: Some(update.by.clone()),
        public: update.public,
    }
}

fn milliseconds(sample: &Sample) -> Option<f64> {
    sample.took.map(|took| f64::from(took) / 1000.0)
}

fn days(known: &Known, name: &str, now: Timestamp) -> Vec<Day> {
    let mut of_day: BTreeMap<jiff::civil::Date, StatusSeconds> = BTreeMap::new();
    let date = |at: i64| Timestamp::from_millisecond(at).ok().map(|at| at.to_zoned(TimeZone::UTC).date());
    let sealed = known.hours.get(name).into_iter().flatten().map(|(hour, seconds)| (*hour, *seconds));
    let open = known.kept.series.hours().map(|hour| (hour, known.kept.series.seconds_of(name, hour)));
    for (hour, seconds) in sealed.chain(open) {
        if let Some(date) = date(hour) {
            *of_day.entry(date).or_default() += seconds;
        }
    }
    let first = (now - SignedDuration::from_hours(24 * DAYS)).to_zoned(TimeZone::UTC).date();
    of_day.into_iter().filter(|(date, _)| *date > first).map(|(date, seconds)| of_seconds(date, &seconds)).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a share of a day needs no more digits")]
fn of_seconds(date: jiff::civil::Date, seconds: &StatusSeconds) -> Day {
    let share = |part: f64| (part / 86_400.0).clamp(0.0, 1.0) as f32;
    let [up, degraded, down] = [seconds.up, seconds.degraded, seconds.down].map(share);
    Day {
        date,
        up_share: up,
        degraded_share: degraded,
        down_share: down,
        unknown_share: (1.0 - up - degraded - down).max(0.0),
    }
}

fn of_window(window: &Maintenance, now: Timestamp) -> Option<MaintenanceWindow> {
    let time = window.current(now).or_else(|| window.next(now))?;
    let config = window.config();
    Some(MaintenanceWindow {
        id: config.name.clone(),
        title: config.reason.clone(),
        endpoints: Vec::new(),
        from: time.from,
        until: time.to,
        public: true,
    })
}

/// Says whether people should see another page: figures alone may wait until they ask.
fn differs(before: &View, after: &View) -> bool {
    let of = |view: &View| {
        let endpoints: Vec<_> = view.endpoints.iter().map(|it| (it.name.clone(), it.status, it.since)).collect();
        let alerts: Vec<_> = view.alerts.iter().map(|it| (it.record.clone(), it.acknowledged_by.clone())).collect();
        (
            endpoints,
            alerts,
            view.incidents.clone(),
            view.deployments.clone(),
            view.silences.clone(),
            view.standing.clone(),
        )
    };
    of(before) != of(after) || after.at.duration_since(before.at) > SignedDuration::from_secs(30)
}

#[async_trait]
impl Source for Showing {
    async fn view(&self) -> Arc<View> {
        self.now()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    async fn endpoint(&self, name: &str) -> Option<EndpointDetail> {
        let place = self.plan.watched.iter().position(|it| it.name == name)?;
        let endpoint = &self.plan.endpoints[place];
        let known = self.known.lock().await;
        let reading = known.kept.standing.readings.get(name);
        let milliseconds_of = |took: Option<Duration>| took.map(|took| took.as_secs_f64() * 1000.0);
        let hop = reading.and_then(|reading| reading.hops.last());
        let fact = |key: &str| reading.and_then(|reading| reading.facts.get(key)).cloned();
        let certificate = fact("certificateExpires")
            .and_then(|text| text.parse().ok())
            .map(|not_after| Certificate { issuer: fact("certificateIssuer").unwrap_or_default(), not_after });
        let watch = known.kept.standing.watches.get(name);
        let change = watch.map(|watch| StatusChange {
            at: watch.since,
            status: watch.status,
            why: reading
                .and_then(|reading| reading.cause.as_ref())
                .map(|cause| cause.message.clone())
                .unwrap_or_default(),
        });
        Some(EndpointDetail {
            kind: endpoint.probe.meta().id.to_owned(),
            interval_seconds: endpoint.slots.interval().as_secs_f64(),
            latencies: latencies(&known.kept.series.since(name, 0).collect::<Vec<_>>()),
            phases: hop.map(|hop| Phases {
                dns_ms: milliseconds_of(hop.dns),
                connect_ms: milliseconds_of(hop.connect),
                tls_ms: milliseconds_of(hop.tls),
                first_byte_ms: milliseconds_of(hop.first_byte),
                transfer_ms: milliseconds_of(hop.transfer),
            }),
            certificate,
            changes: change.into_iter().collect(),
            budget_left_percent: None,
        })
    }

    async fn acknowledge(&self, order: &Acknowledgement) -> Result<(), Refused> {
        let is_open = self.now().open_alerts().any(|alert| alert.record.alert_id.to_string() == order.alert);
        if !is_open {
            return Err(Refused::Unknown { what: "open alert", name: order.alert.clone() });
        }
        let taken =
            silences::TakenOn { which: order.alert.clone(), by: order.by.clone(), reason: order.reason.clone() };
        self.note(move |folder, now| silences::take_on(folder, &taken, now).map(drop)).await
    }

    async fn silence(&self, order: &SilenceOrder) -> Result<(), Refused> {
        let which = order.endpoint.as_deref().unwrap_or("?*");
        let invalid = |error: &dyn std::error::Error| Refused::Invalid { reason: error.to_string() };
        let matcher: Matcher = format!("{ENDPOINT}~{which}")
            .parse()
            .map_err(|error: charter_monitor::rules::labels::MatcherError| invalid(&error))?;
        let now = self.project.host.clock.now();
        let until = now + SignedDuration::from_mins(i64::from(order.minutes));
        let silence = silence::Silence::new(vec![matcher], &order.by, &order.reason, now, until)
            .map_err(|error| invalid(&error))?;
        self.note(move |folder, now| silences::add(folder, &silence, now).map(drop)).await
    }

    async fn receive(&self, received: &Received) -> Result<(), Refused> {
        Err(Refused::Unknown { what: "source", name: received.source.clone() })
    }
}

impl Showing {
    async fn note(
        &self,
        write: impl FnOnce(&Path, Timestamp) -> Result<(), charter_host::durable::DurableError> + Send + 'static,
    ) -> Result<(), Refused> {
        let (folder, now) = (self.project.records.join(FOLDER), self.project.host.clock.now());
        let written = tokio::task::spawn_blocking(move || write(&folder, now)).await;
        let failed = |reason| Refused::Failed { reason };
        written.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
    }
}

/// Puts looks together to points of a chart: at most 240, each the median and the 95th percentile of its looks.
fn latencies(samples: &[Sample]) -> Vec<LatencyPoint> {
    let chunk = samples.len().div_ceil(240).max(1);
    let point = |looks: &[Sample]| {
        let times: Vec<f64> = looks.iter().filter_map(milliseconds).collect();
        let at = Timestamp::from_millisecond(looks.first()?.at).ok()?;
        Some(LatencyPoint {
            at,
            p50_ms: statistics::percentile(&times, 50),
            p95_ms: statistics::percentile(&times, 95),
        })
    };
    samples.chunks(chunk).filter_map(point).collect()
}
