//! A docroot keeps the contract, repairs what was altered, keeps old assets, and survives being cut short.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use charter_deploy_model::ReleaseId;
use charter_host::durable::TEMPORARY;
use charter_host::lock::{Holder, LockError};
use charter_host::{Clock, Scope, SystemClock};
use charter_targets::kinds::docroot::Docroot;
use charter_targets::{Staged, Target, TargetError};
use charter_testkit::contract::target::{Built, target};
use tempfile::TempDir;

fn docroot(keep_assets: u32) -> (Docroot, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Docroot::new(folder.path().join("site"), keep_assets), folder)
}

async fn show(docroot: &Docroot, built: &Built, over: Option<&Built>) -> Staged {
    let staged = built.stage(docroot).await;
    docroot.activate(built.id(), over.map(Built::id), &Scope::default()).await.unwrap();
    staged
}

fn release_folder(docroot: &Docroot, id: &ReleaseId) -> PathBuf {
    docroot.live_folder().unwrap().with_file_name("releases").join(id.to_string())
}

fn alter(path: &Path, text: &str) {
    fs::set_permissions(path, PermissionsExt::from_mode(0o644)).unwrap();
    fs::write(path, text).unwrap();
}

/// A process id beyond the highest that Linux gives, 4194304, so that nobody has it.
const DEAD: u32 = 4_194_305;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_docroot_keeps_the_contract() {
    target(async || docroot(3)).await;
}

#[tokio::test]
async fn a_server_needs_nothing_but_the_folder() {
    let (docroot, folder) = docroot(3);
    let built = Built::new(1, &[("index.html", "hello"), ("a/b.txt", "b")]);
    show(&docroot, &built, None).await;
    let current = folder.path().join("site/current");
    assert_eq!(fs::read_link(&current).unwrap(), Path::new("releases").join(built.id().to_string()));
    assert_eq!(names(&current), ["a", "deploy.json", "index.html"]);
    let marker: charter_deploy_model::Release =
        serde_json::from_slice(&fs::read(current.join("deploy.json")).unwrap()).unwrap();
    assert_eq!(marker, built.release);
    for path in ["index.html", "a/b.txt", "deploy.json"] {
        assert_eq!(fs::metadata(current.join(path)).unwrap().mode() & 0o777, 0o444, "{path} can be read by anyone");
    }
    assert_eq!(fs::metadata(&current).unwrap().mode() & 0o555, 0o555, "and so can the folder");
}

#[tokio::test]
async fn unchanged_files_are_shared_and_changed_ones_are_not() {
    let (docroot, _folder) = docroot(3);
    let first = Built::new(1, &[("same.txt", "same"), ("index.html", "one")]);
    let second = Built::new(2, &[("same.txt", "same"), ("index.html", "two")]);
    assert_eq!(show(&docroot, &first, None).await, Staged { written: 7, shared: 0 });
    assert_eq!(show(&docroot, &second, Some(&first)).await, Staged { written: 3, shared: 4 });
    let inode = |built: &Built, path| fs::metadata(release_folder(&docroot, built.id()).join(path)).unwrap().ino();
    assert_eq!(inode(&first, "same.txt"), inode(&second, "same.txt"));
    assert_ne!(inode(&first, "index.html"), inode(&second, "index.html"));
}

#[tokio::test]
async fn an_altered_file_is_not_shared_with_the_next_release() {
    let (docroot, _folder) = docroot(3);
    let first = Built::new(1, &[("same.txt", "same"), ("index.html", "one")]);
    show(&docroot, &first, None).await;
    alter(&release_folder(&docroot, first.id()).join("same.txt"), "evil");
    let second = Built::new(2, &[("same.txt", "same"), ("index.html", "two")]);
    assert_eq!(show(&docroot, &second, Some(&first)).await, Staged { written: 7, shared: 0 });
    assert_eq!(fs::read(docroot.live_folder().unwrap().join("same.txt")).unwrap(), b"same");
}

#[tokio::test]
async fn an_altered_file_is_put_right_before_it_is_shown_again() {
    let (docroot, _folder) = docroot(3);
    let first = Built::new(1, &[("same.txt", "same"), ("sub/deep.txt", "deep"), ("index.html", "one")]);
    let second = Built::new(2, &[("same.txt", "same"), ("moved.txt", "deep"), ("index.html", "two")]);
    show(&docroot, &first, None).await;
    let folder = release_folder(&docroot, first.id());
    // Altered before the second is staged, so the second has copies of its own.
    alter(&folder.join("same.txt"), "evil");
    show(&docroot, &second, Some(&first)).await;
    fs::remove_dir_all(folder.join("sub")).unwrap();
    alter(&folder.join("deploy.json"), "{}");

    docroot.activate(first.id(), Some(second.id()), &Scope::default()).await.unwrap();
    assert_eq!(fs::read(folder.join("same.txt")).unwrap(), b"same");
    assert_eq!(fs::read(folder.join("sub/deep.txt")).unwrap(), b"deep", "found under another name");
    assert_ne!(fs::read(folder.join("deploy.json")).unwrap(), b"{}");
    assert_eq!(fs::metadata(folder.join("same.txt")).unwrap().mode() & 0o777, 0o444);
    // What was put right counts as untouched from now on.
    docroot.activate(second.id(), Some(first.id()), &Scope::default()).await.unwrap();
    docroot.activate(first.id(), Some(second.id()), &Scope::default()).await.unwrap();
}

