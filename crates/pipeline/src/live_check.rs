//! Whether users are shown what they should be, asked over HTTP.

use std::time::Duration;

use charter_deploy_model::{LiveCheck, LiveVerification, Release};
use charter_host::Scope;
use charter_targets::preview;
use tokio::time::Instant;

use crate::github::Unstick;
use crate::{Project, Stop};

/// One path that must answer in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmokeCheck {
    /// The path, below the site's URL.
    pub path: String,
    /// The status that it must have.
    pub status: u16,
    /// Text that its body must contain.
    pub contains: Option<String>,
}

/// How long to wait before asking again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(4));

/// No more than this is read of an answer, in bytes.
const BODY_LIMIT: usize = 8 << 20;

/// Asks the live site until it shows `expected` and every check passes, or the time is up.
///
/// Where hosts take their time, a switch and its being seen are two moments; `since` is the first, where it is known.
/// Without a configured URL the target's own folder is served on loopback and asked, once.
pub(crate) async fn check(
    project: &Project,
    expected: &Release,
    since: Option<Instant>,
    scope: &Scope,
) -> LiveVerification {
    let Some(url) = &project.settings.url else { return check_by_loopback(project, expected).await };
    let limit = project.settings.verify_limit;
    let mut deadline = Instant::now() + project.target.visible_within() + limit;
    let (mut pause, longest) = PAUSES;
    let mut visible = None;
    let mut unstick = Unstick::new(project);
    loop {
        let checks = ask_all(project, url, expected).await;
        // The first check is the one that tells the release. Once it is seen, a page that is wrong is wrong.
        if visible.is_none() && checks.first().is_some_and(|check| check.passed) {
            visible = Some(Instant::now());
            deadline = deadline.min(Instant::now() + limit);
        }
        let passed = checks.iter().all(|check| check.passed);
        let left = deadline.saturating_duration_since(Instant::now());
        if passed || left.is_zero() {
            let visible_after_ms = visible.zip(since).map(|(seen, since)| between(since, seen));
            return LiveVerification { url: url.clone(), loopback: false, visible_after_ms, checks };
        }
        let failed = checks.iter().find(|check| !check.passed);
        let doing = failed.and_then(|check| check.problem.as_deref()).unwrap_or("the live site");
        scope.progress(0, None, &format!("waiting for the live site: {doing}"));
        if visible.is_none() {
            unstick.tick().await;
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = longest.min(pause * 2);
    }
}

/// Returns the milliseconds from one moment to a later one.
fn between(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
}

async fn check_by_loopback(project: &Project, expected: &Release) -> LiveVerification {
    let failed = |problem: String| LiveVerification {
        url: String::new(),
        loopback: true,
        visible_after_ms: None,
        checks: vec![LiveCheck {
            path: Release::MARKER.to_owned(),
            passed: false,
            status: None,
            problem: Some(problem),
        }],
    };
    let Some(folder) = project.target.live_folder() else {
        return failed("there is no `url` to look at and the target has no folder on this machine".to_owned());
    };
    match preview::serve(&folder, &project.settings.base_path).await {
        Ok(server) => {
            let checks = ask_all(project, server.url(), expected).await;
            LiveVerification { url: server.url().to_owned(), loopback: true, visible_after_ms: None, checks }
        }
        Err(error) => failed(format!("the live folder cannot be served on loopback: {error}")),
    }
}

/// Looks whether users are shown, as they should be, the release that the target says is live; nothing when it shows
/// none.
///
/// # Errors
/// When the target cannot be asked.
pub async fn verify_live(project: &Project, scope: &Scope) -> Result<Option<LiveVerification>, Stop> {
    let Some(live) = project.live(scope).await? else { return Ok(None) };
    let releases = project.target.releases(scope).await.map_err(Stop::target("list the releases"))?;
    match releases.into_iter().find(|release| release.id == live) {
        Some(release) => Ok(Some(check(project, &release, None, scope).await)),
        None => Ok(None),
    }
}

async fn ask_all(project: &Project, url: &str, expected: &Release) -> Vec<LiveCheck> {
    let mut checks =
        vec![judged(Release::MARKER, ask(project, url, Release::MARKER, expected).await, |status, body| {
            shows(expected, status, body)
        })];
    for smoke in &project.settings.checks {
        let path = smoke.path.trim_start_matches('/');
        let answer = ask(project, url, path, expected).await;
        checks.push(judged(&smoke.path, answer, |status, body| passes(smoke, status, body)));
    }
    checks
}

fn judged(
    path: &str,
    answer: Result<(u16, Vec<u8>), String>,
    problem: impl FnOnce(u16, &[u8]) -> Option<String>,
) -> LiveCheck {
    let (status, problem) = match answer {
        Ok((status, body)) => (Some(status), problem(status, &body)),
        Err(problem) => (None, Some(problem)),
    };
    LiveCheck { path: path.to_owned(), passed: problem.is_none(), status, problem }
}

fn shows(expected: &Release, status: u16, body: &[u8]) -> Option<String> {
    if status != 200 {
        return Some(format!("answered {status} instead of 200"));
    }
    match serde_json::from_slice::<Release>(body) {
        Ok(shown) if shown == *expected => None,
        Ok(shown) => Some(format!("shows release {} instead of {}", shown.id, expected.id)),
        Err(error) => Some(format!("does not say which release it shows: {error}")),
    }
}

fn passes(smoke: &SmokeCheck, status: u16, body: &[u8]) -> Option<String> {
    if status != smoke.status {
        return Some(format!("answered {status} instead of {}", smoke.status));
    }
    let text = smoke.contains.as_deref()?;
    let found = body.windows(text.len().max(1)).any(|window| window == text.as_bytes()) || text.is_empty();
    (!found).then(|| format!("does not contain {text:?}"))
}

/// Asks for one path, past every cache: some that hosts put in front keep to no header, but each query is another page
/// to them. The error says what went wrong in words.
async fn ask(project: &Project, url: &str, path: &str, expected: &Release) -> Result<(u16, Vec<u8>), String> {
    let mark = if path.contains('?') { '&' } else { '?' };
    let address = format!("{}/{path}{mark}charter={}", url.trim_end_matches('/'), expected.id);
    let http =
        project.host.http().map_err(|error| format!("the HTTP client cannot be set up: {}", spelled_out(&error)))?;
    let asked = http.get(&address).header("cache-control", "no-cache").timeout(project.settings.verify_limit);
    let mut answer = asked.send().await.map_err(|error| spelled_out(&error))?;
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(|error| spelled_out(&error))? {
        body.extend_from_slice(&part);
        if body.len() > BODY_LIMIT {
            break;
        }
    }
    Ok((answer.status().as_u16(), body))
}

/// An HTTP error with its causes but without the URL, which may carry a password.
fn spelled_out(error: &reqwest::Error) -> String {
    let mut causes: Vec<String> = Vec::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    if error.is_timeout() {
        "gave no answer in time".to_owned()
    } else if causes.is_empty() {
        "gave no answer".to_owned()
    } else {
        format!("gave no answer: {}", causes.join(": "))
    }
}

/// Says in one sentence what the live check did not like; nothing when it passed.
pub(crate) fn problem(verification: &LiveVerification) -> Option<String> {
    let failed: Vec<String> = verification
        .checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| format!("`{}` {}", check.path, check.problem.as_deref().unwrap_or("failed")))
        .collect();
    (!failed.is_empty()).then(|| failed.join("; "))
}
