//! What people look at.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use charter_deploy_model::UptimeStatus;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Shared;
use super::actions;
use crate::chart::{self, Bars, LatencyChart};
use crate::words::{self, Maybe, Millis, Share};
use crate::{Alert, Availability, Day, Deployed, Endpoint, EndpointDetail, Incident, Refused, View, show};

/// The pages that every page leads to.
const NAVIGATION: [(&str, &str); 4] =
    [("/", "Overview"), ("/deployments", "Deployments"), ("/incidents", "Incidents"), ("/alerts", "Alerts")];
/// How many days are drawn.
pub(crate) const DAYS: u16 = 90;
/// How many deployments and incidents the overview names.
const RECENT: usize = 5;

/// One line of the table of endpoints.
pub(crate) struct Row<'a> {
    pub(crate) name: &'a str,
    pub(crate) tone: &'static str,
    pub(crate) word: &'static str,
    pub(crate) bars: Bars<'a>,
    pub(crate) uptime: Maybe<Share>,
    pub(crate) coverage: Option<Share>,
    pub(crate) now: Maybe<Millis>,
    pub(crate) p95: Maybe<Millis>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(endpoint: &'a Endpoint, today: Date) -> Self {
        let uptime = endpoint.uptime.days30;
        Self {
            name: &endpoint.name,
            tone: words::tone(endpoint.status),
            word: words::status(endpoint.status),
            bars: Bars { days: &endpoint.days, last: today, count: DAYS },
            uptime: Maybe(uptime.map(|it| Share(it.uptime_percent))),
            coverage: uptime.map(|it| Share(it.coverage_percent)),
            now: Maybe(endpoint.latency.now_ms.map(Millis)),
            p95: Maybe(endpoint.latency.p95_ms.map(Millis)),
        }
    }
}

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview<'a> {
    here: &'static str,
    view: &'a View,
    days: u16,
    summary: String,
    tone: &'static str,
    counts: String,
    alerts: Vec<&'a Alert>,
    rows: Vec<Row<'a>>,
    sparkline: String,
    sparkline_says: String,
    deployments: &'a [Deployed],
    incidents: &'a [Incident],
}

#[derive(Template)]
#[template(path = "endpoint.html")]
struct EndpointPage<'a> {
    here: &'static str,
    view: &'a View,
    endpoint: &'a Endpoint,
    detail: &'a EndpointDetail,
    days: u16,
    bars: Bars<'a>,
    periods: [(&'static str, Option<Availability>); 4],
    troubled: Vec<&'a Day>,
    chart: Option<LatencyChart>,
    csrf: Option<String>,
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct Incidents<'a> {
    here: &'static str,
    view: &'a View,
    summary: String,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage<'a> {
    here: &'static str,
    view: &'a View,
    incident: &'a Incident,
}

#[derive(Template)]
#[template(path = "deployments.html")]
struct Deployments<'a> {
    here: &'static str,
    view: &'a View,
    summary: String,
}

#[derive(Template)]
#[template(path = "alerts.html")]
struct Alerts<'a> {
    here: &'static str,
    view: &'a View,
    summary: String,
    csrf: Option<String>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'a> {
    here: &'static str,
    view: &'a View,
    csrf: Option<String>,
    name: Option<String>,
    wrong: bool,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    here: &'static str,
    view: &'a View,
    title: &'a str,
    text: &'a str,
    help: &'a str,
}

/// Writes a page; writing to memory does not fail.
fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(crate) fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

pub(super) async fn overview(State(shared): State<Shared>) -> Response {
    let view = shared.source.view().await;
    page(StatusCode::OK, &overview_of(&view))
}

fn overview_of(view: &View) -> Overview<'_> {
    let today = date(view.at);
    let mut endpoints: Vec<&Endpoint> = view.endpoints.iter().collect();
    endpoints.sort_by_key(|endpoint| urgency(endpoint.status));
    let totals: Vec<Option<f64>> = view.standing.iter().flat_map(|it| &it.trend).map(|it| Some(it.total)).collect();
    let least = totals.iter().flatten().copied().fold(99.0, f64::min);
    let sparkline = if totals.len() > 1 { chart::line(&totals, (least, 100.0), 200.0, 32.0) } else { String::new() };
    let ends = totals.first().copied().flatten().zip(totals.last().copied().flatten());
    Overview {
        here: "/",
        view,
        days: DAYS,
        summary: summary(&view.endpoints),
        tone: view.endpoints.iter().map(|it| it.status).min_by_key(|it| urgency(*it)).map_or("", words::tone),
        counts: counts(&view.endpoints),
        alerts: view.open_alerts().collect(),
        rows: endpoints.into_iter().map(|endpoint| Row::new(endpoint, today)).collect(),
        sparkline,
        sparkline_says: ends.map_or_else(String::new, |(first, last)| {
            format!("The score went from {} to {}", words::Plain(first), words::Plain(last))
        }),
        deployments: &view.deployments[..view.deployments.len().min(RECENT)],
        incidents: &view.incidents[..view.incidents.len().min(RECENT)],
    }
}

/// What is to be seen first.
pub(crate) const fn urgency(status: UptimeStatus) -> u8 {
    match status {
        UptimeStatus::Down => 0,
        UptimeStatus::Degraded => 1,
        UptimeStatus::Unknown => 2,
        UptimeStatus::Up => 3,
    }
}

fn how_many(endpoints: &[Endpoint], status: UptimeStatus) -> usize {
    endpoints.iter().filter(|endpoint| endpoint.status == status).count()
}

