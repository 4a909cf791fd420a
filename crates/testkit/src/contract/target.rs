//! The contract of `charter_targets::Target`.
//!
//! Call [`target`] from a test of your own target; it runs every clause on a new one. The clauses are there one by one
//! as well, so that a failure can be looked at alone. They look at a target through its own answers, and through
//! [`Target::live_folder`] where there is one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use charter_artifact::Artifact;
use charter_deploy_model::{DeploymentId, Environment, Release, ReleaseId, Stamp};
use charter_host::Scope;
use charter_targets::{Staged, Target, TargetError};
use jiff::Timestamp;
use tempfile::TempDir;

/// Runs every clause, each on a new target that `make` makes together with what must outlive it.
///
/// # Panics
/// When the target breaks a clause.
pub async fn target<T: Target + 'static, G>(make: impl AsyncFn() -> (T, G)) {
    macro_rules! clauses {
        ($($clause:ident),* $(,)?) => {$({
            let (target, _guard) = make().await;
            $clause(&target).await;
        })*};
    }
    clauses!(
        nothing_live_at_first,
        staging_is_invisible,
        a_half_staged_release_is_not_listed,
        staging_twice_is_once,
        staged_releases_are_known_by_digest,
        activating_twice_is_once,
        activating_over_something_else_is_refused,
        going_back_restores_every_byte,
        the_live_release_cannot_be_retired,
        withdrawing_the_first_leaves_nothing_live,
    );
    let (target, _guard) = make().await;
    activation_is_all_or_nothing(Arc::new(target)).await;
}

/// A site that was built, and the release it becomes.
#[derive(Debug)]
pub struct Built {
    /// What it says of itself.
    pub release: Release,
    /// Its files.
    pub artifact: Artifact,
    folder: TempDir,
}

impl Built {
    /// Builds a site of these paths and texts, released in the second `second` after a fixed one.
    ///
    /// # Panics
    /// When the files cannot be written.
    #[must_use]
    pub fn new(second: i64, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let artifact = Artifact::read(folder.path(), None, &Scope::default()).expect("a site that can be read");
        let stamp = Stamp::of(Timestamp::from_second(1_795_219_200 + second).expect("a time within range"));
        let release = Release {
            id: ReleaseId::new(stamp, &artifact.digest),
            deployment_id: DeploymentId::new(stamp),
            commit: "0123456789abcdef0123456789abcdef01234567".parse().expect("a commit"),
            digest: artifact.digest,
            environment: Environment::Production,
        };
        Self { release, artifact, folder }
    }

    /// Builds a site of some pages, in folders, that all carry the number `second`.
    #[must_use]
    pub fn numbered(second: i64) -> Self {
        let text = format!("release {second}");
        let own = format!("only/in/{second}.txt");
        let mut files = vec![("index.html", text.as_str()), ("same.css", "p { margin: 0 }"), (own.as_str(), &text)];
        files.extend(["a/1.html", "a/2.html", "b/c/3.html", "empty.txt", "z.html"].map(|path| (path, text.as_str())));
        Self::new(second, &files)
    }

    /// Returns the release's id.
    #[must_use]
    pub const fn id(&self) -> &ReleaseId {
        &self.release.id
    }

    /// Stages it.
    ///
    /// # Panics
    /// When the target will not take it.
    pub async fn stage(&self, target: &dyn Target) -> Staged {
        target.stage(&self.release, &self.artifact, &Scope::default()).await.expect("a target that takes the release")
    }

    /// Returns its files.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        contents(self.folder.path())
    }
}

/// Returns every file below a folder, by path, without what the target itself publishes.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn collect(folder: &Path, prefix: &str, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).expect("a folder that can be read") {
            let entry = entry.expect("an entry");
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().expect("a kind").is_dir() {
                collect(&entry.path(), &format!("{path}/"), found);
            } else if path != Release::MARKER {
                found.insert(path, fs::read(entry.path()).expect("a file that can be read"));
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(folder, "", &mut found);
    found
}

