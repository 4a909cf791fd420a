//! What people decide, and what other services send.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FormRejection};
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::Shared;
use super::guard::Refusals;
use super::pages;
use super::session::{NotSignedIn, Session};
use crate::{Acknowledgement, Received, Refused, SilenceOrder};

const LONGEST_NAME: usize = 100;
const LONGEST_REASON: usize = 500;
/// A week.
const MOST_MINUTES: u32 = 10_080;

#[derive(Deserialize)]
pub(super) struct Login {
    name: String,
    token: String,
}

#[derive(Deserialize)]
pub(super) struct Logout {
    csrf: String,
}

#[derive(Deserialize)]
pub(super) struct Acknowledge {
    csrf: String,
    reason: String,
}

#[derive(Deserialize)]
pub(super) struct Silence {
    csrf: String,
    #[serde(default)]
    endpoint: String,
    minutes: u32,
    reason: String,
}

type Filled<T> = Result<Form<T>, FormRejection>;

pub(super) async fn login(State(shared): State<Shared>, form: Filled<Login>) -> Response {
    let Form(Login { name, token }) = match form {
        Ok(form) => form,
        Err(rejection) => return unreadable(&shared, &rejection).await,
    };
    let name = match line(&name, "name", LONGEST_NAME) {
        Ok(name) => name,
        Err(refused) => return pages::refused(&shared, &refused).await,
    };
    match shared.sessions.sign_in(&name, &token) {
        Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to("/alerts")).into_response(),
        Err(NotSignedIn::WrongToken) => {
            Refusals::count(&shared.refusals.token);
            pages::wrong_token(&shared).await
        }
        Err(NotSignedIn::TooOften) => {
            Refusals::count(&shared.refusals.token);
            pages::refused(&shared, &Refused::TooMany).await
        }
        Err(NotSignedIn::NoRandomNumbers) => {
            let reason = "the machine has no random numbers".to_owned();
            pages::refused(&shared, &Refused::Failed { reason }).await
        }
    }
}

pub(super) async fn logout(State(shared): State<Shared>, headers: HeaderMap, form: Filled<Logout>) -> Response {
    let Form(Logout { csrf }) = match form {
        Ok(form) => form,
        Err(rejection) => return unreadable(&shared, &rejection).await,
    };
    if signed_in(&shared, &headers, &csrf).is_none() {
        return pages::not_signed_in(&shared).await;
    }
    let cookie = shared.sessions.sign_out(&headers);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response()
}

pub(super) async fn acknowledge(
    State(shared): State<Shared>,
    Path(alert): Path<String>,
    headers: HeaderMap,
    form: Filled<Acknowledge>,
) -> Response {
    let Form(Acknowledge { csrf, reason }) = match form {
        Ok(form) => form,
        Err(rejection) => return unreadable(&shared, &rejection).await,
    };
    let Some(session) = signed_in(&shared, &headers, &csrf) else { return pages::not_signed_in(&shared).await };
    let done = async {
        let reason = line(&reason, "reason", LONGEST_REASON)?;
        shared.source.acknowledge(&Acknowledgement { alert, by: session.name, reason }).await
    };
    answer(&shared, done.await).await
}

pub(super) async fn silence(State(shared): State<Shared>, headers: HeaderMap, form: Filled<Silence>) -> Response {
    let Form(Silence { csrf, endpoint, minutes, reason }) = match form {
        Ok(form) => form,
        Err(rejection) => return unreadable(&shared, &rejection).await,
    };
    let Some(session) = signed_in(&shared, &headers, &csrf) else { return pages::not_signed_in(&shared).await };
    let done = async {
        let reason = line(&reason, "reason", LONGEST_REASON)?;
        if !(1..=MOST_MINUTES).contains(&minutes) {
            let reason = format!("{minutes} minutes are not between a minute and a week");
            return Err(Refused::Invalid { reason });
        }
        let endpoint = (!endpoint.is_empty()).then_some(endpoint);
        shared.source.silence(&SilenceOrder { endpoint, by: session.name, reason, minutes }).await
    };
    answer(&shared, done.await).await
}

/// Hands on what another service sent. The source sees who it is; here it is only bounded.
pub(super) async fn hook(
    State(shared): State<Shared>,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            Refusals::count(&shared.refusals.hook);
            return (rejection.status(), rejection.body_text()).into_response();
        }
    };
    let text = headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let received = Received { source, headers: text.collect(), body: body.to_vec() };
    match shared.source.receive(&received).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => {
            Refusals::count(&shared.refusals.hook);
            (status(&refused), format!("{refused}\n")).into_response()
        }
    }
}

/// Returns who sent a form of these pages; whoever did not is counted.
fn signed_in(shared: &Shared, headers: &HeaderMap, csrf: &str) -> Option<Session> {
    let session = shared.sessions.of_form(headers, csrf);
    if session.is_none() {
        Refusals::count(&shared.refusals.session);
    }
    session
}

async fn answer(shared: &Shared, done: Result<(), Refused>) -> Response {
    match done {
        Ok(()) => Redirect::to("/alerts").into_response(),
        Err(refused) => pages::refused(shared, &refused).await,
    }
}

async fn unreadable(shared: &Shared, rejection: &FormRejection) -> Response {
    Refusals::count(&shared.refusals.session);
    let reason = format!("the form cannot be read: {}", rejection.body_text());
    let mut response = pages::refused(shared, &Refused::Invalid { reason }).await;
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    }
    response
}

/// Returns one line of text without what surrounds it.
fn line(text: &str, what: &str, longest: usize) -> Result<String, Refused> {
    let text = text.trim();
    let invalid = |reason| Err(Refused::Invalid { reason });
    if text.is_empty() {
        return invalid(format!("the {what} is missing"));
    }
    if text.chars().count() > longest {
        return invalid(format!("the {what} has more than {longest} characters"));
    }
    if text.chars().any(char::is_control) {
        return invalid(format!("the {what} has more than one line, or characters that nobody can see"));
    }
    Ok(text.to_owned())
}

/// Returns the status of HTTP that says the same.
pub(super) const fn status(refused: &Refused) -> StatusCode {
    match refused {
        Refused::Unknown { .. } => StatusCode::NOT_FOUND,
        Refused::Invalid { .. } => StatusCode::BAD_REQUEST,
        Refused::Unauthenticated => StatusCode::FORBIDDEN,
        Refused::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Refused::Failed { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
