//! Which commits the gate `commits` judges, and what GitHub adds.

use charter_deploy_model::Inspection;
use serde_json::{Value, json};

use crate::github::{Project, build, inspect, look, serve};

const BOB: &str = "Reviewed-by: Bob <bob@example.org>";

fn review() -> Value {
    json!({ "require-review": true })
}

fn reason(inspection: &Inspection) -> &str {
    match inspection {
        Inspection::NotApplicable { reason } => reason,
        Inspection::Looked { .. } => panic!("it looked: {inspection:?}"),
    }
}

#[tokio::test]
async fn a_fresh_project_is_asked_for_nothing() {
    let project = Project::new().await;
    project.commit(&[("README", "x")], "First").await;
    let inspection = inspect("commits", json!({}), &project.subject()).await;
    assert!(reason(&inspection).contains("set `require-review`"), "{inspection:?}");
}

#[tokio::test]
async fn only_what_is_new_since_the_last_deployment_is_judged() {
    let project = Project::new().await;
    project.commit(&[("README", "1")], "Old and never reviewed").await;
    // As `charter` makes it: a commit of its own on top of the one that was deployed.
    project.git(&["checkout", "--quiet", "-b", "20261121-020711-prod-first"]).await;
    project.commit(&[], "Deployment").await;
    project.git(&["checkout", "--quiet", "main"]).await;
    let inspection = inspect("commits", review(), &project.subject()).await;
    assert_eq!(reason(&inspection), "there are no new commits since `20261121-020711-prod-first`");

    project.commit(&[("README", "2")], "New and never reviewed").await;
    project.commit(&[("README", "3")], &format!("New and reviewed\n\n{BOB}")).await;
    let seen = look("commits", review(), &project.subject()).await;
    assert_eq!((seen.codes(), seen.looked_at.counts["commits"]), (vec!["commits/unreviewed"], 2));
    assert!(seen.findings[0].message.contains("`New and never reviewed`"), "{:?}", seen.findings);
    assert_eq!(seen.findings[0].subject.len(), 40);
}

#[tokio::test]
async fn before_the_first_deployment_the_last_commits_are_judged() {
    let project = Project::new().await;
    for number in 0..5 {
        project.commit(&[], &format!("Commit {number}")).await;
    }
    let section = json!({ "require-review": true, "last": 2 });
    assert_eq!(look("commits", section, &project.subject()).await.codes().len(), 2);
}

#[tokio::test]
async fn merges_are_not_judged_and_what_they_merge_is() {
    let project = Project::new().await;
    project.commit(&[("a", "1")], &format!("First\n\n{BOB}")).await;
    project.git(&["checkout", "--quiet", "-b", "side"]).await;
    project.commit(&[("b", "1")], "Side").await;
    project.git(&["checkout", "--quiet", "main"]).await;
    project.commit(&[("a", "2")], &format!("Second\n\n{BOB}")).await;
    project.git(&["merge", "--quiet", "--no-ff", "--message=Merge", "side"]).await;
    let seen = look("commits", review(), &project.subject()).await;
    assert_eq!(seen.codes(), ["commits/unreviewed"]);
    assert!(seen.findings[0].message.contains("`Side`"));
}

#[tokio::test]
async fn exempt_are_those_that_the_configuration_names() {
    let project = Project::new().await;
    project.commit(&[], "chore(release): 1.0").await;
    for section in [
        json!({ "require-review": true, "exempt-subjects": ["chore(release): *"] }),
        json!({ "require-review": true, "exempt-authors": ["*@example.org"] }),
    ] {
        let inspection = inspect("commits", section, &project.subject()).await;
        assert_eq!(reason(&inspection), "the only new commit is a merge or exempt");
    }
}

#[tokio::test]
async fn a_spec_is_named_by_a_trailer_or_as_the_pattern_says() {
    let project = Project::new().await;
    project.commit(&[], "PRICE-7: Prices").await;
    project.commit(&[], "Prices\n\nspec: specs/prices.md").await;
    project.commit(&[], "Prices\n\nSpec:").await;
    let section = json!({ "require-spec": true, "spec-pattern": "PRICE-[0-9]+" });
    assert_eq!(look("commits", section, &project.subject()).await.codes(), ["commits/no-spec"]);
    let section = json!({ "require-spec": true });
    assert_eq!(look("commits", section, &project.subject()).await.codes().len(), 2);
}