/// Returns what users see, when the target shows that on this machine: nothing at all, or files.
fn seen(target: &dyn Target) -> Option<BTreeMap<String, Vec<u8>>> {
    let folder = target.live_folder()?;
    Some(fs::canonicalize(folder).map(|folder| contents(&folder)).unwrap_or_default())
}

fn assert_shows(target: &dyn Target, built: &Built) {
    if let Some(seen) = seen(target) {
        assert_eq!(seen, built.contents(), "users do not see exactly the release {}", built.id());
    }
}

async fn holds(target: &dyn Target, built: &Built) -> bool {
    target.holds(&built.release, &Scope::default()).await.expect("a target that says what it holds")
}

async fn live(target: &dyn Target) -> Option<ReleaseId> {
    target.live(&Scope::default()).await.expect("a target that says what is live")
}

async fn activate(target: &dyn Target, to: &Built, over: Option<&Built>) {
    let over = over.map(Built::id);
    target.activate(to.id(), over, &Scope::default()).await.expect("a target that shows the release");
}

async fn listed(target: &dyn Target) -> Vec<Release> {
    target.releases(&Scope::default()).await.expect("a target that lists its releases")
}

async fn assert_lists(target: &dyn Target, built: &[&Built]) {
    let expected: Vec<Release> = built.iter().map(|built| built.release.clone()).collect();
    assert_eq!(listed(target).await, expected);
}

/// A new target shows nothing, has no releases and knows of none.
///
/// # Panics
/// When the target breaks this clause.
pub async fn nothing_live_at_first(target: &dyn Target) {
    assert_eq!(live(target).await, None);
    assert_eq!(listed(target).await, []);
    let unknown = Built::numbered(1);
    assert_eq!(target.read(unknown.id(), &Scope::default()).await.expect("an answer"), None);
    assert!(!holds(target, &unknown).await);
    let error = target.activate(unknown.id(), None, &Scope::default()).await.expect_err("nothing was staged");
    assert!(matches!(error, TargetError::NotStaged { .. }), "{error}");
    assert_eq!(live(target).await, None);
}

/// Staging changes nothing that users see; the release is listed, and what can be read back of it is it, file by file.
///
/// # Panics
/// When the target breaks this clause.
pub async fn staging_is_invisible(target: &dyn Target) {
    let (first, second) = (Built::numbered(1), Built::numbered(2));
    first.stage(target).await;
    assert_eq!(live(target).await, None);
    if let Some(seen) = seen(target) {
        assert_eq!(seen, BTreeMap::new());
    }
    activate(target, &first, None).await;
    let staged = second.stage(target).await;
    assert_eq!(staged.written + staged.shared, second.artifact.bytes(), "every byte is either written or shared");
    assert_eq!(live(target).await.as_ref(), Some(first.id()));
    assert_shows(target, &first);
    assert_lists(target, &[&first, &second]).await;

    assert!(holds(target, &second).await);
    let read = target.read(second.id(), &Scope::default()).await.expect("an answer");
    if let Some(read) = read {
        assert_eq!(read.digest, second.artifact.digest);
        let facts = |artifact: &Artifact| {
            artifact.files.iter().map(|file| (file.path.clone(), file.size, file.digest)).collect::<Vec<_>>()
        };
        assert_eq!(facts(&read), facts(&second.artifact));
    }
}

