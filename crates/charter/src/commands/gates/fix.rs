//! `gates fix`: the safe edits that findings carry.

use std::path::{Component, Path, PathBuf};

use charter_deploy_model::{Failure, Tree, exit};
use charter_gates::fix::{Edited, by_file, edit};
use charter_host::durable;
use charter_pipeline::{Extent, Project};
use serde_json::json;

use super::judge;
use crate::commands::{Ended, Invocation};
use crate::open;

pub(super) async fn fix(invocation: &Invocation<'_>, dry_run: bool) -> Ended {
    let project = invocation.project_to_build().await?;
    let reports = judge(invocation, &project, Extent { afresh: true, ..Extent::default() }).await?.reports;
    let findings = reports.iter().flat_map(|report| report.findings.iter().chain(&report.known));
    let (mut made, mut left) = (Vec::new(), Vec::new());
    for ((tree, path), fixes) in by_file(findings) {
        let summaries = || fixes.iter().map(|fix| format!("{path}: {}", fix.summary));
        let Some(file) = own_file(&project, tree, path) else {
            left.extend(summaries());
            continue;
        };
        let unusable = |error: &dyn std::error::Error| open::broken("a file cannot be edited", error);
        let content = std::fs::read(&file).map_err(|error| unusable(&error))?;
        let Edited { content: new, made: here, left: not_here } = edit(&content, &fixes);
        if !dry_run && !here.is_empty() {
            replace(&file, &new)?;
        }
        made.extend(here.into_iter().map(|summary| format!("{path}: {summary}")));
        left.extend(not_here.into_iter().map(|summary| format!("{path}: {summary}")));
    }
    invocation.output.result(
        || describe(&made, &left, dry_run),
        || json!({ "v": 1, "dryRun": dry_run, "edited": made, "left": left }),
    );
    Ok(exit::DONE)
}

/// Returns the project's own file that a finding is about; nothing when it is made by the build or lies elsewhere.
fn own_file(project: &Project, tree: Tree, path: &str) -> Option<PathBuf> {
    let root = project.repository.root();
    let folder = match tree {
        Tree::Source => root.to_owned(),
        Tree::Site if project.settings.build.command.is_none() => root.join(&project.settings.build.output),
        Tree::Site => return None,
    };
    let stays = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    let file = stays.then(|| folder.join(path).canonicalize().ok())??;
    file.starts_with(root).then_some(file)
}

fn replace(file: &Path, content: &[u8]) -> Result<(), Failure> {
    let permissions = std::fs::metadata(file).map(|metadata| metadata.permissions());
    durable::replace(file, content).map_err(|error| open::broken("a file cannot be edited", &error))?;
    permissions
        .and_then(|permissions| std::fs::set_permissions(file, permissions))
        .map_err(|error| open::broken("a file's permissions cannot be kept", &error))
}

fn describe(made: &[String], left: &[String], dry_run: bool) -> String {
    if made.is_empty() && left.is_empty() {
        return "No finding has a safe edit.\n".to_owned();
    }
    let mut text = String::new();
    for line in made {
        text.push_str(&format!("  {} {line}\n", if dry_run { "would edit" } else { "edited" }));
    }
    for line in left {
        text.push_str(&format!("  left       {line}\n"));
    }
    if !left.is_empty() {
        text.push_str("What is left is made by the build, lies outside the project, or has changed since.\n");
    }
    if !dry_run && !made.is_empty() {
        text.push_str("Look at the changes with `git diff`, commit them, and judge again.\n");
    }
    text
}
