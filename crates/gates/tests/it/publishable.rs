//! What the gate `publishable` holds a build to.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use charter_artifact::Artifact;
use charter_deploy_model::Inspection;
use charter_gates::Subject;
use charter_host::Scope;
use serde_json::json;

use crate::github::{inspect, look};

fn site(folder: &Path, files: &[(&str, &str)]) -> Arc<Artifact> {
    for (path, content) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    Arc::new(Artifact::read(folder, None, &Scope::default()).unwrap())
}

fn subject(artifact: Arc<Artifact>, target: Option<&str>) -> Subject {
    let mut subject = Subject::new(&artifact.root);
    subject.artifact = Some(artifact);
    subject.target = target.map(str::to_owned);
    subject
}

#[tokio::test]
async fn it_says_why_it_does_not_apply() {
    let folder = tempfile::tempdir().unwrap();
    let artifact = site(folder.path(), &[("index.html", "")]);
    for (target, expected) in [
        (Some("docroot"), "the target is `docroot`, and only `git-branch` publishes by GitHub Pages"),
        (None, "it is not known which target this is for, and only `git-branch` publishes by GitHub Pages"),
    ] {
        let inspection = inspect("publishable", json!({}), &subject(Arc::clone(&artifact), target)).await;
        assert_eq!(inspection, Inspection::NotApplicable { reason: expected.to_owned() });
    }
}

#[tokio::test]
async fn the_limits_are_those_of_github_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let sizes = [
        ("fine", 50 << 20),
        ("large", (50 << 20) + 1),
        ("largest", 100 << 20),
        ("too-large", (100 << 20) + 1),
        ("rest", 1_000_000_000 - (300 << 20) - 2),
    ];
    for (name, size) in sizes {
        // Sparse: it has that size and takes no space.
        File::create(folder.path().join(name)).unwrap().set_len(size).unwrap();
    }
    // Hashing a gigabyte of nothing says nothing here, so the sizes are listed by hand.
    let stat = |name: &str| charter_artifact::FileStat::of(&folder.path().join(name).metadata().unwrap());
    let digest = charter_deploy_model::Digest::new([0; 32]);
    let files = sizes.map(|(name, size)| charter_artifact::ArtifactFile {
        path: name.to_owned(),
        size,
        digest,
        stat: stat(name),
    });
    let artifact = Artifact::from_files(folder.path().to_owned(), files.to_vec());
    assert_eq!(artifact.bytes(), 1_000_000_000);
    let seen = look("publishable", json!({}), &subject(Arc::new(artifact), Some("git-branch"))).await;
    let found: Vec<(&str, &str)> = seen.findings.iter().map(|it| (it.code.as_str(), it.subject.as_str())).collect();
    assert_eq!(
        found,
        [
            ("publishable/file-size", "rest"),
            ("publishable/file-size", "too-large"),
            ("publishable/large-file", "large"),
            ("publishable/large-file", "largest"),
        ]
    );
    assert!(seen.findings[1].message.contains("104,857,601 bytes"), "{}", seen.findings[1].message);
    assert_eq!((seen.measure("site-size"), seen.measure("largest-file")), (Some(1e9), Some(685_427_198.0)));
}

#[tokio::test]
async fn what_the_target_puts_right_is_no_finding_with_it() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let live = site(old.path(), &[("CNAME", "example.org\n")]);
    let artifact = site(new.path(), &[("_astro/a.js", ""), ("_astro/b.js", ""), ("index.html", "")]);
    for (target, section, expected) in [
        (Some("git-branch"), json!({}), &[][..]),
        (None, json!({ "always": true }), &["publishable/lost-domain", "publishable/nojekyll"]),
    ] {
        let mut subject = subject(Arc::clone(&artifact), target);
        subject.live = Some(Arc::clone(&live));
        let seen = look("publishable", section, &subject).await;
        assert_eq!(seen.codes(), expected);
        if let Some(nojekyll) = seen.findings.get(1) {
            assert_eq!(nojekyll.message, "`.nojekyll` is missing, so Pages leave out 2 files such as `_astro/a.js`");
        }
    }
}

#[tokio::test]
async fn another_domain_is_lost_with_any_target() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let live = site(old.path(), &[("CNAME", "example.org")]);
    for (now, lost) in [("example.net", true), ("EXAMPLE.org\r\n", false)] {
        let mut subject = subject(site(new.path(), &[("CNAME", now)]), Some("git-branch"));
        subject.live = Some(Arc::clone(&live));
        let seen = look("publishable", json!({}), &subject).await;
        assert_eq!(!seen.findings.is_empty(), lost, "{:?}", seen.findings);
    }
}

#[tokio::test]
async fn links_and_pointers_are_found_wherever_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    site(folder.path(), &[("a/photo.jpg", pointer), ("a/b.html", "x"), ("a/almost.txt", &pointer[1..])]);
    symlink("b.html", folder.path().join("a/link.html")).unwrap();
    let seen = look("publishable", json!({}), &subject(site(folder.path(), &[]), Some("git-branch"))).await;
    assert_eq!(seen.codes(), ["publishable/lfs-pointer", "publishable/symlink"]);
    assert!(seen.findings[1].message.contains("`a/link.html` is a symbolic link to `b.html`"));
}
