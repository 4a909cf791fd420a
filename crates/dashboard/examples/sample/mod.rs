//! Made-up data that looks like a real monitor's, for the examples and the tests.

#![allow(dead_code, reason = "nobody uses all of it")]
#![expect(clippy::unwrap_used, reason = "what is made up here is well-formed")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use charter_dashboard::{
    Acknowledgement, Alert, Availabilities, Availability, Certificate, Day, Deployed, Endpoint, EndpointDetail, Health,
    Incident, IncidentUpdate, Latency, LatencyPoint, Live, MaintenanceWindow, PageVitals, Phases, PrincipleStanding,
    Publicity, Received, Refused, ScorePoint, Silence, SilenceOrder, Source, Standing, StatusChange, View, VitalSample,
    Work,
};
use charter_deploy_model::constitution::CONSTITUTION;
use charter_deploy_model::{
    AlertSeverity, DeploymentStatus, DeploymentType, IncidentSeverity, IncidentStatus, MaintenanceStatus,
    MaintenanceType, MonitoringAlert, MonitoringType, Percent, Priority, UptimeIncident, UptimeStatus, Vital,
};
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use tokio::sync::watch;

pub(crate) const NOW: &str = "2026-11-21T14:32:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A row of numbers from 0 to 1 that look random and are always the same.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1 << 24) as f64
    }
}

pub(crate) fn days(now: Timestamp, count: i64, dice: &mut Dice, trouble: f64) -> Vec<Day> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let day = |ago: i64, dice: &mut Dice| {
        let down = if dice.roll() < trouble / 3.0 { dice.roll() as f32 * 0.06 } else { 0.0 };
        let degraded = if dice.roll() < trouble { dice.roll() as f32 * 0.1 } else { 0.0 };
        let unknown = if dice.roll() < 0.02 { 0.4 + dice.roll() as f32 * 0.5 } else { 0.0 };
        let (down, degraded) = (down * (1.0 - unknown), degraded * (1.0 - unknown));
        Day {
            date: today.saturating_sub(ago.days()),
            up_share: 1.0 - down - degraded - unknown,
            degraded_share: degraded,
            down_share: down,
            unknown_share: unknown,
        }
    };
    (0..count).rev().map(|ago| day(ago, dice)).collect()
}

fn share(days: &[Day], count: usize) -> Option<Availability> {
    let days = &days[days.len().saturating_sub(count)..];
    let sum = |part: fn(&Day) -> f32| days.iter().map(|day| f64::from(part(day))).sum::<f64>();
    let measured = sum(|day| 1.0 - day.unknown_share);
    let up = sum(|day| day.up_share + day.degraded_share);
    (measured > 0.0).then(|| Availability {
        uptime_percent: Percent::new((up / measured * 100.0).clamp(0.0, 100.0)).unwrap(),
        coverage_percent: Percent::new((measured / days.len() as f64 * 100.0).clamp(0.0, 100.0)).unwrap(),
    })
}

pub(crate) fn endpoint(name: &str, url: Option<&str>, status: UptimeStatus, base_ms: f64, days: Vec<Day>) -> Endpoint {
    let measured = status != UptimeStatus::Down && status != UptimeStatus::Unknown;
    Endpoint {
        name: name.to_owned(),
        url: url.map(str::to_owned),
        publicity: Publicity::Name,
        status,
        since: Some(at(if measured { "2026-11-18T09:12:40Z" } else { "2026-11-21T14:19:20Z" })),
        latency: if url.is_none() {
            Latency::default()
        } else {
            Latency {
                now_ms: measured.then_some(base_ms * 1.04),
                p50_ms: Some(base_ms),
                p95_ms: Some(base_ms * 1.9),
                p99_ms: Some(base_ms * 3.4),
            }
        },
        uptime: Availabilities {
            hours24: share(&days, 1),
            days7: share(&days, 7),
            days30: share(&days, 30),
            days90: share(&days, 90),
        },
        days,
    }
}

fn deployed(id: &str, commit: &str, status: DeploymentStatus, seconds: f64, by: &str) -> Deployed {
    Deployed {
        id: format!("{id}-deployment").parse().unwrap(),
        commit: commit.repeat(5).parse().unwrap(),
        sort: DeploymentType::Update,
        status,
        at: format!("{id}-deployment").parse::<charter_deploy_model::DeploymentId>().unwrap().stamp().timestamp(),
        duration_seconds: seconds,
        switch_ms: (status != DeploymentStatus::Failed).then_some(41),
        by: by.to_owned(),
        score: Some(if status == DeploymentStatus::Failed { 96.4 } else { 99.2 }),
        errors: if status == DeploymentStatus::Failed {
            vec!["`page-weight` blocked it: `index.html` weighs 412 kB of 350 kB".to_owned()]
        } else {
            Vec::new()
        },
    }
}

