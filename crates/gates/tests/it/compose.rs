//! What the gate `compose` makes of files that belong together, of variables and of what hides others.

use serde_json::json;

use crate::github::{Project, Seen, inspect, look};

async fn seen(files: &[(&str, &str)]) -> Seen {
    let project = Project::new().await;
    project.commit(files, "First").await;
    look("compose", json!({}), &project.subject()).await
}

/// Returns the codes of what is missing, with their lines.
fn missing(seen: &Seen) -> Vec<(&str, Option<u32>)> {
    let all = seen.findings.iter().map(|it| (it.code.trim_start_matches("compose/"), it.locations[0].line));
    all.filter(|(code, _)| ["cpu-limit", "healthcheck", "memory-limit", "restart"].contains(code)).collect()
}

#[tokio::test]
async fn a_finding_points_at_the_line_and_is_known_again_when_lines_move() {
    let file = "services:\n  web:\n    image: nginx\n";
    let (first, second) =
        (seen(&[("compose.yaml", file)]).await, seen(&[("compose.yaml", &format!("# Two.\n{file}"))]).await);
    let tag = |seen: &Seen| seen.findings.iter().find(|it| it.code == "compose/floating-tag").unwrap().clone();
    assert_eq!((tag(&first).locations[0].line, tag(&second).locations[0].line), (Some(3), Some(4)));
    assert_eq!(
        tag(&first).message,
        "service `web` in `compose.yaml` runs `nginx`, which has no tag and so means `latest`"
    );
    assert_eq!(tag(&first).key, tag(&second).key);
}

#[tokio::test]
async fn a_file_that_was_edited_since_is_judged_as_committed_and_without_lines() {
    let project = Project::new().await;
    project.commit(&[("compose.yaml", "services: {web: {image: nginx}}\n")], "First").await;
    std::fs::write(project.folder.path().join("compose.yaml"), "").unwrap();
    let seen = look("compose", json!({}), &project.subject()).await;
    assert!(seen.codes().contains(&"compose/floating-tag"), "the commit counts");
    assert!(seen.findings.iter().all(|finding| finding.locations.is_empty()));
}

#[tokio::test]
async fn what_is_missing_is_told_once_of_all_files_that_speak_of_a_service() {
    let whole = "services:\n  web: {image: nginx:1.27.3, cpus: 1}\n";
    let more = "services:\n  web: {restart: always, mem_limit: 64m}\n";
    let together = seen(&[("compose.yaml", whole), ("compose.prod.yaml", more)]).await;
    assert_eq!(missing(&together), [("healthcheck", Some(2))]);
    assert!(together.findings.iter().all(|it| it.subject == "compose.yaml"));

    let apart = seen(&[("compose.yaml", whole), ("other/compose.prod.yaml", more)]).await;
    assert_eq!(missing(&apart).len(), 3, "another folder is another project, and a part of a service is not asked");
}

#[tokio::test]
async fn an_extended_service_is_followed_round_in_circles_only_once() {
    let files = [
        (
            "compose.yaml",
            "services:\n  a: {extends: b}\n  b: {extends: {service: c, file: ./more.yaml}, mem_limit: 1g}\n",
        ),
        (
            "more.yaml",
            "services:\n  c: {image: nginx:1.27.3, restart: always, extends: {service: a, file: compose.yaml}}\n",
        ),
    ];
    let seen = seen(&files).await;
    let expected = [("cpu-limit", Some(2)), ("cpu-limit", Some(3)), ("healthcheck", Some(2)), ("healthcheck", Some(3))];
    assert_eq!(missing(&seen), expected);
}

#[tokio::test]
async fn a_tag_that_only_the_surroundings_know_is_left_open() {
    let file = "services:\n  web: {image: \"${REGISTRY}/web:${TAG}\"}\n";
    let open = seen(&[("compose.yaml", file)]).await;
    assert!(!open.codes().contains(&"compose/floating-tag"));
    assert_eq!(open.looked_at.undecided.len(), 1, "{:?}", open.looked_at.undecided);
    for (value, expected) in [("1.2.0", false), ("latest", true)] {
        let known = seen(&[("compose.yaml", file), (".env", &format!("TAG={value}\n"))]).await;
        assert!(known.looked_at.undecided.is_empty());
        assert_eq!(known.codes().contains(&"compose/floating-tag"), expected, "{value}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_in_the_commit_is_told() {
    for text in [
        "include: [oci://registry.example.org/more]\nservices: {}\n",
        "include: [{path: ../more.yaml}]\n",
        "services: {web: {extends: {service: web, file: gone.yaml}}}\n",
    ] {
        let seen = seen(&[("compose.yaml", text)]).await;
        assert_eq!(seen.looked_at.undecided.len(), 1, "{text}: {:?}", seen.looked_at.undecided);
    }
}

#[tokio::test]
async fn secrets_are_never_shown() {
    let text = "services:\n  web:\n    image: nginx:1.27.3\n    build: {args: {NPM_TOKEN: hunter22}}\n    environment:\n      - \
                DB_PASSWORD=hunter22\n      - DSN=postgres://shop:vK8qLw2Zr5@db.internal:5432/shop\n";
    let seen = seen(&[("compose.yaml", text)]).await;
    let found = seen.findings.iter().filter(|it| it.code == "compose/secret-in-env").count();
    assert_eq!(found, 3);
    let told = format!("{:?}", seen.findings);
    assert!(!told.contains("hunter22") && !told.contains("vK8qLw2Zr5"));
}

#[tokio::test]
async fn a_misspelt_key_is_told_with_what_was_meant() {
    let seen =
        seen(&[("compose.yaml", "services:\n  web: {image: nginx:1.27.3, enviroment: {}, x-mine: {}}\nvolume: {}\n")])
            .await;
    let told: Vec<&str> =
        seen.findings.iter().filter(|it| it.code == "compose/unknown-key").map(|it| it.message.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|it| it.contains("did you mean `environment`?")), "{told:?}");
    assert!(told.iter().any(|it| it.contains("did you mean `volumes`?")), "{told:?}");
}

#[tokio::test]
async fn without_a_file_there_is_nothing_to_judge() {
    let project = Project::new().await;
    project.commit(&[("README.md", "# Site\n"), ("compose-key.yaml", "a: b\n")], "First").await;
    let seen = inspect("compose", json!({}), &project.subject()).await;
    assert!(matches!(seen, charter_deploy_model::Inspection::NotApplicable { .. }), "{seen:?}");
}
