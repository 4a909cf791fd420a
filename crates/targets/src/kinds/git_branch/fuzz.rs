//! The parsers of this target, laid open to the fuzzers in `fuzz/`. No API: it changes without notice.
//!
//! Each takes whatever comes, and panics when a promise of the parser does not hold.

use charter_deploy_model::CommitHash;
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
    let _ = known::decode(list, &commit());
    let mut whole = [b"charter-known/2\n", commit().as_str().as_bytes(), b"\n", list].concat();
    whole.extend(Sha256::digest(&whole));
    if let Some(known) = known::decode(&whole, &commit()) {
        let again = known::encode(&commit(), &known);
        assert_eq!(known::decode(&again, &commit()), Some(known), "what was written can be read");
    }
}

fn commit() -> CommitHash {
    "1".repeat(40).parse().expect("it is a commit's hash")
}
