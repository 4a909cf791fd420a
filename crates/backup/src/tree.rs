//! The list of files in one content, as the text that is stored and hashed.
//!
//! An entry is `digest size path` and a NUL, because a path may hold anything else, newlines too. Entries are sorted by
//! path, so equal contents have equal text, and the text's SHA-256 is the content's digest and the name of its blob.

use std::path::{Component, Path, PathBuf};

use charter_deploy_model::Digest;

use crate::BackupError;

/// One file in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TreeFile {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) digest: Digest,
}

/// Writes the entry of one file.
pub(crate) fn write_entry(text: &mut Vec<u8>, path: &str, size: u64, digest: &Digest) {
    text.extend_from_slice(digest.hex().as_bytes());
    text.extend_from_slice(format!(" {size} ").as_bytes());
    text.extend_from_slice(path.as_bytes());
    text.push(0);
}

/// Reads a tree that anybody may have written: its paths lead nowhere but down, and none comes twice.
pub(crate) fn parse(text: &[u8], blob: &Path) -> Result<Vec<TreeFile>, BackupError> {
    let malformed = || BackupError::Damaged { path: blob.to_owned(), fault: "a tree in it does not parse".to_owned() };
    let text = std::str::from_utf8(text).map_err(|_| malformed())?;
    let mut files: Vec<TreeFile> = Vec::new();
    for entry in text.split_inclusive('\0') {
        let entry = entry.strip_suffix('\0').ok_or_else(malformed)?;
        let mut parts = entry.splitn(3, ' ');
        let (Some(digest), Some(size), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed());
        };
        check_path(path)?;
        if files.last().is_some_and(|last| last.path.as_str() >= path) {
            return Err(malformed());
        }
        files.push(TreeFile {
            path: path.to_owned(),
            size: size.parse().map_err(|_| malformed())?,
            digest: Digest::from_hex(digest).map_err(|_| malformed())?,
        });
    }
    Ok(files)
}

/// Refuses a path that is not plainly below its root.
pub(crate) fn check_path(path: &str) -> Result<(), BackupError> {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    if path.contains('\0') || !path.split('/').all(is_plain) {
        let reason = "its path does not stay below the content's folder";
        return Err(BackupError::Refused { path: PathBuf::from(path), reason });
    }
    debug_assert!(Path::new(path).components().all(|part| matches!(part, Component::Normal(_))));
    Ok(())
}

/// Refuses a content's name that is not a single plain folder name.
pub(crate) fn check_name(name: &str) -> Result<(), BackupError> {
    if name.contains('/') || check_path(name).is_err() {
        return Err(BackupError::Refused {
            path: PathBuf::from(name),
            reason: "a content's name is one plain folder name",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in ["", "/", "/etc/passwd", "..", "../a", "a/../../b", "a//b", "a/", "./a", "a/.", "a\0b"] {
            assert!(check_path(path).is_err(), "{path:?}");
        }
        for path in ["a", "a/b", "..a", "a..b/c", "new\nline", ".well-known/x"] {
            assert!(check_path(path).is_ok(), "{path:?}");
        }
        assert!(check_name("a/b").is_err());
    }

    proptest! {
        #[test]
        fn every_tree_reads_back(files in proptest::collection::btree_map("[^/\0]{1,3}(/[^/\0]{1,3}){0,2}", (any::<u64>(), any::<[u8; 32]>()), 0..9)) {
            let files: Vec<_> = files
                .into_iter()
                .filter(|(path, _)| check_path(path).is_ok())
                .map(|(path, (size, bytes))| TreeFile { path, size, digest: Digest::new(bytes) })
                .collect();
            let mut text = Vec::new();
            for file in &files {
                write_entry(&mut text, &file.path, file.size, &file.digest);
            }
            prop_assert_eq!(parse(&text, Path::new("pack")).unwrap(), files);
        }

        #[test]
        fn no_bytes_make_the_parser_panic(text: Vec<u8>) {
            let _ = parse(&text, Path::new("pack"));
        }
    }
}
