//! The kind that runs a program, with real programs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use charter_host::Scope;
use charter_notify::NotifyError;
use serde_json::json;

use crate::contract::{Stand, Wanted, holds};
use crate::{build, notice};

fn script(folder: &Path, text: &str) {
    let path = folder.join("tell.sh");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Waits until a file is there.
async fn until(path: std::path::PathBuf) {
    while !path.exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn command_keeps_the_contract() {
    holds(async |wanted, seconds| {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        script(
            folder.path(),
            match wanted {
                Wanted::Takes => "cat >> got; echo >> got",
                Wanted::Fails => "echo \"no: $TOKEN\" >&2; exit 3",
                Wanted::Hangs => "touch came; sleep 600",
                Wanted::RefusesForGood => return None,
            },
        );
        let section = json!({
            "command": ["./tell.sh", "hunter2-in-an-argument"],
            "secrets": [{ "env": "TOKEN" }],
            "timeout-seconds": seconds,
        });
        let notifier = build("command", section, folder.path(), &[("TOKEN", "correct-horse")]).unwrap();
        let (got, came) = (folder.path().join("got"), folder.path().join("came"));
        Some(Stand {
            notifier,
            received: Box::new(move || {
                fs::read_to_string(&got).unwrap_or_default().lines().map(str::to_owned).collect()
            }),
            came: Box::new(move || Box::pin(until(came.clone()))),
            secrets: vec!["correct-horse".to_owned(), "hunter2-in-an-argument".to_owned()],
            _kept: Box::new(folder),
        })
    })
    .await;
}

#[tokio::test]
async fn a_program_gets_what_it_was_promised_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    script(folder.path(), "env > environment; pwd > where; printf '%s' \"$2\" > second");
    let section = json!({ "command": ["./tell.sh", "a b", "$(id)"], "secrets": [{ "env": "TOKEN" }] });
    let notifier = build("command", section, folder.path(), &[("TOKEN", "correct-horse")]).unwrap();
    notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap();
    let environment = fs::read_to_string(folder.path().join("environment")).unwrap();
    assert!(environment.contains("TOKEN=correct-horse") && !environment.contains("OTHER"));
    assert_eq!(fs::read_to_string(folder.path().join("second")).unwrap(), "$(id)");
}

#[tokio::test]
async fn what_a_failed_program_printed_is_kept_in_short() {
    let folder = tempfile::tempdir().unwrap();
    script(folder.path(), "seq 1 100; exit 4");
    let notifier = build("command", json!({ "command": ["./tell.sh"] }), folder.path(), &[]).unwrap();
    let error = notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap_err();
    let said = "`./tell.sh` ended with status 4: 98 / 99 / 100".to_owned();
    assert_eq!(error, NotifyError::Busy { said, after: None });
}

#[tokio::test]
async fn a_program_that_is_not_there_may_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let notifier = build("command", json!({ "command": ["./tell.sh"] }), folder.path(), &[]).unwrap();
    let error = notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap_err();
    assert!(matches!(&error, NotifyError::Unreachable { .. }) && !error.is_permanent(), "{error}");
    assert!(build("command", json!({ "command": [] }), folder.path(), &[]).is_err());
}
