//! Production branches: each keeps what was deployed and how far the log of records had come.

use charter_deploy_model::{CommitHash, Digest, ProductionBranch};
use charter_host::{durable, fault};
use jiff::Timestamp;

use crate::repository::{hash, oid};
use crate::{Repository, RepositoryError};

/// The last line of an anchor's message: this, the log's size and the 64 digits of its root.
const TRAILER: &str = "Charter-Checkpoint: ";

/// A production branch that says how far the log of records had come when it was made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BranchAnchor {
    /// The branch.
    pub branch: ProductionBranch,
    /// The commit that carries the checkpoint, a child of the one that was deployed.
    pub commit: CommitHash,
    /// How many entries the log had.
    pub size: u64,
    /// The root hash over them.
    pub root: Digest,
    /// Whether a remote had the same commit on that branch when it was last asked.
    pub published: bool,
}

impl Repository {
    /// Makes a production branch: a commit on top of `source` with the same files, whose message carries the log's
    /// size and root. The branch is on disk when this returns.
    ///
    /// Called again for the same source, size and root it returns the commit that is there. Author and committer are
    /// the git user, or `Charter`, at `time`; line breaks in `subject` become spaces.
    ///
    /// # Errors
    /// [`RepositoryError::BranchTaken`] when the branch is there and keeps something else; it is left as it is.
    pub fn anchor(
        &self,
        branch: &ProductionBranch,
        source: &CommitHash,
        size: u64,
        root: &Digest,
        subject: &str,
        time: Timestamp,
    ) -> Result<CommitHash, RepositoryError> {
        let repository = self.open()?;
        let name = format!("refs/heads/{branch}");
        let source_commit = repository
            .find_commit(oid(source))
            .map_err(|_| RepositoryError::NoSuchRevision { revision: source.to_string() })?;
        if let Some(found) = tip(&repository, &name)? {
            let is_same = checkpoint(&String::from_utf8_lossy(found.message_bytes())) == Some((size, *root))
                && found.parent_ids().eq([source_commit.id()])
                && found.tree_id() == source_commit.tree_id();
            let commit = hash(found.id());
            return if is_same {
                self.sync(&name, &commit)?;
                Ok(commit)
            } else {
                Err(RepositoryError::BranchTaken { branch: branch.clone(), commit })
            };
        }

        let who = self.signature(time)?;
        let tree = source_commit.tree().map_err(RepositoryError::other("read the files of the deployed commit"))?;
        let message = message(subject, size, root);
        let writing = "write the commit of the production branch";
        fault::point(writing).map_err(RepositoryError::other(writing))?;
        let commit = repository
            .commit(None, &who, &who, &message, &tree, &[&source_commit])
            .map_err(RepositoryError::other(writing))?;
        let naming = "make the production branch";
        fault::point(naming).map_err(RepositoryError::other(naming))?;
        match repository.reference(&name, commit, false, "charter: deployed") {
            Ok(_) => {}
            // Somebody was faster; what they made is looked at above.
            Err(error) if error.code() == git2::ErrorCode::Exists => {
                return self.anchor(branch, source, size, root, subject, time);
            }
            Err(error) => return Err(RepositoryError::other(naming)(error)),
        }
        let commit = hash(commit);
        self.sync(&name, &commit)?;
        Ok(commit)
    }

    /// Returns the checkpoint of every production branch that has one at its tip, sorted by branch.
    ///
    /// Branches that only a remote has count too. Where a remote has another commit on a branch than we have, both are
    /// returned.
    ///
    /// # Errors
    /// When branches or commits cannot be read.
    pub fn anchors(&self) -> Result<Vec<BranchAnchor>, RepositoryError> {
        let repository = self.open()?;
        let mut anchors: Vec<BranchAnchor> = Vec::new();
        for tip in self.branches()? {
            let Ok(branch) = tip.name.parse::<ProductionBranch>() else { continue };
            let published = tip.remote.is_some();
            if let Some(known) = anchors.iter_mut().find(|it| it.commit == tip.commit && it.branch == branch) {
                known.published |= published;
                continue;
            }
            let commit =
                repository.find_commit(oid(&tip.commit)).map_err(RepositoryError::other("read a production branch"))?;
            if let Some((size, root)) = checkpoint(&String::from_utf8_lossy(commit.message_bytes())) {
                anchors.push(BranchAnchor { branch, commit: tip.commit, size, root, published });
            }
        }
        anchors.sort();
        Ok(anchors)
    }