/// Returns a view such as a small company's.
pub(crate) fn view() -> View {
    let now = at(NOW);
    let mut dice = Dice(7);
    let mut days = |trouble: f64| days(now, 90, &mut dice, trouble);
    let (mut slow, mut down) = (days(0.18), days(0.12));
    if let (Some(slow), Some(down)) = (slow.last_mut(), down.last_mut()) {
        (slow.up_share, slow.degraded_share) = (0.97, 0.03);
        (down.up_share, down.down_share, down.degraded_share, down.unknown_share) = (0.985, 0.015, 0.0, 0.0);
        (slow.down_share, slow.unknown_share) = (0.0, 0.0);
    }
    let mut view = View::new("Larkspur", now);
    view.version = 1;
    view.endpoints = vec![
        endpoint("website", Some("https://www.example.org/"), UptimeStatus::Up, 84.0, days(0.03)),
        endpoint("shop", Some("https://shop.example.org/"), UptimeStatus::Up, 132.0, days(0.05)),
        endpoint("checkout", Some("https://shop.example.org/checkout"), UptimeStatus::Degraded, 890.0, slow),
        endpoint("docs", Some("https://docs.example.org/"), UptimeStatus::Up, 61.0, days(0.02)),
        endpoint("api", Some("https://api.example.org/v2/health"), UptimeStatus::Up, 38.0, days(0.06)),
        endpoint("search", Some("https://search.example.org/"), UptimeStatus::Down, 210.0, down),
        endpoint("mail", Some("smtp.example.org:587"), UptimeStatus::Up, 27.0, days(0.02)),
        endpoint("nightly backup", None, UptimeStatus::Up, 0.0, days(0.02)),
    ];
    view.endpoints[0].publicity = Publicity::Address;
    view.endpoints[7].publicity = Publicity::Hidden;
    view.live = Some(Live {
        deployment_id: "20261121-140611-deployment".parse().unwrap(),
        commit: "4f1c09ab".repeat(5).parse().unwrap(),
        since: at("2026-11-21T14:08:02Z"),
        url: "https://www.example.org/".to_owned(),
    });
    view.deployments = vec![
        deployed("20261121-140611", "4f1c09ab", DeploymentStatus::Success, 111.0, "ann"),
        deployed("20261121-101507", "b07d3312", DeploymentStatus::Failed, 48.0, "ben"),
        deployed("20261120-163040", "9d2ee814", DeploymentStatus::Success, 104.0, "ann"),
        deployed("20261119-090212", "02c6a5f7", DeploymentStatus::RolledBack, 139.0, "chris"),
        deployed("20261118-151859", "e83b4c10", DeploymentStatus::Success, 98.0, "ann"),
    ];
    view.standing = Some(Standing {
        total: 99.2,
        compliant: true,
        principles: (CONSTITUTION.iter())
            .map(|meta| PrincipleStanding {
                principle: meta.principle,
                points: if meta.numeral == "II" { 19.2 } else { 20.0 },
                holds: true,
            })
            .collect(),
        trend: [92.0, 92.0, 95.5, 94.0, 97.0, 98.1, 98.0, 98.6, 97.9, 99.0, 99.2]
            .iter()
            .zip(1..)
            .map(|(total, day)| ScorePoint { at: at(&format!("2026-11-{:02}T00:00:00Z", day + 10)), total: *total })
            .collect(),
    });
    let sample = |vital: Vital, value| VitalSample { vital, rated: vital.rate(value), samples: 24 };
    view.vitals = vec![PageVitals {
        url: "https://www.example.org/".to_owned(),
        measured: "in Chromium on this machine".to_owned(),
        vitals: vec![
            sample(Vital::Lcp, 1.21),
            sample(Vital::Inp, 64.0),
            sample(Vital::Cls, 0.012),
            sample(Vital::Fcp, 0.68),
            sample(Vital::Tbt, 214.0),
        ],
    }];
    view.alerts = alerts();
    view.incidents = incidents();
    view.silences = vec![Silence {
        what: "mail".to_owned(),
        by: "ben".to_owned(),
        reason: "the provider moves its servers".to_owned(),
        from: at("2026-11-21T12:00:00Z"),
        until: at("2026-11-21T18:00:00Z"),
    }];
    view.windows = vec![MaintenanceWindow {
        id: "database-upgrade".to_owned(),
        title: "Database upgrade".to_owned(),
        endpoints: vec!["shop".to_owned(), "checkout".to_owned()],
        from: at("2026-11-23T03:00:00Z"),
        until: at("2026-11-23T04:30:00Z"),
        public: true,
    }];
    view.work = vec![Work {
        id: "20261121-020000-maintenance".parse().unwrap(),
        sort: MaintenanceType::DependencyUpdate,
        priority: Priority::Medium,
        status: MaintenanceStatus::Success,
        scheduled: at("2026-11-21T02:00:00Z"),
        changes: vec!["astro 5.16.0 → 5.16.2".to_owned()],
    }];
    view.health = Some(Health {
        since: at("2026-11-03T08:00:00Z"),
        lateness_p99_ms: Some(3.2),
        missed_slots: 0,
        outbox_waiting: Some(0),
        outbox_failing: Some(0),
    });
    view
}

