//! The workflow files of the commit and of every branch.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use charter_deploy_model::{CommitHash, Finding, Fix, Location, Tree};
use charter_host::Scope;
use charter_repository::{BlobId, Blobs, Branch, CommittedFile, FileSort, RepositoryError};
use globset::GlobMatcher;

use super::Seen;
use super::workflow::{self, Replaceable, SIZE_LIMIT};
use crate::yaml::Problem;
use crate::{GateError, Source};

const WORKFLOWS: &str = ".github/workflows";
const DEPENDABOT: [&str; 2] = [".github/dependabot.yml", ".github/dependabot.yaml"];
/// The events of which GitHub takes the workflow from the default branch alone, wherever else it is.
const DEFAULT_BRANCH_ONLY: [&str; 20] = [
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "delete",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "issue_comment",
    "issues",
    "label",
    "milestone",
    "page_build",
    "public",
    "registry_package",
    "repository_dispatch",
    "schedule",
    "status",
    "watch",
    "workflow_run",
];
/// So many branches are named in a message.
const NAMED: usize = 3;

/// One content of one workflow file, and where it is.
struct Found {
    sort: FileSort,
    /// Whether the commit has it.
    in_commit: bool,
    /// The branches that have it beside the commit.
    branches: Vec<String>,
}

pub(super) fn look(source: &Source, exclude: &[GlobMatcher], scope: &Scope) -> Result<Seen, GateError> {
    let failed = |doing: &str| {
        let doing = doing.to_owned();
        move |source: RepositoryError| GateError::Other { doing, source: source.into() }
    };
    let repository = &source.repository;
    let mut branches = repository.branches().map_err(failed("listing the branches"))?;
    branches.retain(|branch| !exclude.iter().any(|glob| glob.is_match(&branch.name)));
    let mut commits = vec![source.commit.clone()];
    commits.extend(branches.iter().map(|branch| branch.commit.clone()));
    let folders = repository.folder_at(&commits, WORKFLOWS).map_err(failed("reading the workflows of the branches"))?;

    let workflows = collect(&source.commit, &branches, folders);
    let blobs = repository.blobs().map_err(failed("opening the repository"))?;
    let mut seen = Seen::default();
    let mut read: u64 = 0;
    for ((path, blob), found) in &workflows {
        if scope.cancel.is_cancelled() {
            return Err(GateError::Cancelled);
        }
        match judge(&blobs, *blob, found.sort) {
            Ok(judged) => seen.findings.extend(findings(repository.root(), path, found, judged)),
            Err(error) => seen.undecided.push(format!("`{path}` could not be read: {error}")),
        }
        read += 1;
    }
    seen.findings.extend(dependabot(source).map_err(failed("reading the commit"))?);
    seen.counts = BTreeMap::from([
        ("branches".to_owned(), branches.len() as u64),
        ("commits".to_owned(), 1),
        ("workflows".to_owned(), read),
    ]);
    Ok(seen)
}

/// Brings together what is the same on many branches.
fn collect(
    commit: &CommitHash,
    branches: &[Branch],
    folders: Vec<Vec<CommittedFile>>,
) -> BTreeMap<(String, BlobId), Found> {
    let mut workflows: BTreeMap<(String, BlobId), Found> = BTreeMap::new();
    for (branch, files) in std::iter::once(None).chain(branches.iter().map(Some)).zip(folders) {
        for file in files.into_iter().filter(|file| is_workflow(&file.path)) {
            let new = Found { sort: file.sort, in_commit: false, branches: Vec::new() };
            let found = workflows.entry((file.path, file.blob)).or_insert(new);
            match branch {
                None => found.in_commit = true,
                Some(branch) if branch.commit != *commit => found.branches.push(label(branch)),
                Some(_) => {}
            }
        }
    }
    workflows
}