    pub(crate) fn signature(&self, time: Timestamp) -> Result<git2::Signature<'static>, RepositoryError> {
        let time = git2::Time::new(time.as_second(), 0);
        let name = self.user().unwrap_or_else(|| "Charter".to_owned());
        let email = self.setting("user.email").unwrap_or_else(|| "charter@localhost".to_owned());
        // Git has no use for a name of nothing but punctuation.
        git2::Signature::new(&name, &email, &time)
            .or_else(|_| git2::Signature::new("Charter", "charter@localhost", &time))
            .map_err(RepositoryError::other("name the author of the production branch"))
    }

    /// Brings a commit and the branch that points at it to disk: libgit2 leaves that to the kernel.
    fn sync(&self, reference: &str, commit: &CommitHash) -> Result<(), RepositoryError> {
        let (folder, file) = commit.as_str().split_at(2);
        let objects = self.git_folder().join("objects");
        let heads = self.git_folder().join("refs/heads");
        // What git has packed meanwhile is synced already.
        [objects.join(folder).join(file), objects.join(folder), objects, self.git_folder().join(reference), heads]
            .iter()
            .filter(|path| path.exists())
            .try_for_each(|path| durable::sync_file(path))
            .map_err(RepositoryError::other("bring the production branch to disk"))
    }
}

fn tip<'a>(repository: &'a git2::Repository, name: &str) -> Result<Option<git2::Commit<'a>>, RepositoryError> {
    match repository.find_reference(name).and_then(|reference| reference.peel_to_commit()) {
        Ok(commit) => Ok(Some(commit)),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(RepositoryError::other("read the production branch")(error)),
    }
}

pub(crate) fn message(subject: &str, size: u64, root: &Digest) -> String {
    let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    let subject = if subject.is_empty() { "Deployed".to_owned() } else { subject };
    format!("{subject}\n\n{TRAILER}{size} {}\n", root.hex())
}

/// Returns the log's size and root from a commit's message.
///
/// It counts only in the last paragraph, which is not the subject, and only when it is there once and written as
/// [`message`] writes it, so that a commit's own words cannot pass for a checkpoint by accident.
pub(crate) fn checkpoint(message: &str) -> Option<(u64, Digest)> {
    let (_, last) = message.trim_end().rsplit_once("\n\n")?;
    let mut checkpoints = last.lines().filter_map(|line| line.strip_prefix(TRAILER));
    let (Some(only), None) = (checkpoints.next(), checkpoints.next()) else { return None };
    let (size, root) = only.split_once(' ')?;
    let parsed: u64 = size.parse().ok()?;
    (parsed.to_string() == size).then_some((parsed, Digest::from_hex(root).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOT: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    #[test]
    fn what_only_looks_like_a_checkpoint_is_none() {
        let line = format!("{TRAILER}7 {ROOT}");
        assert!(checkpoint(&format!("subject\n\nbody\n\nSigned-off-by: x\n{line}\n")).is_some());
        for message in [
            String::new(),
            line.clone(),
            format!("subject\n{line}"),
            format!("subject\n\n{line}\n\nlast words"),
            format!("subject\n\n{line}\n{line}"),
            format!("subject\n\n{TRAILER}07 {ROOT}"),
            format!("subject\n\n{TRAILER}+7 {ROOT}"),
            format!("subject\n\n{TRAILER}7 {}", ROOT.to_uppercase()),
            format!("subject\n\n{TRAILER}7 {ROOT} \nx: y"),
            format!("subject\n\n{TRAILER}7  {ROOT}"),
            format!("subject\n\n {line}"),
        ] {
            assert_eq!(checkpoint(&message), None, "{message:?}");
        }
    }

    proptest! {
        #[test]
        fn every_message_gives_its_checkpoint_back(subject in "(?s).{0,80}", size: u64, bytes: [u8; 32]) {
            let root = Digest::new(bytes);
            let message = message(&subject, size, &root);
            prop_assert_eq!(checkpoint(&message), Some((size, root)));
            prop_assert!(!message.lines().next().unwrap_or_default().is_empty());
        }

        #[test]
        fn a_subject_cannot_forge_a_checkpoint(size in 0_u64..9, bytes: [u8; 32]) {
            let root = Digest::new(bytes);
            let forged = format!("x\n\n{TRAILER}999 {ROOT}");
            prop_assert_eq!(checkpoint(&message(&forged, size, &root)), Some((size, root)));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "(?s).{0,200}") {
            let _ = checkpoint(&text);
        }
    }
}