#[tokio::test]
async fn an_altered_file_without_another_copy_is_never_shown() {
    let (docroot, _folder) = docroot(3);
    let (first, second) = (Built::new(1, &[("index.html", "one")]), Built::new(2, &[("index.html", "two")]));
    show(&docroot, &first, None).await;
    show(&docroot, &second, Some(&first)).await;
    alter(&release_folder(&docroot, first.id()).join("index.html"), "eno");
    let error = docroot.activate(first.id(), Some(second.id()), &Scope::default()).await.unwrap_err();
    assert!(matches!(&error, TargetError::Damaged { path, .. } if path == "index.html"), "{error}");
    assert_eq!(docroot.live(&Scope::default()).await.unwrap().as_ref(), Some(second.id()));
}

#[tokio::test]
async fn a_file_that_was_only_touched_is_shown_as_it_is() {
    let (docroot, _folder) = docroot(3);
    let (first, second) = (Built::new(1, &[("index.html", "one")]), Built::new(2, &[("index.html", "two")]));
    show(&docroot, &first, None).await;
    show(&docroot, &second, Some(&first)).await;
    alter(&release_folder(&docroot, first.id()).join("index.html"), "one");
    docroot.activate(first.id(), Some(second.id()), &Scope::default()).await.unwrap();
}

#[tokio::test]
async fn a_release_can_be_staged_elsewhere_from_where_it_is() {
    let (docroot, _folder) = docroot(3);
    let (first, second) = (Built::numbered(1), Built::numbered(2));
    show(&docroot, &first, None).await;
    // Sharing files with the second changes the first's times of last metadata change.
    show(&docroot, &second, Some(&first)).await;
    let staged = docroot.read(first.id(), &Scope::default()).await.unwrap().unwrap();
    let (elsewhere, _other) = self::docroot(3);
    elsewhere.stage(&first.release, &staged, &Scope::default()).await.unwrap();
    elsewhere.activate(first.id(), None, &Scope::default()).await.unwrap();
}

#[tokio::test]
async fn old_hashed_assets_stay_reachable_for_as_many_releases_as_configured() {
    let (docroot, _folder) = docroot(2);
    let built = |number: i64| {
        let asset = format!("assets/app-{number}aaaaaaa.js");
        Built::new(
            number,
            &[("index.html", asset.as_str()), (asset.as_str(), "1"), (&format!("page-{number}.txt"), "")],
        )
    };
    let releases: Vec<Built> = (1..=4).map(built).collect();
    let mut live: Option<&Built> = None;
    for release in &releases {
        show(&docroot, release, live).await;
        live = Some(release);
    }
    let assets = || names(&docroot.live_folder().unwrap().join("assets"));
    assert_eq!(assets(), ["app-2aaaaaaa.js", "app-3aaaaaaa.js", "app-4aaaaaaa.js"]);
    assert!(!docroot.live_folder().unwrap().join("page-3.txt").exists(), "other files are not kept");
    // Kept assets are no part of the release.
    let read = docroot.read(releases[3].id(), &Scope::default()).await.unwrap().unwrap();
    assert_eq!(read.digest, releases[3].release.digest);

    docroot.activate(releases[2].id(), Some(releases[3].id()), &Scope::default()).await.unwrap();
    assert!(assets().contains(&"app-4aaaaaaa.js".to_owned()), "pages of the release that was left still work");
    // The release that an asset came from may go; the asset stays.
    docroot.retire(releases[3].id(), &Scope::default()).await.unwrap();
    assert_eq!(fs::read(docroot.live_folder().unwrap().join("assets/app-4aaaaaaa.js")).unwrap(), b"1");
}

#[tokio::test]
async fn a_kept_asset_never_replaces_a_file_of_the_release() {
    let (docroot, _folder) = docroot(3);
    let first = Built::new(1, &[("app-1aaaaaaa.js", "old"), ("d-1aaaaaaa.js", "")]);
    let second = Built::new(2, &[("app-1aaaaaaa.js", "new"), ("d-1aaaaaaa.js/x.txt", "")]);
    show(&docroot, &first, None).await;
    show(&docroot, &second, Some(&first)).await;
    assert_eq!(fs::read(docroot.live_folder().unwrap().join("app-1aaaaaaa.js")).unwrap(), b"new");
    docroot.activate(first.id(), Some(second.id()), &Scope::default()).await.unwrap();
    assert_eq!(fs::read(docroot.live_folder().unwrap().join("app-1aaaaaaa.js")).unwrap(), b"old");
}

