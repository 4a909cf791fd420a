//! What the commits look like: a staged release and a publication, and what each says in its message.
//!
//! A publication's message ends with the release's id and with the tree that was published, so that a commit that was
//! amended with other files, message and all, does not pass for one.

use charter_deploy_model::{CommitHash, Release, ReleaseId};
use charter_repository::{CommitContent, ObjectId, Repository, TreeEntry};

use super::{Folder, Source, local};
use crate::TargetError;

/// Which release a publication shows; [`NONE`] for one that shows none.
const RELEASE: &str = "Charter-Release: ";
/// The tree that was published.
const TREE: &str = "Charter-Tree: ";
/// How many releases were staged before this one.
const NUMBER: &str = "Charter-Number: ";
/// What stands for no release.
const NONE: &str = "none";

/// What a `deploy.json` may have at most, in bytes.
const LARGEST_MARKER: usize = 64 << 10;

/// What tells a host to leave files as they are.
pub(super) const NO_JEKYLL: &str = ".nojekyll";
/// The file with the custom domain.
pub(super) const CNAME: &str = "CNAME";

/// What a publication says it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Publication {
    Release(ReleaseId),
    Nothing,
}

/// Returns the message of a staged release.
pub(super) fn staged_message(release: &Release, number: u64) -> String {
    format!("Release {} of {}\n\n{NUMBER}{number}\n", release.id, release.commit.short())
}

/// Returns the message of a publication.
pub(super) fn publication_message(subject: &str, shows: &Publication, tree: ObjectId) -> String {
    let shows = match shows {
        Publication::Release(id) => id.to_string(),
        Publication::Nothing => NONE.to_owned(),
    };
    format!("{subject}\n\n{RELEASE}{shows}\n{TREE}{tree}\n")
}

/// Returns the value of a trailer that is in the last paragraph once.
fn trailer<'a>(message: &'a str, key: &str) -> Option<&'a str> {
    let (_, last) = message.trim_end().rsplit_once("\n\n")?;
    let mut values = last.lines().filter_map(|line| line.strip_prefix(key));
    let (Some(only), None) = (values.next(), values.next()) else { return None };
    Some(only)
}

/// Returns what a commit shows, when it is a publication with the files that were published.
pub(super) fn publication(commit: &CommitContent) -> Option<Publication> {
    if trailer(&commit.message, TREE)? != commit.tree.to_string() {
        return None;
    }
    match trailer(&commit.message, RELEASE)? {
        NONE => Some(Publication::Nothing),
        id => id.parse().ok().map(Publication::Release),
    }
}

/// Returns the staged release that a commit of ours holds.
pub(super) fn staged_release(repository: &Repository, commit: &CommitHash) -> Result<Option<Source>, TargetError> {
    let reading = local("read a release");
    let Some(content) = repository.commit_content(commit).map_err(&reading)? else { return Ok(None) };
    let number = trailer(&content.message, NUMBER).and_then(|number| number.parse().ok());
    let release = marker(repository, content.tree)?;
    Ok(release.zip(number).map(|(release, number)| Source { release, site: content.tree, number: Some(number) }))
}

/// Returns the release that a site's folder says it is.
pub(super) fn marker(repository: &Repository, site: ObjectId) -> Result<Option<Release>, TargetError> {
    let reading = local("read a release");
    let Some(entries) = repository.tree(site).map_err(&reading)? else { return Ok(None) };
    let Some(entry) = named(&entries, Release::MARKER) else { return Ok(None) };
    let text = repository.blob(entry.id, LARGEST_MARKER).map_err(&reading)?;
    Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
}

/// Returns the folder of a branch that is served; nothing, when the branch does not have it.
pub(super) fn site_of(
    repository: &Repository,
    root: ObjectId,
    folder: Folder,
) -> Result<Option<ObjectId>, TargetError> {
    match folder {
        Folder::Root => Ok(Some(root)),
        Folder::Docs => {
            let entries = repository.tree(root).map_err(local("read the branch"))?.unwrap_or_default();
            Ok(named(&entries, DOCS).filter(|entry| entry.mode == TreeEntry::FOLDER).map(|entry| entry.id))
        }
    }
}

/// The folder's name.
pub(super) const DOCS: &str = "docs";

/// Returns the entry of that name.
pub(super) fn named<'a>(entries: &'a [TreeEntry], name: &str) -> Option<&'a TreeEntry> {
    entries.iter().find(|entry| entry.name == name.as_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn commit(message: &str, tree: ObjectId) -> CommitContent {
        let hash = "1".repeat(40).parse().unwrap();
        CommitContent { hash, tree, parents: Vec::new(), message: message.to_owned() }
    }

    const ID: &str = "20261121-020711-0123456789ab";

    fn id() -> ReleaseId {
        charter_deploy_model::ReleaseId::new(
            charter_deploy_model::Stamp::of(jiff::Timestamp::from_second(1_795_219_200).unwrap()),
            &charter_deploy_model::Digest::new([7; 32]),
        )
    }

    #[test]
    fn a_commit_that_was_amended_is_no_publication() {
        let (tree, other) = (ObjectId::from_bytes([1; 20]), ObjectId::from_bytes([2; 20]));
        let shows = Publication::Release(id());
        let message = publication_message("Publish", &shows, tree);
        assert_eq!(publication(&commit(&message, tree)), Some(shows));
        assert_eq!(publication(&commit(&message, other)), None, "the files are others");
        assert_eq!(publication(&commit(&format!("{message}\nmore words\n"), tree)), None);
        let twice = format!("{message}{RELEASE}{ID}\n");
        assert_eq!(publication(&commit(&twice, tree)), None);
    }

    proptest! {
        #[test]
        fn any_message_is_read_without_a_panic(message in "(?s).{0,200}") {
            prop_assert_eq!(publication(&commit(&message, ObjectId::from_bytes([0; 20]))), None);
        }
    }
}
