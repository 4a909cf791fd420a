//! What the gate `kubernetes` makes of charts, of edited files and of what hides others.

use serde_json::json;

use crate::github::{Project, inspect, look};

const POD: &str =
    "# One.\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - {name: web, image: web}\n";

#[tokio::test]
async fn a_finding_points_at_the_line_and_is_known_again_when_lines_move() {
    let project = Project::new().await;
    project.commit(&[("k8s/web.yaml", POD)], "First").await;
    let section = json!({ "pod-security": "none" });
    let first = look("kubernetes", section.clone(), &project.subject()).await;
    let tag = first.findings.iter().find(|finding| finding.code == "kubernetes/floating-tag").unwrap();
    assert_eq!((tag.locations[0].path.as_str(), tag.locations[0].line), ("k8s/web.yaml", Some(7)));
    assert!(tag.message.contains("`Pod/web`") && tag.message.contains("`web`"), "{}", tag.message);

    project.commit(&[("k8s/web.yaml", &format!("# Two.\n---\n{POD}"))], "Second").await;
    let second = look("kubernetes", section, &project.subject()).await;
    assert_eq!(second.findings[0].locations[0].line.map(|line| line - 2), first.findings[0].locations[0].line);
    let keys = |seen: &crate::github::Seen| {
        seen.findings.iter().map(|finding| (finding.code.clone(), finding.key.clone())).collect::<Vec<_>>()
    };
    assert_eq!(keys(&second), keys(&first));
}

#[tokio::test]
async fn a_file_that_was_edited_since_is_judged_as_committed_and_without_lines() {
    let project = Project::new().await;
    project.commit(&[("k8s/web.yaml", POD)], "First").await;
    std::fs::write(project.folder.path().join("k8s/web.yaml"), "").unwrap();
    let seen = look("kubernetes", json!({}), &project.subject()).await;
    assert!(seen.codes().contains(&"kubernetes/floating-tag"), "the commit counts");
    assert!(seen.findings.iter().all(|finding| finding.locations.is_empty()));
}

#[tokio::test]
async fn secrets_are_never_shown() {
    let secret = "vK8qLw2Zr5xY";
    let project = Project::new().await;
    let files = [
        ("a.yaml", format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{password: {secret}}}\n")),
        (
            "b.yaml",
            format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: b}}\nstringData: {{password: {secret}}}\n"),
        ),
        (
            "c.yaml",
            format!(
                "apiVersion: v1\nkind: Pod\nspec: {{containers: [{{env: [{{name: API_TOKEN, value: {secret}}}]}}]}}\n"
            ),
        ),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    project.commit(&files, "First").await;
    let seen = look("kubernetes", json!({}), &project.subject()).await;
    let codes = ["kubernetes/committed-secret", "kubernetes/secret-in-config-map", "kubernetes/secret-in-env"];
    assert_eq!(seen.codes(), codes);
    assert!(!format!("{:?}", seen.findings).contains(secret));
}

#[tokio::test]
async fn a_chart_without_helm_is_undecided_and_its_templates_are_not_taken_for_faults() {
    let project = Project::new().await;
    let files = [
        ("chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        ("chart/templates/web.yaml", "apiVersion: v1\nkind: Pod\nspec: {{ .Values.spec }}\n"),
    ];
    project.commit(&files, "First").await;
    let seen = look("kubernetes", json!({}), &project.subject()).await;
    assert_eq!(seen.codes(), [] as [&str; 0]);
    let [why] = &seen.looked_at.undecided[..] else { panic!("{:?}", seen.looked_at) };
    assert!(why.contains("`helm` is not installed") && why.contains("helm template release chart"), "{why}");
    let without = inspect("kubernetes", json!({ "render-charts": false }), &project.subject()).await;
    assert!(matches!(without, charter_deploy_model::Inspection::NotApplicable { .. }), "{without:?}");
}

#[tokio::test]
async fn what_a_project_does_not_have_is_not_judged() {
    let project = Project::new().await;
    project.commit(&[("compose.yaml", "services: {}\n"), ("data.json", "{}")], "First").await;
    let seen = inspect("kubernetes", json!({}), &project.subject()).await;
    assert!(matches!(seen, charter_deploy_model::Inspection::NotApplicable { .. }), "{seen:?}");
}

#[tokio::test]
async fn nonsense_in_the_configuration_is_refused() {
    for section in [json!({ "kubernetes-version": "2" }), json!({ "exclude": ["[a"] })] {
        assert!(crate::github::build("kubernetes", section.clone()).is_err(), "{section}");
    }
}

#[tokio::test]
async fn a_service_may_choose_by_a_label_that_kubernetes_sets() {
    let project = Project::new().await;
    let service = |selector: &str| {
        let head = "apiVersion: v1\nkind: Service\nmetadata: {name: db-0}\n";
        format!("{head}spec: {{ports: [{{port: 80}}], selector: {{{selector}}}}}\n")
    };
    let pods = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  template:\n    \
                metadata: {labels: {app: db}}\n    spec: {containers: [{name: db, image: 'db:1.2.0'}]}\n";
    for (selector, expected) in [
        ("app: db, statefulset.kubernetes.io/pod-name: db-0", false),
        ("app: other, statefulset.kubernetes.io/pod-name: db-0", true),
    ] {
        project.commit(&[("db.yaml", pods), ("service.yaml", &service(selector))], "Choose").await;
        let seen = look("kubernetes", json!({}), &project.subject()).await;
        assert_eq!(seen.codes().contains(&"kubernetes/unmatched-service"), expected, "{selector}");
    }
}

#[tokio::test]
async fn a_volume_in_memory_fills_the_memory() {
    let project = Project::new().await;
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a, image: 'a:1.2.0'}]\n  \
               volumes: [{name: tmp, emptyDir: {medium: Memory}}, {name: data, emptyDir: {}}]\n";
    project.commit(&[("a.yaml", pod)], "First").await;
    let seen = look("kubernetes", json!({}), &project.subject()).await;
    let of_volumes: Vec<&str> = (seen.findings.iter().filter(|it| it.code == "kubernetes/scratch-size"))
        .map(|it| it.message.as_str())
        .collect();
    let says = |what: &str| of_volumes.iter().filter(|message| message.contains(what)).count();
    assert_eq!((says("the memory of its node through the volume `tmp`"), says("the disk")), (1, 1), "{of_volumes:?}");
}
