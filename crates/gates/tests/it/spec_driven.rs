//! What the gate `spec-driven` makes of merges.

use serde_json::json;

use crate::github::{Project, look};

const SPEC: (&str, &str) = ("specs/image.md", "# Image\n\nWhat is in it.\n");

#[tokio::test]
async fn what_a_merge_among_the_last_commits_brings_in_is_told_with_who_did_it() {
    let project = Project::new().await;
    project.commit(&[SPEC, ("Dockerfile", "FROM scratch\n"), ("compose.yaml", "services: {}\n")], "First").await;
    project.git(&["checkout", "--quiet", "-b", "side"]).await;
    project.commit(&[("Dockerfile", "FROM busybox\n")], "Change the image").await;
    project.commit(&[("compose.yaml", "services: {web: {}}\n")], "Add a service\n\nSpec: specs/image.md").await;
    project.git(&["checkout", "--quiet", "main"]).await;
    project.commit(&[("README.md", "What it is for.\n")], "Second").await;
    project.git(&["merge", "--quiet", "--no-ff", "--message", "Merge", "side"]).await;
    project.commit(&[("README.md", "What it is for, in short.\n")], "Third").await;
    let seen = look("spec-driven", json!({ "last": 2 }), &project.subject()).await;
    let [finding] = seen.findings.as_slice() else { panic!("{:?}", seen.findings) };
    assert_eq!(finding.subject, "Dockerfile");
    assert!(finding.message.contains("was changed by `"), "{}", finding.message);
}
