//! What programs ask for, and what pages load.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::Shared;

/// How often a browser is told that something changed, at most.
const QUIET: Duration = Duration::from_secs(1);

pub(super) async fn metrics(State(shared): State<Shared>) -> impl IntoResponse {
    let text = crate::metrics(&*shared.source.view().await, &shared.refusals.counts());
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
}

pub(super) async fn view(State(shared): State<Shared>) -> Response {
    match serde_json::to_vec(&*shared.source.view().await) {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Tells the version of the view: at once, and whenever there is another, until the server stops.
pub(super) async fn events(State(shared): State<Shared>) -> Response {
    let Ok(room) = shared.streams.clone().try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many pages are being kept up to date\n").into_response();
    };
    let mut changes = shared.source.changes();
    changes.mark_changed();
    let told = stream::unfold((changes, shared.stopped, false), |(mut changes, mut stopped, told)| async move {
        let next = async {
            if told {
                tokio::time::sleep(QUIET).await;
            }
            changes.changed().await.ok().map(|()| *changes.borrow_and_update())
        };
        let version = tokio::select! {
            version = next => version?,
            _ = stopped.changed() => return None,
        };
        let event = Event::default().event("change").data(version.to_string());
        Some((Ok::<_, Infallible>(event), (changes, stopped, true)))
    });
    // The room is free again when the stream is dropped.
    let told = stream::StreamExt::map(told, move |event| {
        let _held = &room;
        event
    });
    Sse::new(told).keep_alive(KeepAlive::default()).into_response()
}

pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

pub(super) async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)
}

pub(super) async fn icon() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml")], ICON)
}

/// The style of every page, those for everyone included.
pub(crate) const STYLE: &str = include_str!("../../assets/style.css");
const SCRIPT: &str = include_str!("../../assets/live.js");
pub(crate) const ICON: &str = include_str!("../../assets/favicon.svg");
