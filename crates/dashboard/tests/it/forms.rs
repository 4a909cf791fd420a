//! What people decide, and what keeps everyone else from deciding it.

use reqwest::{RequestBuilder, Response};

use crate::sample::{self, HOOK_SECRET};
use crate::{TOKEN, client, start};

fn origin(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

fn post(url: &str, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
    let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
    client()
        .post(format!("{url}{path}"))
        .header("origin", origin(url))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(pairs.join("&"))
}

/// Signs in and returns the cookie and what forms must carry.
async fn sign_in(url: &str) -> (String, String) {
    let answer = post(url, "login", &[("name", "ann"), ("token", TOKEN)]).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (303, &"/alerts".parse().unwrap()));
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    let cookie = set.split(';').next().unwrap().to_owned();
    let page = client().get(format!("{url}alerts")).header("cookie", &cookie).send().await.unwrap();
    let page = page.text().await.unwrap();
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (cookie, csrf)
}

const ALERT: &str = "alert/20261121-141924-alert/acknowledge";

async fn refusals(url: &str, reason: &str) -> u64 {
    let text = client().get(format!("{url}metrics")).send().await.unwrap().text().await.unwrap();
    let start = format!("charter_dashboard_refused_total{{reason=\"{reason}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&start)).unwrap().parse().unwrap()
}

async fn status(answer: RequestBuilder) -> u16 {
    answer.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn an_alert_is_taken_on_and_kept_quiet_by_who_signed_in() {
    let (_running, source, url) = start(sample::view()).await;
    let (cookie, csrf) = sign_in(&url).await;
    let form = [("csrf", csrf.as_str()), ("reason", "restarting it")];
    let done = post(&url, ALERT, &form).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(done.status(), 303);
    let view = source.now();
    assert_eq!(view.alerts[0].acknowledged_by.as_deref(), Some("ann"));
    assert_eq!(view.alerts[0].acknowledged_because.as_deref(), Some("restarting it"));
    let form = [("csrf", csrf.as_str()), ("endpoint", "shop"), ("minutes", "30"), ("reason", "moving it")];
    assert_eq!(status(post(&url, "silence", &form).header("cookie", &cookie)).await, 303);
    let silences = &source.now().silences;
    let last = silences.last().unwrap();
    assert_eq!((last.what.as_str(), last.by.as_str(), last.reason.as_str()), ("shop", "ann", "moving it"));
    let page = client().get(format!("{url}alerts")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("restarting it") && !page.contains(&csrf));
}

#[tokio::test]
async fn nobody_else_decides_anything() {
    let (_running, source, url) = start(sample::view()).await;
    let before = source.now();
    let (cookie, csrf) = sign_in(&url).await;
    let form = [("csrf", csrf.as_str()), ("reason", "mine")];
    let with = |form: &[(&str, &str)]| post(&url, ALERT, form).header("cookie", &cookie);

    // Without a session, without or with another's token in the form.
    assert_eq!(status(post(&url, ALERT, &form)).await, 403);
    assert_eq!(status(with(&[("csrf", "guessed"), ("reason", "mine")])).await, 403);
    let (_, other) = sign_in(&url).await;
    assert_eq!(status(with(&[("csrf", &other), ("reason", "mine")])).await, 403);
    assert_eq!(status(with(&[("reason", "mine")])).await, 400);
    assert_eq!(refusals(&url, "session").await, 4);

    // From another page, or from one that does not say.
    let bare =
        || client().post(format!("{url}{ALERT}")).header("cookie", &cookie).body(format!("csrf={csrf}&reason=x"));
    let bare = || bare().header("content-type", "application/x-www-form-urlencoded");
    for wrong in ["http://evil.example", "null", "http://127.0.0.1:1", "http://localhost"] {
        assert_eq!(status(bare().header("origin", wrong)).await, 403, "{wrong}");
    }
    assert_eq!(status(bare()).await, 403);
    assert_eq!(refusals(&url, "origin").await, 5);

    // By another name, and by another way.
    assert_eq!(status(with(&form).header("host", "evil.example")).await, 421);
    let get = client().get(format!("{url}{ALERT}")).header("cookie", &cookie);
    assert_eq!(status(get).await, 405);
    assert_eq!(*source.now(), *before);
}

#[tokio::test]
async fn a_wrong_token_signs_nobody_in() {
    let (_running, _, url) = start(sample::view()).await;
    let answer = post(&url, "login", &[("name", "eve"), ("token", "guess")]).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.headers().get("set-cookie").is_none());
    assert!(answer.text().await.unwrap().contains("That is not the token."));
    assert_eq!(refusals(&url, "token").await, 1);
    for _ in 0..9 {
        post(&url, "login", &[("name", "eve"), ("token", "guess")]).send().await.unwrap();
    }
    assert_eq!(status(post(&url, "login", &[("name", "ann"), ("token", TOKEN)])).await, 429);
}

#[tokio::test]
async fn who_signs_out_is_out() {
    let (_running, _, url) = start(sample::view()).await;
    let (cookie, csrf) = sign_in(&url).await;
    assert_eq!(status(post(&url, "logout", &[("csrf", "wrong")]).header("cookie", &cookie)).await, 403);
    assert_eq!(status(post(&url, "logout", &[("csrf", &csrf)]).header("cookie", &cookie)).await, 303);
    let form = [("csrf", csrf.as_str()), ("reason", "mine")];
    assert_eq!(status(post(&url, ALERT, &form).header("cookie", &cookie)).await, 403);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_word_on_what_to_do() {
    let (_running, source, url) = start(sample::view()).await;
    let before = source.now();
    let (cookie, csrf) = sign_in(&url).await;
    let send = async |path: &str, form: &[(&str, &str)]| -> Response {
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(form);
        post(&url, path, &all).header("cookie", &cookie).send().await.unwrap()
    };
    let long = "x".repeat(501);
    for (path, form, code, says) in [
        (ALERT, [("reason", " ")].as_slice(), 400, "the reason is missing"),
        (ALERT, &[("reason", &long)], 400, "more than 500 characters"),
        (ALERT, &[("reason", "a%0Ab")], 400, "more than one line"),
        ("alert/nothing/acknowledge", &[("reason", "x")], 404, "there is no open alert `nothing`"),
        ("alert/20261119-090530-alert/acknowledge", &[("reason", "x")], 404, "it may be over"),
        ("silence", &[("minutes", "0"), ("reason", "x")], 400, "between a minute and a week"),
        ("silence", &[("minutes", "99999"), ("reason", "x")], 400, "between a minute and a week"),
        ("silence", &[("minutes", "-1"), ("reason", "x")], 400, "the form cannot be read"),
        ("silence", &[("minutes", "1"), ("reason", "x"), ("endpoint", "nobody")], 404, "no endpoint `nobody`"),
    ] {
        let answer = send(path, form).await;
        assert_eq!(answer.status(), code, "{path} {form:?}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(says), "{path} {form:?}: {text}");
    }
    let huge = "x".repeat(20_000);
    assert_eq!(send(ALERT, &[("reason", &huge)]).await.status(), 413);
    assert_eq!(*source.now(), *before);
}

#[tokio::test]
async fn other_services_are_heard_when_they_sign_and_counted_when_they_do_not() {
    let (_running, _, url) = start(sample::view()).await;
    let hook = || client().post(format!("{url}hooks/uptimerobot")).body("{}");
    assert_eq!(status(hook().header("x-signature", HOOK_SECRET)).await, 204);
    assert_eq!(status(hook().header("x-signature", "wrong")).await, 403);
    assert_eq!(status(hook()).await, 403);
    let large = hook().header("x-signature", HOOK_SECRET).body(vec![b'x'; 256 * 1024 + 1]);
    assert_eq!(status(large).await, 413);
    assert_eq!(refusals(&url, "hook").await, 3);
}
