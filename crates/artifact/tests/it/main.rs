//! What a folder turns out to be.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use charter_artifact::{Artifact, ArtifactError};
use charter_host::Scope;

fn site(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn read(folder: &Path) -> Result<Artifact, ArtifactError> {
    Artifact::read(folder, None, &Scope::default())
}

fn paths(artifact: &Artifact) -> Vec<&str> {
    artifact.files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn files_are_sorted_by_bytes_and_the_digest_is_the_documented_one() {
    let folder = site(&[("b/c.css", "12"), ("b-c.js", "1"), ("a.html", ""), ("Z.png", "123")]);
    let artifact = read(folder.path()).unwrap();
    assert_eq!(paths(&artifact), ["Z.png", "a.html", "b-c.js", "b/c.css"]);
    assert_eq!(artifact.bytes(), 6);
    // Made with printf and sha256sum.
    let expected = "sha256:a0aeaa93370fea6a7fa5905b6bfe417883e0ddbab0b6cd4744812999790295f3";
    assert_eq!(artifact.digest.to_string(), expected);
    let sizes = artifact.bundle_size();
    assert_eq!((sizes.javascript, sizes.css, sizes.assets, sizes.total), (1, 2, 3, 6));
}

#[test]
fn the_digest_is_of_names_and_contents_and_of_nothing_else() {
    let one = site(&[("a", "x"), ("b", "y")]);
    let same = site(&[("b", "y"), ("a", "x")]);
    fs::set_permissions(same.path().join("a"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let swapped = site(&[("a", "y"), ("b", "x")]);
    let digest = |folder: &tempfile::TempDir| read(folder.path()).unwrap().digest;
    assert_eq!(digest(&one), digest(&same));
    assert_ne!(digest(&one), digest(&swapped));
}

#[test]
fn nothing_to_publish_is_an_error() {
    let folder = site(&[]);
    assert!(matches!(read(folder.path()), Err(ArtifactError::Empty { .. })));
    assert!(matches!(read(&folder.path().join("none")), Err(ArtifactError::Missing { .. })));
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(matches!(read(&folder.path().join("file")), Err(ArtifactError::Missing { .. })));
}

#[test]
fn a_link_within_the_site_is_the_file_it_points_at() {
    let folder = site(&[("real/a.txt", "content"), ("b.txt", "")]);
    symlink("real/a.txt", folder.path().join("link.txt")).unwrap();
    let artifact = read(folder.path()).unwrap();
    assert_eq!(artifact.file("link.txt").unwrap().digest, artifact.file("real/a.txt").unwrap().digest);
}

#[test]
fn a_link_out_of_the_site_is_refused() {
    let folder = site(&[("a", "")]);
    let outside = site(&[("secret", "")]);
    symlink(outside.path().join("secret"), folder.path().join("link")).unwrap();
    let error = read(folder.path()).unwrap_err();
    assert!(matches!(&error, ArtifactError::LeavesSite { path, .. } if path == "link"), "{error}");
}

#[test]
fn what_cannot_be_published_is_named() {
    for (target, what) in [("sub", "a link to a folder"), ("none", "a link to nothing")] {
        let folder = site(&[("sub/a", "")]);
        symlink(target, folder.path().join("link")).unwrap();
        assert_eq!(
            read(folder.path()).unwrap_err().to_string(),
            format!("`link` is {what}, which cannot be published")
        );
    }
    let folder = site(&[("sub/a", "")]);
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("sub/s")).unwrap();
    assert_eq!(read(folder.path()).unwrap_err().to_string(), "`sub/s` is a socket, which cannot be published");
}

#[test]
fn reserved_names_are_refused_where_they_matter() {
    for path in ["deploy.json", ".charter-tmp-1-2", ".git/HEAD", "sub/.git/HEAD"] {
        let folder = site(&[("index.html", ""), (path, "")]);
        assert!(matches!(read(folder.path()), Err(ArtifactError::ReservedName { .. })), "{path}");
    }
    let folder = site(&[("sub/deploy.json", ""), (".github/x", ""), (".gitignore", "")]);
    assert_eq!(read(folder.path()).unwrap().files.len(), 3);
}

#[test]
fn a_name_that_is_not_text_is_refused() {
    let folder = site(&[("a", "")]);
    let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff.html");
    fs::write(folder.path().join(name), "").unwrap();
    assert!(matches!(read(folder.path()), Err(ArtifactError::NotUtf8 { .. })));
}

#[test]
fn a_cancelled_read_says_so() {
    let folder = site(&[("a", "")]);
    let scope = Scope::default();
    scope.cancel.cancel();
    assert!(matches!(Artifact::read(folder.path(), None, &scope), Err(ArtifactError::Cancelled)));
}

/// Reads with a cache that remembers the files as older than its own beginning.
fn read_with_warm_cache(folder: &Path, cache: &Path) -> Artifact {
    for entry in fs::read_dir(folder).unwrap() {
        let before = fs::metadata(entry.unwrap().path()).unwrap();
        // Until the file system's time has moved on, nothing is trusted.
        loop {
            fs::write(cache.with_extension("probe"), "").unwrap();
            if fs::metadata(cache.with_extension("probe")).unwrap().modified().unwrap() > before.modified().unwrap() {
                break;
            }
            std::thread::yield_now();
        }
    }
    Artifact::read(folder, Some(cache), &Scope::default()).unwrap()
}

#[test]
fn a_file_that_the_cache_knows_is_not_read_again() {
    let folder = site(&[("a", "one"), ("b", "two")]);
    let elsewhere = tempfile::tempdir().unwrap();
    let cache = elsewhere.path().join("deep/cache");
    fs::create_dir(elsewhere.path().join("deep")).unwrap();
    let first = read_with_warm_cache(folder.path(), &cache);

    // A cache that lies shows who reads it.
    let bytes = fs::read(&cache).unwrap();
    let (header, mut files) = charter_artifact::listing::decode(&bytes).unwrap();
    files[0].digest = files[1].digest;
    fs::write(&cache, charter_artifact::listing::encode(header, &files)).unwrap();
    let second = Artifact::read(folder.path(), Some(&cache), &Scope::default()).unwrap();
    assert_eq!(second.files[0].digest, first.files[1].digest, "the cache was not used");
}

#[test]
fn a_file_that_was_written_while_the_cache_was_made_is_read_again() {
    let folder = site(&[("a", "one")]);
    let cache = folder.path().with_extension("cache");
    // Written, read and written again, often within one tick of the file system's clock.
    for round in 0..200 {
        let text = format!("{round:03}");
        fs::write(folder.path().join("a"), &text).unwrap();
        let artifact = Artifact::read(folder.path(), Some(&cache), &Scope::default()).unwrap();
        assert_eq!(artifact, read(folder.path()).unwrap(), "round {round}");
    }
    fs::remove_file(cache).unwrap();
}

#[test]
fn the_cache_is_written_again_once_enough_has_changed() {
    let names: Vec<String> = (0..200).map(|number| format!("{number:03}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "old")).collect();
    let folder = site(&files);
    let elsewhere = tempfile::tempdir().unwrap();
    let cache = elsewhere.path().join("cache");
    read_with_warm_cache(folder.path(), &cache);
    let first = fs::read(&cache).unwrap();
    let mut is_rewritten = Vec::new();
    for name in &names[..4] {
        fs::write(folder.path().join(name), "new").unwrap();
        let artifact = Artifact::read(folder.path(), Some(&cache), &Scope::default()).unwrap();
        assert_eq!(artifact, read(folder.path()).unwrap(), "{name}");
        is_rewritten.push(fs::read(&cache).unwrap() != first);
    }
    assert_eq!((is_rewritten.first(), is_rewritten.last()), (Some(&false), Some(&true)));
}

#[test]
fn a_change_that_keeps_size_and_mtime_is_seen() {
    let folder = site(&[("a", "one")]);
    let elsewhere = tempfile::tempdir().unwrap();
    let cache = elsewhere.path().join("cache");
    read_with_warm_cache(folder.path(), &cache);
    let path = folder.path().join("a");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, "eno").unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    let artifact = Artifact::read(folder.path(), Some(&cache), &Scope::default()).unwrap();
    assert_eq!(artifact, read(folder.path()).unwrap());
}

#[test]
fn a_damaged_cache_is_ignored_and_replaced() {
    let folder = site(&[("a", "one")]);
    let elsewhere = tempfile::tempdir().unwrap();
    let cache = elsewhere.path().join("cache");
    fs::write(&cache, "charter-listing/1\nnonsense").unwrap();
    Artifact::read(folder.path(), Some(&cache), &Scope::default()).unwrap();
    assert!(charter_artifact::listing::decode(&fs::read(&cache).unwrap()).is_some());
    // Nor does a cache that cannot be written stop anyone.
    Artifact::read(folder.path(), Some(Path::new("/proc/no/such/cache")), &Scope::default()).unwrap();
}