fn alerts() -> Vec<Alert> {
    let alert = |id: &str, severity, title: &str, description: &str, endpoint: &str| Alert {
        record: MonitoringAlert {
            alert_id: format!("{id}-alert").parse().unwrap(),
            alert_type: MonitoringType::Uptime,
            severity,
            title: title.to_owned(),
            description: description.to_owned(),
            triggered_at: format!("{id}-alert").parse::<charter_deploy_model::AlertId>().unwrap().stamp().timestamp(),
            acknowledged_at: None,
            resolved_at: None,
            escalated: false,
            notifications_sent: vec!["on-call".to_owned(), "ntfy".to_owned()],
            metadata: Default::default(),
        },
        endpoint: Some(endpoint.to_owned()),
        acknowledged_by: None,
        acknowledged_because: None,
        suppressed: Vec::new(),
        after: None,
    };
    let mut down = alert(
        "20261121-141924",
        AlertSeverity::Critical,
        "search does not answer",
        "Connecting was refused 4 times in 12 s, on fresh connections.",
        "search",
    );
    down.suppressed = vec!["search suggestions".to_owned(), "search index".to_owned()];
    down.after = Some("20261121-140611-deployment".parse().unwrap());
    let mut slow = alert(
        "20261121-141210",
        AlertSeverity::Warning,
        "checkout is slow",
        "p95 is 1.69 s over 10 minutes; the limit is 1 s.",
        "checkout",
    );
    slow.record.acknowledged_at = Some(at("2026-11-21T14:15:00Z"));
    slow.acknowledged_by = Some("ann".to_owned());
    slow.acknowledged_because = Some("a report is running, it ends at 15:00".to_owned());
    let mut over = alert("20261119-090530", AlertSeverity::Error, "shop answers with 502", "23 of 60 looks.", "shop");
    over.record.resolved_at = Some(at("2026-11-19T09:09:10Z"));
    vec![down, slow, over]
}

fn incidents() -> Vec<Incident> {
    let update = |time: &str, status, text: &str, by: Option<&str>, public| IncidentUpdate {
        at: at(time),
        status,
        text: text.to_owned(),
        by: by.map(str::to_owned),
        public,
    };
    let open = Incident {
        record: UptimeIncident {
            incident_id: "20261121-141924-incident".parse().unwrap(),
            deployment_id: Some("20261121-140611-deployment".parse().unwrap()),
            start_time: at("2026-11-21T14:19:20Z"),
            end_time: None,
            duration: None,
            severity: IncidentSeverity::Major,
            status: IncidentStatus::Identified,
            description: "Search does not answer".to_owned(),
            impacted_services: vec!["search".to_owned()],
            root_cause: None,
            resolution: None,
            post_mortem: None,
            public_description: None,
            updates: Vec::new(),
        },
        public_title: Some("Search is unavailable".to_owned()),
        timeline: vec![
            update(
                "2026-11-21T14:19:24Z",
                IncidentStatus::Investigating,
                "connect: refused (10.0.3.7:9200)",
                None,
                false,
            ),
            update("2026-11-21T14:24:00Z", IncidentStatus::Investigating, "We are looking into it.", Some("ann"), true),
            update(
                "2026-11-21T14:29:30Z",
                IncidentStatus::Identified,
                "The index is being rebuilt; results return within the hour.",
                Some("ann"),
                true,
            ),
        ],
    };
    let over = Incident {
        record: UptimeIncident {
            incident_id: "20261119-090530-incident".parse().unwrap(),
            deployment_id: Some("20261119-090212-deployment".parse().unwrap()),
            start_time: at("2026-11-19T09:05:30Z"),
            end_time: Some(at("2026-11-19T09:09:10Z")),
            duration: Some(220.0),
            severity: IncidentSeverity::Critical,
            status: IncidentStatus::Resolved,
            description: "Shop answers with 502 after a deployment".to_owned(),
            impacted_services: vec!["shop".to_owned(), "checkout".to_owned()],
            root_cause: Some("a setting that the release needs was missing".to_owned()),
            resolution: Some("the release before was shown again, by itself".to_owned()),
            post_mortem: None,
            public_description: None,
            updates: Vec::new(),
        },
        public_title: None,
        timeline: vec![update(
            "2026-11-19T09:09:10Z",
            IncidentStatus::Resolved,
            "The shop works again.",
            Some("chris"),
            true,
        )],
    };
    vec![open, over]
}

