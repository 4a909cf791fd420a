//! What GitHub documents is read, and what is not there is absent.

use charter_github::{Account, OwnerKind, PagesDeploymentState, PagesStatus, RunFilter, actions_minutes, approvers};

use crate::server::{Answer, Server};

fn run(id: u64, path: &str, event: &str) -> String {
    format!(
        r#"{{"id":{id},"name":"CI","head_branch":"main","head_sha":"aaaa","path":"{path}","event":"{event}","status":"completed",
        "conclusion":"success","run_number":7,"run_attempt":1,"created_at":"2026-11-20T10:00:00Z","updated_at":"2026-11-20T10:01:00Z",
        "actor":{{"login":"ann","id":1}},"repository":{{"id":1}}}}"#
    )
}

fn page(total: u64, runs: &[String]) -> String {
    format!(r#"{{"total_count":{total},"workflow_runs":[{}]}}"#, runs.join(","))
}

#[tokio::test]
async fn a_pages_site_is_read_with_and_without_what_may_be_absent() {
    let server = Server::default().json(
        "GET /repos/o/r/pages",
        r#"{"url":"https://api.github.com/repos/o/r/pages","status":"built","cname":"example.org","custom_404":false,
        "html_url":"https://example.org","build_type":"legacy","source":{"branch":"gh-pages","path":"/"},"public":true,
        "https_certificate":{"state":"approved","domains":["example.org"]},"https_enforced":true,"protected_domain_state":null}"#,
    );
    let site = server.start().await.pages_site().await.unwrap().unwrap();
    assert_eq!((site.status, site.cname.as_deref()), (Some(PagesStatus::Built), Some("example.org")));
    assert_eq!(site.source.unwrap().branch, "gh-pages");

    let bare = r#"{"url":"x","status":null,"cname":null,"custom_404":false,"public":true}"#;
    let site = Server::default().json("GET /repos/o/r/pages", bare).start().await.pages_site().await.unwrap().unwrap();
    assert_eq!((site.status, site.cname, site.source), (None, None, None));
    assert_eq!(Server::default().start().await.pages_site().await.unwrap(), None, "Pages are off");
}