/// What could not be staged wholly is neither listed nor shown, and can be staged again or retired.
///
/// # Panics
/// When the target breaks this clause.
pub async fn a_half_staged_release_is_not_listed(target: &dyn Target) {
    let built = Built::numbered(1);
    let absent = async |what: &str| {
        assert_eq!(listed(target).await, [], "{what}");
        assert_eq!(target.read(built.id(), &Scope::default()).await.expect("an answer"), None, "{what}");
        assert!(!holds(target, &built).await, "{what}");
        let error = target.activate(built.id(), None, &Scope::default()).await.expect_err(what);
        assert!(matches!(error, TargetError::NotStaged { .. }), "{what}: {error}");
    };

    let cancelled = Scope::default();
    cancelled.cancel.cancel();
    let error = target.stage(&built.release, &built.artifact, &cancelled).await.expect_err("it was cancelled");
    assert!(matches!(error, TargetError::Cancelled), "{error}");
    absent("cancelled").await;

    let path = built.folder.path().join("z.html");
    let text = fs::read(&path).expect("a file");
    for (what, change) in [("replaced", Some(b"Release 1")), ("gone", None)] {
        fs::remove_file(&path).expect("a file to remove");
        if let Some(change) = change {
            fs::write(&path, change).expect("a file to write");
        }
        let error =
            target.stage(&built.release, &built.artifact, &Scope::default()).await.expect_err("the build changed");
        assert!(matches!(&error, TargetError::Changed { path } if path == "z.html"), "{what}: {error}");
        absent(what).await;
        fs::write(&path, &text).expect("a file to write");
    }

    let other = Built::numbered(2);
    let error = target.stage(&built.release, &other.artifact, &Scope::default()).await.expect_err("another's files");
    assert!(matches!(error, TargetError::Mismatched { .. }), "{error}");
    absent("mismatched").await;

    target.retire(built.id(), &Scope::default()).await.expect("leftovers can be retired");
    built.stage(target).await;
    assert_lists(target, &[&built]).await;
}

/// Staging what is wholly there writes nothing and changes nothing.
///
/// # Panics
/// When the target breaks this clause.
pub async fn staging_twice_is_once(target: &dyn Target) {
    let built = Built::numbered(1);
    built.stage(target).await;
    assert_eq!(built.stage(target).await.written, 0);
    activate(target, &built, None).await;
    assert_eq!(built.stage(target).await.written, 0, "not even when it is live");
    assert_lists(target, &[&built]).await;
    assert_shows(target, &built);
}

/// Every staged release is known by the digests of its files, without what the target adds.
///
/// # Panics
/// When the target breaks this clause.
pub async fn staged_releases_are_known_by_digest(target: &dyn Target) {
    let releases: Vec<Built> = (1..=3).map(Built::numbered).collect();
    for built in &releases {
        built.stage(target).await;
    }
    activate(target, &releases[0], None).await;
    for built in &releases {
        let known = target.digests(&built.release.id, &Scope::default()).await.expect("the target answers");
        let files = built.artifact.files.iter().map(|file| (file.path.clone(), file.digest)).collect();
        assert_eq!(known, Some(files), "of {}", built.release.id);
    }
    let never = Built::numbered(4).release.id;
    assert_eq!(target.digests(&never, &Scope::default()).await.expect("the target answers"), None);
}

/// Whoever looks while releases are switched sees one of them, whole, every time.
///
/// # Panics
/// When the target breaks this clause.
pub async fn activation_is_all_or_nothing(target: Arc<dyn Target>) {
    const SWITCHES: usize = 60;
    const LOOKS: u64 = 20;
    let releases: Vec<Built> = (1..=3).map(Built::numbered).collect();
    for release in &releases {
        release.stage(&*target).await;
    }
    activate(&*target, &releases[0], None).await;
    let stop = Arc::new(AtomicBool::new(false));
    let looks = Arc::new(AtomicU64::new(0));
    let looker = target.live_folder().is_some().then(|| {
        let whole: Vec<_> = releases.iter().map(Built::contents).collect();
        let (target, stop, looks) = (Arc::clone(&target), Arc::clone(&stop), Arc::clone(&looks));
        thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                // Looks as a server does: it opens the folder, then reads in the folder that it opened.
                let folder = target.live_folder().and_then(|folder| fs::canonicalize(folder).ok());
                let seen = contents(&folder.expect("something is live all the time"));
                assert!(whole.contains(&seen), "a look showed {seen:?}, which is no release");
                looks.fetch_add(1, Ordering::SeqCst);
            }
        })
    });
    for switch in 1.. {
        let (from, to) = (&releases[(switch - 1) % 3], &releases[switch % 3]);
        activate(&*target, to, Some(from)).await;
        assert_eq!(live(&*target).await.as_ref(), Some(to.id()));
        let looked = looker.as_ref().is_none_or(|looker| looker.is_finished() || looks.load(Ordering::SeqCst) >= LOOKS);
        if switch >= SWITCHES && looked {
            break;
        }
    }
    stop.store(true, Ordering::SeqCst);
    if let Some(looker) = looker {
        looker.join().expect("every look showed one release");
    }
}