#[tokio::test]
async fn leftovers_of_a_crash_are_not_releases_and_go_with_the_next_staging() {
    let (docroot, folder) = docroot(3);
    let (first, second, third) = (Built::numbered(1), Built::numbered(2), Built::numbered(3));
    show(&docroot, &first, None).await;
    second.stage(&docroot).await;
    let releases = folder.path().join("site/releases");
    // As if the power had gone just before the manifest, and again while a tree was being filled.
    fs::remove_file(releases.join(format!("{}.manifest", second.id()))).unwrap();
    fs::create_dir(releases.join(format!("{TEMPORARY}{DEAD}-7"))).unwrap();
    fs::write(releases.join(format!("{TEMPORARY}{DEAD}-7/index.html")), "half").unwrap();
    fs::write(folder.path().join("site").join(format!("{TEMPORARY}{DEAD}-8")), "").unwrap();
    fs::write(releases.join(format!("{}.overlay", third.id())), "").unwrap();
    let listed = docroot.releases(&Scope::default()).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&first.release));

    third.stage(&docroot).await;
    let (first, third) = (first.id(), third.id());
    assert_eq!(
        names(&releases),
        [first.to_string(), format!("{first}.manifest"), third.to_string(), format!("{third}.manifest")]
    );
    assert_eq!(names(&folder.path().join("site")), ["current", "releases"]);
    second.stage(&docroot).await;
}

#[tokio::test]
async fn a_manifest_that_was_altered_is_said_to_be_damaged() {
    let (docroot, folder) = docroot(3);
    let built = Built::numbered(1);
    built.stage(&docroot).await;
    let manifest = folder.path().join(format!("site/releases/{}.manifest", built.id()));
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("z.html", "../../../z.html")).unwrap();
    let error = docroot.activate(built.id(), None, &Scope::default()).await.unwrap_err();
    assert!(matches!(&error, TargetError::Damaged { .. }), "{error}");
    assert!(matches!(docroot.read(built.id(), &Scope::default()).await, Err(TargetError::Damaged { .. })));
}

#[tokio::test]
async fn releases_are_listed_as_they_were_staged_even_when_the_clock_was_set_back() {
    let (docroot, _folder) = docroot(3);
    let (later, earlier) = (Built::numbered(2), Built::numbered(1));
    later.stage(&docroot).await;
    earlier.stage(&docroot).await;
    assert_eq!(docroot.releases(&Scope::default()).await.unwrap(), [later.release.clone(), earlier.release.clone()]);
}

#[tokio::test]
async fn what_is_live_but_no_release_is_an_error_and_stays() {
    let (docroot, folder) = docroot(3);
    fs::create_dir_all(folder.path().join("site/current")).unwrap();
    let built = Built::numbered(1);
    assert!(matches!(docroot.live(&Scope::default()).await, Err(TargetError::Other { .. })));
    assert!(docroot.stage(&built.release, &built.artifact, &Scope::default()).await.is_err());
    fs::remove_dir(folder.path().join("site/current")).unwrap();
    std::os::unix::fs::symlink("/etc", folder.path().join("site/current")).unwrap();
    assert!(matches!(docroot.live(&Scope::default()).await, Err(TargetError::Other { .. })));
}

#[tokio::test]
async fn one_writer_at_a_time_and_the_other_learns_who() {
    let (docroot, folder) = docroot(3);
    let holder = Holder::this_process("a test", folder.path(), SystemClock.now());
    let held = docroot.lock(&holder).await.unwrap();
    let error = docroot.lock(&holder).await.unwrap_err();
    assert!(matches!(&error, LockError::Held { holder: Some(other), .. } if *other == holder), "{error}");
    drop(held);
    docroot.lock(&holder).await.unwrap();
}

#[test]
fn the_configuration_names_what_is_wrong_with_it() {
    use charter_host::{CatalogError, Environment, Host, Secrets, Setup};
    let host = Host::system(Environment::default());
    let (secrets, root) = (Secrets::default(), Path::new("/project"));
    let setup = Setup { host: &host, root, secrets: &secrets };
    let build = |section| charter_targets::standard().build("docroot", section, &setup);
    let target = build(serde_json::json!({ "path": "production/site" })).unwrap();
    assert_eq!(target.live_folder(), Some(PathBuf::from("/project/production/site/current")));
    let error = build(serde_json::json!({ "path": "x", "keep-asset": 1 })).unwrap_err();
    assert!(error.to_string().contains("keep-assets"), "{error}");
    assert!(matches!(build(serde_json::json!({ "path": "/" })), Err(CatalogError::Refused { .. })));
}