#[tokio::test]
async fn builds_are_read_and_one_can_be_asked_for() {
    let build = |status: &str, error: &str| {
        format!(
            r#"{{"url":"x","status":"{status}","error":{{"message":{error}}},"pusher":{{"login":"ann"}},"commit":"aaaa",
            "duration":2104,"created_at":"2026-11-20T10:00:00Z","updated_at":"2026-11-20T10:01:00Z"}}"#
        )
    };
    let server = Server::default()
        .json("GET /repos/o/r/pages/builds/latest", &build("errored", r#""Deployment failed, try again later.""#))
        .json(
            "GET /repos/o/r/pages/builds?per_page=100&page=1",
            &format!("[{},{}]", build("built", "null"), build("a-new-word", "null")),
        )
        .on("POST /repos/o/r/pages/builds", Answer::new(201, r#"{"url":"x","status":"queued"}"#))
        .json("GET /repos/o/r/pages/deployments/aaaa", r#"{"status":"purging_cdn"}"#)
        .json("GET /repos/o/r/pages/deployments/bbbb", r#"{"status":"made_up"}"#);
    let github = server.start().await;
    let latest = github.latest_pages_build().await.unwrap().unwrap();
    assert_eq!((latest.status, latest.commit.as_deref()), (Some(PagesStatus::Errored), Some("aaaa")));
    assert!(latest.is_over());
    assert_eq!(latest.error.message.as_deref(), Some("Deployment failed, try again later."));
    let statuses: Vec<_> = github.pages_builds().await.unwrap().iter().map(|build| build.status).collect();
    assert_eq!(statuses, [Some(PagesStatus::Built), Some(PagesStatus::Unknown)]);
    assert_eq!(github.request_pages_build().await.unwrap().status, PagesStatus::Queued);
    assert_eq!(github.pages_deployment("aaaa").await.unwrap(), Some(PagesDeploymentState::PurgingCdn));
    assert_eq!(github.pages_deployment("bbbb").await.unwrap(), Some(PagesDeploymentState::Unknown));
    assert_eq!(github.pages_deployment("cccc").await.unwrap(), None);
}

#[tokio::test]
async fn runs_come_page_by_page_and_each_once() {
    let many: Vec<String> = (0..100).map(|id| run(id, ".github/workflows/ci.yml", "push")).collect();
    // A run that began meanwhile pushed run 99 onto the second page.
    let rest =
        [run(99, ".github/workflows/ci.yml", "push"), run(100, "dynamic/pages/pages-build-deployment", "dynamic")];
    let server = Server::default()
        .json(
            "GET /repos/o/r/actions/runs?event=push&created=%3E%3D2026-10-21T00%3A00%3A00Z&per_page=100&page=1",
            &page(101, &many),
        )
        .json(
            "GET /repos/o/r/actions/runs?event=push&created=%3E%3D2026-10-21T00%3A00%3A00Z&per_page=100&page=2",
            &page(101, &rest),
        );
    let filter = RunFilter {
        event: Some("push".to_owned()),
        since: Some("2026-10-21T00:00:00.25Z".parse().unwrap()),
        ..RunFilter::default()
    };
    let runs = server.start().await.runs(&filter).await.unwrap();
    assert_eq!((runs.runs.len(), runs.is_complete()), (101, true));
    assert_eq!(runs.runs.iter().filter(|run| run.is_pages()).count(), 1);
}

#[tokio::test]
async fn a_list_without_end_is_fetched_to_a_limit_and_says_so() {
    let server = (1..=20).fold(Server::default(), |server, number| {
        let runs: Vec<String> = (0..100).map(|id| run(number * 100 + id, "a.yml", "push")).collect();
        server.json(&format!("GET /repos/o/r/actions/runs?per_page=100&page={number}"), &page(1_000_000, &runs))
    });
    let runs = server.start().await.runs(&RunFilter::default()).await.unwrap();
    assert_eq!((runs.runs.len(), runs.is_complete()), (1000, false));
    assert_eq!(server.asked().len(), 10);
}

#[tokio::test]
async fn a_short_page_that_says_there_is_more_is_believed() {
    let link = r#"<http://127.0.0.1:1/x?page=2>; rel="next", <http://127.0.0.1:1/x?page=2>; rel="last""#;
    let review = r#"[{"id":1,"user":{"login":"bob"},"body":"","state":"APPROVED","commit_id":"aaaa"}]"#;
    let server = Server::default()
        .on("GET /repos/o/r/pulls/7/reviews?per_page=100&page=1", Answer::new(200, review).with("link", link))
        .json("GET /repos/o/r/pulls/7/reviews?per_page=100&page=2", review);
    assert_eq!(server.start().await.reviews(7).await.unwrap().len(), 2, "the page is asked of us, not of the link");
}

#[tokio::test]
async fn minutes_are_added_up_by_repository() {
    let item = |product: &str, unit: &str, quantity: f64, net: f64, repository: &str| {
        format!(
            r#"{{"date":"2026-11-01","product":"{product}","sku":"Actions Linux","quantity":{quantity},"unitType":"{unit}",
            "pricePerUnit":0.008,"grossAmount":{},"discountAmount":0,"netAmount":{net}{repository}}}"#,
            quantity * 0.008
        )
    };
    let of = |name: &str| format!(r#","organizationName":"o","repositoryName":"{name}""#);
    let items = [
        item("Actions", "minutes", 100.0, 0.0, &of("O/R")),
        item("actions", "Minutes", 20.0, 0.16, &of("r")),
        item("Actions", "minutes", 7.0, 0.0, &of("o/other")),
        item("Actions", "minutes", 3.0, 0.0, ""),
        item("Actions", "GigabyteHours", 50.0, 0.1, &of("o/r")),
        item("Packages", "minutes", 50.0, 0.1, &of("o/r")),
    ];
    let body = format!(r#"{{"usageItems":[{}]}}"#, items.join(","));
    let server = Server::default()
        .json("GET /users/o/settings/billing/usage?year=2026&month=11", &body)
        .json("GET /organizations/acme/settings/billing/usage?year=2026&month=1", "{}");
    let github = server.start().await;
    let usage = github.usage(&Account::User("o".to_owned()), 2026, 11).await.unwrap();
    let minutes = actions_minutes(&usage, "o", "r");
    assert_eq!((minutes.gross_minutes, minutes.billed_minutes, minutes.unattributed_minutes), (120.0, 20.0, 3.0));
    assert!((minutes.gross_amount - 0.96).abs() < 1e-9 && (minutes.net_amount - 0.16).abs() < 1e-9, "{minutes:?}");
    assert_eq!(github.usage(&Account::Organization("acme".to_owned()), 2026, 1).await.unwrap(), []);
}

#[tokio::test]
async fn a_repository_its_rules_and_its_protection_are_read() {
    let server = Server::default()
        .json(
            "GET /repos/o/r",
            r#"{"id":1,"name":"r","owner":{"login":"o","type":"Organization"},"private":true,"default_branch":"main/line"}"#,
        )
        .json(
            "GET /repos/o/r/rules/branches/main%2Fline?per_page=100&page=1",
            r#"[{"type":"deletion","ruleset_source_type":"Repository","ruleset_id":1},{"type":"pull_request","parameters":{}}]"#,
        )
        .json(
            "GET /repos/o/r/branches/main%2Fline/protection",
            r#"{"url":"x","enforce_admins":{"enabled":true},"allow_force_pushes":{"enabled":false},"allow_deletions":{"enabled":true}}"#,
        )
        .on("GET /repos/o/r/branches/bare/protection", Answer::new(404, r#"{"message":"Branch not protected"}"#));
    let github = server.start().await;
    let repository = github.repository().await.unwrap();
    assert_eq!((repository.owner.kind, repository.private), (OwnerKind::Organization, true));
    let rules = github.rules(&repository.default_branch).await.unwrap();
    assert_eq!(rules.iter().map(|rule| rule.kind.as_str()).collect::<Vec<_>>(), ["deletion", "pull_request"]);
    let protection = github.protection("main/line").await.unwrap().unwrap();
    assert!(!protection.allow_force_pushes.enabled && protection.allow_deletions.enabled);
    assert_eq!(github.protection("bare").await.unwrap(), None);
    assert!(github.protection("hidden").await.is_err(), "what the token may not see is not unprotected");
}

#[tokio::test]
async fn only_others_who_saw_the_last_commit_approve_it() {
    let review = |login: &str, state: &str, commit: &str| {
        format!(
            r#"{{"id":1,"user":{{"login":"{login}"}},"state":"{state}","commit_id":"{commit}","submitted_at":"2026-11-20T10:00:00Z"}}"#
        )
    };
    for (reviews, expected) in [
        (vec![review("bob", "APPROVED", "head")], vec!["bob"]),
        (vec![review("Ann", "APPROVED", "head")], vec![]),
        (vec![review("bob", "APPROVED", "earlier")], vec![]),
        (vec![review("bob", "APPROVED", "head"), review("bob", "COMMENTED", "head")], vec!["bob"]),
        (vec![review("bob", "APPROVED", "head"), review("bob", "DISMISSED", "head")], vec![]),
        (vec![review("bob", "APPROVED", "head"), review("eve", "CHANGES_REQUESTED", "head")], vec![]),
        (vec![review("eve", "CHANGES_REQUESTED", "x"), review("eve", "APPROVED", "head")], vec!["eve"]),
        (vec![r#"{"id":1,"user":null,"state":"APPROVED","commit_id":"head"}"#.to_owned()], vec![]),
        (vec![], vec![]),
    ] {
        let server = Server::default()
            .json(
                "GET /repos/o/r/commits/aaaa/pulls?per_page=100&page=1",
                r#"[{"number":7,"state":"closed","user":{"login":"ann"},"head":{"ref":"x","sha":"head"},"merged_at":"2026-11-20T10:00:00Z"}]"#,
            )
            .json("GET /repos/o/r/pulls/7/reviews?per_page=100&page=1", &format!("[{}]", reviews.join(",")));
        let github = server.start().await;
        let pull = github.pulls_of("aaaa").await.unwrap().pop().unwrap();
        assert_eq!(approvers(&pull, &github.reviews(pull.number).await.unwrap()), expected, "{reviews:?}");
    }
}
