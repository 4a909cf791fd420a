//! What the gate `zero-actions` makes of branches, and of what GitHub says.

use charter_deploy_model::Finding;
use serde_json::{Value, json};

use crate::github::{Answers, Project, build, look, serve};

const CI: &str = ".github/workflows/ci.yml";

fn run(id: u64, path: &str, event: &str, created_at: &str) -> Value {
    json!({ "id": id, "path": path, "event": event, "head_sha": "aaaa", "created_at": created_at })
}

fn runs(total: u64, runs: &[Value]) -> (&'static str, u16, Value) {
    ("/repos/ann/site/actions/runs", 200, json!({ "total_count": total, "workflow_runs": runs }))
}

fn repository() -> (&'static str, u16, Value) {
    let body = json!({ "default_branch": "main", "private": true, "owner": { "login": "ann", "type": "User" } });
    ("/repos/ann/site", 200, body)
}

fn usage(status: u16, items: &Value) -> (&'static str, u16, Value) {
    ("/users/ann/settings/billing/usage", status, json!({ "message": "no", "usageItems": items }))
}

fn minutes(quantity: f64, net: f64, repository: Option<&str>) -> Value {
    json!([{ "date": "2026-11-01", "product": "Actions", "sku": "Actions Linux", "quantity": quantity, "unitType": "minutes",
        "pricePerUnit": 0.008, "grossAmount": quantity * 0.008, "discountAmount": 0.0, "netAmount": net,
        "repositoryName": repository }])
}

const FUTURE: &str = "2999-01-01T00:00:00Z";
const PAST: &str = "2020-01-01T00:00:00Z";

async fn asked(answers: Answers) -> crate::github::Seen {
    let project = Project::new().await;
    project.commit(&[("README", "x")], "First").await;
    let (github, _) = serve(answers, true).await;
    let mut subject = project.subject();
    subject.github = Some(github);
    look("zero-actions", json!({}), &subject).await
}

fn subjects(findings: &[Finding]) -> Vec<(&str, &str)> {
    findings.iter().map(|finding| (finding.code.as_str(), finding.subject.as_str())).collect()
}

#[tokio::test]
async fn every_branch_counts_and_what_is_the_same_on_many_is_told_once() {
    let project = Project::new().await;
    project.commit(&[(CI, "on: push\n")], "First").await;
    for branch in ["old-1", "old-2", "archive/x"] {
        project.git(&["branch", branch]).await;
    }
    project.git(&["update-ref", "refs/remotes/origin/old-3", "HEAD"]).await;
    project.git(&["checkout", "--quiet", "-b", "other"]).await;
    project.commit(&[(CI, "on: schedule\n")], "Other").await;
    project.git(&["checkout", "--quiet", "main"]).await;
    project.git(&["rm", "--quiet", "--force", CI]).await;
    project.commit(&[("README", "x")], "Without").await;

    let seen = look("zero-actions", json!({}), &project.subject()).await;
    let archived = format!("archive/x:{CI}");
    let other = format!("other:{CI}");
    assert_eq!(
        subjects(&seen.findings),
        [("zero-actions/push", archived.as_str()), ("zero-actions/schedule", other.as_str())]
    );
    let message = &seen.findings[0].message;
    assert!(message.contains("`archive/x`, `old-1`, `old-2` and 1 more branch"), "{message}");
    assert_eq!(seen.findings[0].locations, [], "it is not in the work tree");
    assert_eq!((seen.looked_at.counts["branches"], seen.looked_at.counts["workflows"]), (6, 2));

    let section = json!({ "exclude-branches": ["archive/**", "old-*"] });
    let seen = look("zero-actions", section, &project.subject()).await;
    assert_eq!(subjects(&seen.findings), [("zero-actions/schedule", other.as_str())]);
}