/// Returns what is known of any endpoint of the view.
pub(crate) fn detail(view: &View, name: &str) -> Option<EndpointDetail> {
    let endpoint = view.endpoint(name)?;
    let mut dice = Dice(name.len() as u64);
    let base = endpoint.latency.p50_ms;
    let point = |step: i32| LatencyPoint {
        at: view.at - SignedDuration::from_mins(15 * i64::from(95 - step)),
        p50_ms: base.filter(|_| !(40..44).contains(&step)).map(|base| base * (0.9 + dice.roll() * 0.25)),
        p95_ms: base.filter(|_| !(40..44).contains(&step)).map(|base| base * (1.5 + dice.roll() * 0.8)),
    };
    Some(EndpointDetail {
        kind: if base.is_some() { "http".to_owned() } else { "heartbeat".to_owned() },
        interval_seconds: 30.0,
        latencies: if base.is_some() { (0..96).map(point).collect() } else { Vec::new() },
        phases: base.map(|base| Phases {
            dns_ms: Some(1.2),
            connect_ms: Some(base * 0.15),
            tls_ms: Some(base * 0.3),
            first_byte_ms: Some(base * 0.4),
            transfer_ms: Some(base * 0.13),
        }),
        certificate: base.map(|_| Certificate {
            issuer: "Example CA R3".to_owned(),
            not_after: "2027-01-19T00:00:00Z".parse().unwrap(),
        }),
        changes: vec![StatusChange {
            at: endpoint.since?,
            status: endpoint.status,
            why: "3 looks in a row said so".to_owned(),
        }],
        budget_left_percent: Some(Percent::new(71.4).unwrap()),
    })
}

/// A source that keeps its view in memory, and does what it is asked to.
#[derive(Debug)]
pub(crate) struct Sample {
    view: Mutex<Arc<View>>,
    version: watch::Sender<u64>,
}

/// What other services sign with here.
pub(crate) const HOOK_SECRET: &str = "s3cret";

impl Sample {
    pub(crate) fn new(view: View) -> Arc<Self> {
        let version = watch::Sender::new(view.version);
        Arc::new(Self { view: Mutex::new(Arc::new(view)), version })
    }

    pub(crate) fn now(&self) -> Arc<View> {
        self.view.lock().unwrap().clone()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut View)) {
        let mut held = self.view.lock().unwrap();
        let view = Arc::make_mut(&mut held);
        change(view);
        view.version += 1;
        self.version.send_replace(view.version);
    }
}

#[async_trait]
impl Source for Sample {
    async fn view(&self) -> Arc<View> {
        self.now()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    async fn endpoint(&self, name: &str) -> Option<EndpointDetail> {
        detail(&self.now(), name)
    }

    async fn acknowledge(&self, order: &Acknowledgement) -> Result<(), Refused> {
        let place =
            self.now().alerts.iter().position(|alert| {
                alert.record.resolved_at.is_none() && alert.record.alert_id.to_string() == order.alert
            });
        let place = place.ok_or_else(|| Refused::Unknown { what: "open alert", name: order.alert.clone() })?;
        self.change(|view| {
            let at = view.at;
            let alert = &mut view.alerts[place];
            alert.record.acknowledged_at = Some(at);
            alert.acknowledged_by = Some(order.by.clone());
            alert.acknowledged_because = Some(order.reason.clone());
        });
        Ok(())
    }

    async fn silence(&self, order: &SilenceOrder) -> Result<(), Refused> {
        if let Some(name) = &order.endpoint
            && self.now().endpoint(name).is_none()
        {
            return Err(Refused::Unknown { what: "endpoint", name: name.clone() });
        }
        self.change(|view| {
            view.silences.push(Silence {
                what: order.endpoint.clone().unwrap_or_else(|| "everything".to_owned()),
                by: order.by.clone(),
                reason: order.reason.clone(),
                from: view.at,
                until: view.at + SignedDuration::from_mins(i64::from(order.minutes)),
            });
        });
        Ok(())
    }

    async fn receive(&self, received: &Received) -> Result<(), Refused> {
        match received.header("x-signature") {
            Some(HOOK_SECRET) => Ok(()),
            _ => Err(Refused::Unauthenticated),
        }
    }
}
