//! The parsers of this crate, laid open to the fuzzers in `fuzz/`. No API: it changes without notice.
//!
//! Each takes whatever comes, and panics when a promise of the parser does not hold.

use std::path::Path;

use charter_deploy_model::Stamp;

use crate::tree::{self, TreeFile};
use crate::{pack, snapshot};

/// Reads a pack's index, compressed or not: what is read can be written and read again.
pub fn index(file: &[u8]) {
    for entries in [pack::parse_index(file), pack::expand_index(file)].into_iter().flatten() {
        assert_eq!(pack::parse_index(&*pack::index_text(&entries)), Some(entries));
    }
}

/// Finds the blobs in a pack without an index: they lie one behind the other, all within the pack.
pub fn pack(file: &[u8]) {
    let mut end = 0;
    for (_, extent) in pack::scan_all(file) {
        assert_eq!(extent.offset, end, "a blob begins where the one before ends");
        end = extent.end().expect("a pack has an end");
        assert!(end > extent.offset && end <= file.len() as u64, "a blob ends outside of its pack");
    }
}

/// Reads a list of files: its paths lead nowhere but down, and what is read can be written and read again.
pub fn tree(text: &[u8]) {
    let Ok(files) = tree::parse(text, Path::new("a pack")) else { return };
    let mut again = Vec::new();
    for TreeFile { path, size, digest } in &files {
        assert!(Path::new("/restored").join(path).starts_with("/restored"), "{path:?} leads elsewhere");
        assert!(!path.split('/').any(|part| matches!(part, "" | "." | "..")), "{path:?} leads elsewhere");
        tree::write_entry(&mut again, path, *size, digest);
    }
    assert_eq!(tree::parse(&again, Path::new("a pack")).expect("what was written can be read"), files);
}

/// Reads the file of a snapshot: the names in it lead nowhere but down.
pub fn snapshot(text: &[u8]) {
    let id: Stamp = "20261121-020711".parse().expect("it is a stamp");
    if let Ok(snapshot) = snapshot::parse(text, Path::new("a snapshot"), id) {
        assert_eq!(snapshot.id, id);
        for content in snapshot.contents {
            assert!(!content.name.contains('/') && !matches!(&*content.name, "" | "." | ".."));
        }
    }
}