/// Activating what is live already succeeds, whatever was expected: after a crash, nobody knows whether it happened.
///
/// # Panics
/// When the target breaks this clause.
pub async fn activating_twice_is_once(target: &dyn Target) {
    let (first, second) = (Built::numbered(1), Built::numbered(2));
    first.stage(target).await;
    second.stage(target).await;
    activate(target, &first, None).await;
    activate(target, &first, None).await;
    activate(target, &first, Some(&first)).await;
    activate(target, &second, Some(&first)).await;
    activate(target, &second, Some(&first)).await;
    assert_eq!(live(target).await.as_ref(), Some(second.id()));
    assert_shows(target, &second);
}

/// When another release is live than expected, nothing changes, and the error says which.
///
/// # Panics
/// When the target breaks this clause.
pub async fn activating_over_something_else_is_refused(target: &dyn Target) {
    let (first, second, third) = (Built::numbered(1), Built::numbered(2), Built::numbered(3));
    for built in [&first, &second, &third] {
        built.stage(target).await;
    }
    let refused = async |to: &Built, over: Option<&Built>, is: Option<&Built>| {
        let over = over.map(Built::id);
        let error = target.activate(to.id(), over, &Scope::default()).await.expect_err("something else is live");
        let TargetError::Moved { expected, found } = &error else { panic!("another error: {error}") };
        assert_eq!((expected.as_ref(), found.as_ref()), (over, is.map(Built::id)));
        assert_eq!(live(target).await.as_ref(), is.map(Built::id));
    };
    refused(&first, Some(&second), None).await;
    activate(target, &first, None).await;
    refused(&second, None, Some(&first)).await;
    refused(&second, Some(&third), Some(&first)).await;
    assert_shows(target, &first);
    let error = target.withdraw(second.id(), &Scope::default()).await.expect_err("something else is live");
    assert!(matches!(error, TargetError::Moved { .. }), "{error}");
    assert_shows(target, &first);
}

/// Activating an earlier release shows exactly its files again.
///
/// # Panics
/// When the target breaks this clause.
pub async fn going_back_restores_every_byte(target: &dyn Target) {
    let (first, second) = (Built::numbered(1), Built::numbered(2));
    first.stage(target).await;
    activate(target, &first, None).await;
    second.stage(target).await;
    activate(target, &second, Some(&first)).await;
    assert_shows(target, &second);
    activate(target, &first, Some(&second)).await;
    assert_eq!(live(target).await.as_ref(), Some(first.id()));
    assert_shows(target, &first);
    assert_lists(target, &[&first, &second]).await;
}

/// The live release stays; another one can be retired, more than once.
///
/// # Panics
/// When the target breaks this clause.
pub async fn the_live_release_cannot_be_retired(target: &dyn Target) {
    let (first, second) = (Built::numbered(1), Built::numbered(2));
    first.stage(target).await;
    second.stage(target).await;
    activate(target, &second, None).await;
    let error = target.retire(second.id(), &Scope::default()).await.expect_err("users see it");
    assert!(matches!(&error, TargetError::Live { id } if id == second.id()), "{error}");
    for _ in 0..2 {
        target.retire(first.id(), &Scope::default()).await.expect("nobody sees it");
        assert_lists(target, &[&second]).await;
    }
    assert_eq!(live(target).await.as_ref(), Some(second.id()));
    assert_shows(target, &second);
}

/// Withdrawing the first release leaves nothing live, can be repeated, and keeps the release staged.
///
/// # Panics
/// When the target breaks this clause.
pub async fn withdrawing_the_first_leaves_nothing_live(target: &dyn Target) {
    let first = Built::numbered(1);
    first.stage(target).await;
    activate(target, &first, None).await;
    for _ in 0..2 {
        target.withdraw(first.id(), &Scope::default()).await.expect("a target that can show nothing");
        assert_eq!(live(target).await, None);
        if let Some(seen) = seen(target) {
            assert_eq!(seen, BTreeMap::new());
        }
    }
    assert_lists(target, &[&first]).await;
    activate(target, &first, None).await;
    assert_shows(target, &first);
}