fn is_workflow(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| ["yml", "yaml"].iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

fn label(branch: &Branch) -> String {
    branch.remote.as_ref().map_or_else(|| branch.name.clone(), |remote| format!("{remote}/{}", branch.name))
}

/// What a workflow file's content comes to.
struct Judged {
    events: Result<Vec<workflow::Event>, Problem>,
    replaceable: Option<Replaceable>,
    content: Vec<u8>,
}

fn judge(blobs: &Blobs, blob: BlobId, sort: FileSort) -> Result<Judged, RepositoryError> {
    let unreadable =
        |what: &str| Judged { events: Err(Problem::new(what, None)), replaceable: None, content: Vec::new() };
    if sort == FileSort::Link {
        return Ok(unreadable("is a symbolic link"));
    }
    if blobs.size(blob)? > SIZE_LIMIT {
        return Ok(unreadable("is larger than 1 MiB"));
    }
    blobs.read(blob, |content| {
        let (events, replaceable) = match workflow::read(content) {
            Ok(workflow) => (Ok(workflow.events), workflow.replaceable),
            Err(problem) => (Err(problem), None),
        };
        Judged { events, replaceable, content: content.to_owned() }
    })
}

fn findings(root: &Path, path: &str, found: &Found, judged: Judged) -> Vec<Finding> {
    let Judged { events, replaceable, content } = judged;
    // Of a file that was edited since, lines and fixes would point at something else.
    let as_committed = found.in_commit && fs::read(root.join(path)).is_ok_and(|now| now == content);
    let place = place(found);
    // What git shows it by; that of the commit itself goes by its path alone.
    let subject = match found.branches.first() {
        Some(branch) if !found.in_commit => format!("{branch}:{path}"),
        _ => path.to_owned(),
    };
    let finding = |code: &str, what: &str, line: Option<u32>, column: Option<u32>| {
        let finding = Finding::new(format!("zero-actions/{code}"), &subject, format!("`{path}`{place} {what}"));
        let location = Location { line, column, ..Location::file(path).in_source() };
        if as_committed { finding.at(location) } else { finding }
    };
    let events = match events {
        Ok(events) => events,
        Err(Problem { what, line }) => {
            let help = "correct it, or delete it";
            return vec![finding("unreadable", &what, line, None).help(help)];
        }
    };
    let fix = |Replaceable { start, text }: &Replaceable| Fix {
        summary: format!("let `{path}` run only when it is asked to"),
        path: path.to_owned(),
        tree: Tree::Source,
        start: *start,
        old: text.clone(),
        new: "workflow_dispatch".to_owned(),
    };
    events
        .iter()
        .filter(|event| !event.never)
        .filter_map(|event| {
            let code = code(&event.name)?;
            let help = match (found.in_commit, found.branches.first()) {
                (false, Some(branch)) => {
                    format!("delete it on `{branch}`, or waive it; see `git show {branch}:{path}`")
                }
                _ => "delete it, or let it run `on: workflow_dispatch` only".to_owned(),
            };
            let what = runs_on(&event.name, found.in_commit);
            let finding = finding(code, &what, Some(event.place.line), Some(event.place.column));
            let finding = finding.key(&event.name).help(help);
            Some(match replaceable.as_ref().filter(|_| as_committed) {
                Some(replaceable) => finding.fix(fix(replaceable)),
                None => finding,
            })
        })
        .collect()
}

/// Says when a file runs; of another branch than the commit's it is not known whether it is the default one.
fn runs_on(event: &str, in_commit: bool) -> String {
    let only = !in_commit && DEFAULT_BRANCH_ONLY.contains(&event);
    format!("runs on `{event}`{}", if only { " once it is on the default branch" } else { "" })
}

/// Says which branches a file is on, where it is not the commit's alone.
fn place(found: &Found) -> String {
    let names = found.branches.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = match found.branches.len().saturating_sub(NAMED) {
        0 => String::new(),
        1 => " and 1 more branch".to_owned(),
        more => format!(" and {more} more branches"),
    };
    match (found.branches.is_empty(), found.in_commit) {
        (true, _) => String::new(),
        (false, true) => format!(" (also on {names}{more})"),
        (false, false) => format!(" on {names}{more}"),
    }
}

/// Returns which code an event comes under; none for those that somebody must ask for.
fn code(event: &str) -> Option<&'static str> {
    match event {
        "workflow_dispatch" | "workflow_call" => None,
        "push" => Some("push"),
        "schedule" => Some("schedule"),
        "pull_request"
        | "pull_request_target"
        | "pull_request_review"
        | "pull_request_review_comment"
        | "pull_request_comment"
        | "issue_comment" => Some("pull-request"),
        _ => Some("other-event"),
    }
}

/// Finds Dependabot's file in the commit; GitHub reads it on the default branch only.
fn dependabot(source: &Source) -> Result<Option<Finding>, RepositoryError> {
    let commit = std::slice::from_ref(&source.commit);
    let files = source.repository.folder_at(commit, ".github")?.pop().unwrap_or_default();
    let file = files.iter().find(|file| DEPENDABOT.contains(&file.path.as_str()));
    Ok(file.map(|file| {
        let path = &file.path;
        let finding = Finding::new("zero-actions/dependabot", path, format!("`{path}` makes Dependabot run workflows"))
            .help("delete it, and keep dependencies up to date from this machine");
        let is_there = source.repository.root().join(path).is_file();
        if is_there { finding.at(Location::file(path).in_source()) } else { finding }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_somebody_asks_for_passes() {
        for (event, expected) in [
            ("workflow_dispatch", None),
            ("workflow_call", None),
            ("push", Some("push")),
            ("pull_request", Some("pull-request")),
            ("pull_request_target", Some("pull-request")),
            ("schedule", Some("schedule")),
            ("merge_group", Some("other-event")),
            ("workflow_run", Some("other-event")),
            ("release", Some("other-event")),
            ("deployment", Some("other-event")),
            ("repository_dispatch", Some("other-event")),
            ("Workflow_Dispatch", Some("other-event")),
            ("pushh", Some("other-event")),
            ("", Some("other-event")),
        ] {
            assert_eq!(code(event), expected, "{event}");
        }
    }

    #[test]
    fn what_runs_from_the_default_branch_alone_is_said_of_other_branches() {
        assert_eq!(runs_on("schedule", true), "runs on `schedule`");
        assert_eq!(runs_on("schedule", false), "runs on `schedule` once it is on the default branch");
        assert_eq!(runs_on("push", false), "runs on `push`");
    }

    #[test]
    fn a_message_names_three_branches_and_counts_the_rest() {
        let found = |branches: usize, in_commit| {
            let branches = (1..=branches).map(|number| format!("b{number}")).collect();
            place(&Found { sort: FileSort::Regular, in_commit, branches })
        };
        assert_eq!(found(0, true), "");
        assert_eq!(found(1, true), " (also on `b1`)");
        assert_eq!(found(3, false), " on `b1`, `b2`, `b3`");
        assert_eq!(found(4, false), " on `b1`, `b2`, `b3` and 1 more branch");
        assert_eq!(found(9, false), " on `b1`, `b2`, `b3` and 6 more branches");
    }
}
