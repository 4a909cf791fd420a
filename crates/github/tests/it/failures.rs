//! What becomes of servers that say no, lie or break off.

use std::time::Duration;

use charter_github::{GitHubError, RunFilter};

use crate::server::{Answer, Server, TOKEN};

async fn fails(answer: Answer) -> GitHubError {
    Server::default().on("GET /repos/o/r", answer).start().await.repository().await.unwrap_err()
}

fn said(error: &GitHubError) -> String {
    let mut text = format!("{error} {error:?} {:?}", error.help());
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(" {error}"));
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn each_refusal_is_told_from_the_others() {
    let no = |status| Answer::new(status, r#"{"message":"No such luck","documentation_url":"x"}"#);
    assert!(matches!(fails(no(401)).await, GitHubError::Unauthorized { .. }));
    assert!(matches!(fails(no(403)).await, GitHubError::Forbidden { message, .. } if message == "No such luck"));
    assert!(matches!(fails(no(404)).await, GitHubError::NotFound { .. }));
    assert!(
        matches!(fails(no(409)).await, GitHubError::Refused { status: 409, message, .. } if message == "No such luck")
    );
    assert!(matches!(fails(no(422)).await, GitHubError::Refused { status: 422, .. }));
    assert!(matches!(fails(no(503)).await, GitHubError::Failed { status: 503, .. }));
    let text = fails(Answer::new(403, "<html>")).await.to_string();
    assert_eq!(text, "GitHub does not let this token read the repository: it did not say why");
}

#[tokio::test]
async fn a_rate_limit_says_when_it_ends() {
    let secondary =
        Answer::new(403, r#"{"message":"You have exceeded a secondary rate limit"}"#).with("retry-after", "60");
    let GitHubError::RateLimited { retry_after, resets_at } = fails(secondary).await else { panic!() };
    assert_eq!((retry_after, resets_at), (Some(Duration::from_secs(60)), None));

    let primary = Answer::new(403, r#"{"message":"API rate limit exceeded for user ID 1."}"#)
        .with("x-ratelimit-remaining", "0")
        .with("x-ratelimit-reset", "1795240800");
    let error = fails(primary).await;
    let GitHubError::RateLimited { retry_after: None, resets_at: Some(moment) } = &error else { panic!("{error:?}") };
    assert_eq!(moment.as_second(), 1_795_240_800);
    assert_eq!(error.help().unwrap(), format!("wait until {moment}"));

    let nonsense = Answer::new(429, "").with("retry-after", "soon").with("x-ratelimit-reset", "99999999999999999");
    assert!(matches!(fails(nonsense).await, GitHubError::RateLimited { retry_after: None, resets_at: None }));
    let not_used_up =
        Answer::new(403, r#"{"message":"Resource not accessible"}"#).with("x-ratelimit-remaining", "4999");
    assert!(matches!(fails(not_used_up).await, GitHubError::Forbidden { .. }));
}

#[tokio::test]
async fn garbage_is_an_error_and_never_a_value() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        "",
        "null",
        "[]",
        "\u{0}\u{1}",
        "<html>Unicorn!</html>",
        r#"{"default_branch":7,"owner":{"login":"o","type":"User"},"private":false}"#,
        r#"{"default_branch":"main","owner":null,"private":false}"#,
        r#"{"default_branch":"main","owner":{"login":"o","type":"User"}}"#,
        deep.as_str(),
    ] {
        assert!(matches!(fails(Answer::new(200, body)).await, GitHubError::Malformed { .. }), "{body:.60}");
    }
    let runs = r#"{"total_count":-1,"workflow_runs":[]}"#;
    let server = Server::default().json("GET /repos/o/r/actions/runs?per_page=100&page=1", runs);
    assert!(matches!(server.start().await.runs(&RunFilter::default()).await, Err(GitHubError::Malformed { .. })));
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    assert!(matches!(fails(Answer::new(200, vec![b' '; (16 << 20) + 1])).await, GitHubError::TooLarge { .. }));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_without_the_address() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let place = charter_github::Place {
        host: "github.com".into(),
        api: format!("http://{address}/").parse().unwrap(),
        owner: "o".into(),
        name: "r".into(),
    };
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let error = charter_github::GitHub::new(http, place, None).repository().await.unwrap_err();
    assert!(matches!(error, GitHubError::Unreachable { .. }), "{error}");
    assert!(error.help().is_some());
}

#[tokio::test]
async fn the_token_is_in_no_error_even_when_the_server_repeats_it() {
    for status in [400, 403, 404, 409, 422] {
        let error = fails(Answer::new(status, format!(r#"{{"message":"bad\ntoken {TOKEN}"}}"#))).await;
        let text = said(&error);
        assert!(!text.contains(TOKEN) && !text.contains("ThisIsTheToken"), "{text}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    let error = fails(Answer::new(200, format!("\"{TOKEN}\""))).await;
    assert!(matches!(error, GitHubError::Malformed { .. }) && !said(&error).contains(TOKEN), "{error:?}");
    let github = Server::default().start().await;
    assert!(!format!("{github:?}").contains(TOKEN));
}
