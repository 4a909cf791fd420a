//! The parsers of this target, laid open to the fuzzers in `fuzz/`. No API: it changes without notice.
//!
//! Each takes whatever comes, and panics when a promise of the parser does not hold.

use charter_deploy_model::{CommitHash, Digest};
use charter_repository::{CommitContent, ObjectId};
use sha2::{Digest as _, Sha256};

use super::{known, layout};

/// Reads a commit's message: what a publication shows stays the same when it is written again.
pub fn message(text: &str) {
    let tree = ObjectId::from_bytes([7; 20]);
    let publication =
        |message: String| layout::publication(&CommitContent { hash: commit(), tree, parents: Vec::new(), message });
    // Without the tree's name, which no fuzzer guesses, nothing is a publication.
    if let Some(shows) = publication(text.replace("TREE", &tree.to_string())) {
        assert_eq!(publication(layout::publication_message("Publish", &shows, tree)), Some(shows));
    }
}

/// Reads a list of known objects, whose sum is put right: what is read can be written and read again.
pub fn known(list: &[u8]) {
    let release = Digest::new([1; 32]);
    let _ = known::decode(list, &release);
    let mut whole = [b"charter-known/3\n", release.hex().as_bytes(), b"\n", list].concat();
    whole.extend(Sha256::digest(&whole));
    if let Some(known) = known::decode(&whole, &release) {
        let again = known::encode(&release, known.iter().map(|it| (it.path.as_str(), &it.digest, &it.object)));
        assert_eq!(known::decode(&again, &release), Some(known), "what was written can be read");
    }
}

fn commit() -> CommitHash {
    "1".repeat(40).parse().expect("it is a commit's hash")
}