#[tokio::test]
async fn the_fix_puts_the_file_right() {
    let project = Project::new().await;
    let text = "# é\nname: CI\non: [push, pull_request]\njobs: {}\n";
    project.commit(&[(CI, text)], "First").await;
    let seen = look("zero-actions", json!({}), &project.subject()).await;
    assert_eq!(seen.codes(), ["zero-actions/pull-request", "zero-actions/push"]);
    let at = &seen.findings[1].locations[0];
    assert_eq!((at.path.as_str(), at.line, at.column), (CI, Some(3), Some(6)));
    let fix = seen.findings[0].fix.clone().unwrap();
    assert_eq!(Some(&fix), seen.findings[1].fix.as_ref(), "one edit puts both right");

    let start = usize::try_from(fix.start).unwrap();
    let mut fixed = text.to_owned();
    assert_eq!(&fixed[start..start + fix.old.len()], fix.old);
    fixed.replace_range(start..start + fix.old.len(), &fix.new);
    project.commit(&[(CI, &fixed)], "Fixed").await;
    assert_eq!(look("zero-actions", json!({}), &project.subject()).await.codes(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_file_that_was_edited_since_is_pointed_at_without_a_line_or_a_fix() {
    let project = Project::new().await;
    project.commit(&[(CI, "on: push\n")], "First").await;
    std::fs::write(project.folder.path().join(CI), "").unwrap();
    let seen = look("zero-actions", json!({}), &project.subject()).await;
    assert_eq!(seen.codes(), ["zero-actions/push"], "the commit counts");
    assert_eq!((seen.findings[0].locations.len(), &seen.findings[0].fix), (0, &None));
}

#[tokio::test]
async fn what_no_one_could_read_is_never_passed_over() {
    let project = Project::new().await;
    let large = format!("on: push\n# {}", "x".repeat(1 << 20));
    let files = [
        (".github/workflows/large.yml", large.as_str()),
        (".github/workflows/bomb.yml", "on: &a [*a, *a]\n"),
        (".github/workflows/empty.yml", ""),
        (".github/workflows/good.yml", "on: workflow_call\n"),
    ];
    project.commit(&files, "First").await;
    std::os::unix::fs::symlink("good.yml", project.folder.path().join(".github/workflows/link.yml")).unwrap();
    project.commit(&[], "Link").await;
    let seen = look("zero-actions", json!({}), &project.subject()).await;
    let unreadable = |name| ("zero-actions/unreadable", name);
    assert_eq!(
        subjects(&seen.findings),
        [
            unreadable(".github/workflows/bomb.yml"),
            unreadable(".github/workflows/empty.yml"),
            unreadable(".github/workflows/large.yml"),
            unreadable(".github/workflows/link.yml"),
        ]
    );
}

#[tokio::test]
async fn without_a_token_github_is_not_asked_and_nothing_is_claimed() {
    let project = Project::new().await;
    project.commit(&[("README", "x")], "First").await;
    let (github, asked) = serve(vec![], false).await;
    let mut subject = project.subject();
    subject.github = Some(github);
    let seen = look("zero-actions", json!({}), &subject).await;
    assert_eq!((seen.measures.len(), seen.looked_at.undecided.len(), asked.lock().unwrap().len()), (0, 0, 0));

    let (github, asked) = serve(vec![], true).await;
    subject.github = Some(github);
    let seen = look("zero-actions", json!({ "ask-github": false }), &subject).await;
    assert_eq!((seen.looked_at.undecided.len(), asked.lock().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn runs_count_for_thirty_days_and_those_of_pages_do_not() {
    let pages = run(1, "dynamic/pages/pages-build-deployment", "dynamic", FUTURE);
    let seen = asked(vec![
        runs(1, std::slice::from_ref(&pages)),
        repository(),
        usage(200, &minutes(9.0, 0.0, Some("ann/site"))),
    ])
    .await;
    assert_eq!((seen.codes(), seen.measure("foreign-runs")), (vec![], Some(0.0)));
    assert_eq!((seen.measure("used-minutes"), seen.measure("billed-minutes")), (Some(9.0), Some(0.0)));
    assert_eq!(seen.looked_at.undecided, [] as [&str; 0]);

    let foreign = [
        pages,
        run(2, CI, "push", FUTURE),
        run(3, CI, "push", FUTURE),
        run(4, "dynamic/dependabot/dependabot-updates", "dynamic", FUTURE),
        run(5, CI, "push", PAST),
    ];
    let seen = asked(vec![runs(5, &foreign), repository(), usage(200, &minutes(9.0, 0.0, Some("ann/site")))]).await;
    assert_eq!(seen.codes(), ["zero-actions/minutes", "zero-actions/runs"]);
    assert_eq!(seen.measure("foreign-runs"), Some(3.0));
    let message = &seen.findings[1].message;
    assert!(
        message.contains("ran 3 times") && message.contains("`.github/workflows/ci.yml` 2 × on `push`"),
        "{message}"
    );
}

#[tokio::test]
async fn minutes_that_cost_something_count_whatever_ran() {
    let none = runs(0, &[]);
    let seen = asked(vec![none.clone(), repository(), usage(200, &minutes(9.0, 0.07, Some("ann/site")))]).await;
    assert_eq!(seen.codes(), ["zero-actions/minutes"]);
    assert!(seen.findings[0].message.contains("9 minutes") && seen.findings[0].message.contains("$0.07"));
    let seen = asked(vec![none, repository(), usage(200, &minutes(9.0, 0.07, Some("ann/other")))]).await;
    assert_eq!((seen.codes(), seen.measure("used-minutes")), (vec![], Some(0.0)));
}

#[tokio::test]
async fn minutes_of_no_repository_are_nobodys_here_only_when_nothing_ran() {
    let unnamed = usage(200, &minutes(9.0, 0.0, None));
    let seen = asked(vec![runs(0, &[]), repository(), unnamed.clone()]).await;
    assert_eq!((seen.codes(), seen.looked_at.undecided.len()), (vec![], 0));
    let seen = asked(vec![runs(1, &[run(1, CI, "push", FUTURE)]), repository(), unnamed]).await;
    assert_eq!((seen.codes(), seen.looked_at.undecided.len()), (vec!["zero-actions/runs"], 1));
    assert_eq!(seen.measure("billed-minutes"), None);
}

#[tokio::test]
async fn what_github_does_not_say_is_undecided_or_absent_and_never_zero() {
    let seen = asked(vec![runs(0, &[]), repository(), usage(403, &json!([]))]).await;
    assert_eq!(
        (seen.looked_at.undecided.len(), seen.measure("foreign-runs")),
        (0, Some(0.0)),
        "few tokens may see bills"
    );
    assert_eq!(seen.measure("billed-minutes"), None);

    let seen = asked(vec![runs(0, &[]), repository(), usage(503, &json!([]))]).await;
    assert_eq!((seen.looked_at.undecided.len(), seen.measure("billed-minutes")), (1, None));

    let seen = asked(vec![repository(), usage(200, &json!([]))]).await;
    assert_eq!((seen.looked_at.undecided.len(), seen.measure("foreign-runs")), (1, None), "no answer about runs");

    let seen = asked(vec![runs(5000, &[run(1, "dynamic/pages/pages-build-deployment", "dynamic", FUTURE)])]).await;
    assert_eq!((seen.looked_at.undecided.len(), seen.measure("foreign-runs")), (1, None), "not all were given");
}

#[test]
fn a_malformed_glob_is_refused_by_name() {
    let error = build("zero-actions", json!({ "exclude-branches": ["a["] })).unwrap_err();
    assert!(error.to_string().contains("`a[`"), "{error}");
}