/// Returns how it is, in a sentence.
pub(crate) fn summary(endpoints: &[Endpoint]) -> String {
    let total = endpoints.len();
    let of = |count: usize, what: &str| match (count, total) {
        (1, 1) => format!("{} is {what}", endpoints[0].name),
        (1, _) => format!("1 of {total} endpoints is {what}"),
        _ => format!("{count} of {total} endpoints are {what}"),
    };
    match (
        how_many(endpoints, UptimeStatus::Down),
        how_many(endpoints, UptimeStatus::Degraded),
        how_many(endpoints, UptimeStatus::Unknown),
    ) {
        _ if total == 0 => "Nothing is watched yet".to_owned(),
        (0, 0, 0) if total == 1 => of(1, "up"),
        (0, 0, 0) => format!("All {total} endpoints are up"),
        (0, 0, unknown) => of(unknown, "not being measured"),
        (0, degraded, _) => of(degraded, "degraded"),
        (down, ..) => of(down, "down"),
    }
}

fn counts(endpoints: &[Endpoint]) -> String {
    let all = [UptimeStatus::Up, UptimeStatus::Degraded, UptimeStatus::Down, UptimeStatus::Unknown];
    let counted = all.map(|status| (how_many(endpoints, status), words::tone(status)));
    let parts: Vec<String> =
        counted.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    parts.join(" · ")
}

pub(super) async fn endpoint(State(shared): State<Shared>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let view = shared.source.view().await;
    let detail = shared.source.endpoint(&name).await;
    let (Some(endpoint), Some(detail)) = (view.endpoint(&name), detail) else {
        return refused(&shared, &Refused::Unknown { what: "endpoint", name }).await;
    };
    let uptime = endpoint.uptime;
    let mut troubled: Vec<&Day> = endpoint.days.iter().filter(|day| day.status() != UptimeStatus::Up).collect();
    troubled.reverse();
    let template = EndpointPage {
        here: "",
        view: &view,
        endpoint,
        detail: &detail,
        days: DAYS,
        bars: Bars { days: &endpoint.days, last: date(view.at), count: DAYS },
        periods: [
            ("24 hours", uptime.hours24),
            ("7 days", uptime.days7),
            ("30 days", uptime.days30),
            ("90 days", uptime.days90),
        ],
        troubled,
        chart: LatencyChart::new(&detail.latencies),
        csrf: csrf(&shared, &headers),
    };
    page(StatusCode::OK, &template)
}

pub(super) async fn incidents(State(shared): State<Shared>) -> Response {
    let view = shared.source.view().await;
    let open = view.open_incidents().count();
    let summary = match (open, view.incidents.len()) {
        (_, 0) => "None on record.".to_owned(),
        (0, 1) => "None is open; one is on record.".to_owned(),
        (0, all) => format!("None is open; {all} are on record."),
        (1, _) => "One is open.".to_owned(),
        (open, _) => format!("{open} are open."),
    };
    page(StatusCode::OK, &Incidents { here: "/incidents", view: &view, summary })
}

pub(super) async fn incident(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let view = shared.source.view().await;
    let Some(incident) = view.incident(&id) else {
        return refused(&shared, &Refused::Unknown { what: "incident", name: id }).await;
    };
    page(StatusCode::OK, &IncidentPage { here: "/incidents", view: &view, incident })
}

pub(super) async fn deployments(State(shared): State<Shared>) -> Response {
    let view = shared.source.view().await;
    let summary = match &view.live {
        Some(live) => format!("{} is live, since {} UTC.", live.deployment_id, words::Moment(live.since)),
        None => "Nothing is live.".to_owned(),
    };
    page(StatusCode::OK, &Deployments { here: "/deployments", view: &view, summary })
}

pub(super) async fn alerts(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let view = shared.source.view().await;
    let open = view.open_alerts().count();
    let taken = view.open_alerts().filter(|alert| alert.acknowledged_by.is_some()).count();
    let summary = match open {
        0 => "None is open.".to_owned(),
        1 if taken == 1 => "One is open, and taken on.".to_owned(),
        1 => "One is open, and nobody has taken it on.".to_owned(),
        _ => format!("{open} are open, {taken} of them taken on."),
    };
    page(StatusCode::OK, &Alerts { here: "/alerts", view: &view, summary, csrf: csrf(&shared, &headers) })
}

fn csrf(shared: &Shared, headers: &HeaderMap) -> Option<String> {
    shared.sessions.of(headers).map(|session| session.csrf)
}

pub(super) async fn login(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let view = shared.source.view().await;
    let (csrf, name) = shared.sessions.of(&headers).map(|session| (session.csrf, session.name)).unzip();
    page(StatusCode::OK, &Login { here: "", view: &view, csrf, name, wrong: false })
}

pub(super) async fn wrong_token(shared: &Shared) -> Response {
    let view = shared.source.view().await;
    page(StatusCode::FORBIDDEN, &Login { here: "", view: &view, csrf: None, name: None, wrong: true })
}

pub(super) async fn not_signed_in(shared: &Shared) -> Response {
    let view = shared.source.view().await;
    let text = "That needs somebody who has signed in, on a page that was loaded since.";
    message(StatusCode::FORBIDDEN, &view, "Not signed in", text, "sign in, and do it again")
}

pub(super) async fn nowhere(State(shared): State<Shared>) -> Response {
    let view = shared.source.view().await;
    message(StatusCode::NOT_FOUND, &view, "Nothing is here", "There is no such page.", "")
}

pub(super) async fn refused(shared: &Shared, refused: &Refused) -> Response {
    let view: Arc<View> = shared.source.view().await;
    let title = if matches!(refused, Refused::Unknown { .. }) { "Nothing is here" } else { "That was not done" };
    message(actions::status(refused), &view, title, &refused.to_string(), refused.help())
}

fn message(status: StatusCode, view: &View, title: &str, text: &str, help: &str) -> Response {
    page(status, &Message { here: "", view, title, text, help })
}