async fn with_github(status: u16, pulls: Value, reviews: Value) -> crate::github::Seen {
    let project = Project::new().await;
    project.commit(&[], "Squashed (#7)").await;
    let mut subject = project.subject();
    let commit = subject.source.as_ref().unwrap().commit.to_string();
    let path: &'static str = Box::leak(format!("/repos/ann/site/commits/{commit}/pulls").into_boxed_str());
    let answers = vec![(path, status, pulls), ("/repos/ann/site/pulls/7/reviews", 200, reviews)];
    subject.github = Some(serve(answers, true).await.0);
    look("commits", review(), &subject).await
}

#[tokio::test]
async fn an_approved_pull_request_is_a_review_on_record() {
    let pull = json!([{ "number": 7, "user": { "login": "ann" }, "head": { "sha": "head" }, "merged_at": null }]);
    let approval =
        |who: &str, commit: &str| json!([{ "user": { "login": who }, "state": "APPROVED", "commit_id": commit }]);
    assert_eq!(with_github(200, pull.clone(), approval("bob", "head")).await.codes(), [] as [&str; 0]);
    for (pulls, reviews) in [
        (pull.clone(), approval("ann", "head")),
        (pull.clone(), approval("bob", "before")),
        (pull.clone(), json!([])),
        (json!([]), json!([])),
    ] {
        let seen = with_github(200, pulls, reviews).await;
        assert_eq!(seen.codes(), ["commits/unreviewed"]);
        assert!(seen.findings[0].message.contains("no approved pull request"), "{:?}", seen.findings);
    }
}

#[tokio::test]
async fn a_commit_github_does_not_have_is_unreviewed_and_a_github_that_fails_decides_nothing() {
    let said = json!({ "message": "No commit found for SHA" });
    assert_eq!(with_github(422, said.clone(), json!([])).await.codes(), ["commits/unreviewed"]);
    for status in [404, 403, 429, 500] {
        let seen = with_github(status, said.clone(), json!([])).await;
        assert_eq!((seen.codes(), seen.looked_at.undecided.len()), (vec![], 1), "{status}");
    }
}

#[tokio::test]
async fn protection_that_was_demanded_and_could_not_be_seen_is_undecided() {
    let project = Project::new().await;
    project.commit(&[], "First").await;
    let mut subject = project.subject();
    let section = json!({ "require-protection": true });
    let seen = look("commits", section.clone(), &subject).await;
    assert_eq!((seen.codes(), seen.looked_at.undecided.len()), (vec![], 1), "no token");

    let repository = json!({ "default_branch": "main", "private": false, "owner": { "login": "ann", "type": "User" } });
    let rules = |rules: Value| {
        vec![("/repos/ann/site", 200, repository.clone()), ("/repos/ann/site/rules/branches/main", 200, rules)]
    };
    subject.github = Some(serve(rules(json!([{ "type": "deletion" }])), true).await.0);
    let seen = look("commits", section.clone(), &subject).await;
    assert_eq!((seen.codes(), seen.looked_at.undecided.len()), (vec![], 1), "the older protection is hidden");

    let mut answers = rules(json!([{ "type": "deletion" }]));
    answers.push(("/repos/ann/site/branches/main/protection", 404, json!({ "message": "Branch not protected" })));
    subject.github = Some(serve(answers, true).await.0);
    let seen = look("commits", section, &subject).await;
    assert_eq!(seen.findings[0].message, "the branch `main` of `ann/site` can be rewritten by a force push");
}

#[test]
fn a_malformed_pattern_is_refused_by_name() {
    for (section, named) in [
        (json!({ "spec-pattern": "(" }), "`(`"),
        (json!({ "exempt-authors": ["a["] }), "`a[`"),
        (json!({ "exempt-subjects": ["{"] }), "`{`"),
        (json!({ "last": 0 }), "`last`"),
    ] {
        let error = build("commits", section).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}
