//! A list of files as a file: what the cache and the targets' manifests are written in.
//!
//! ```text
//! charter-listing/1
//! <header: one line that belongs to the owner of the list>
//! <digest> <size> <mtime> <ctime> <inode> <path> NUL
//! …
//! <SHA-256 of everything before it>
//! ```
//!
//! Digests are 64 hexadecimal digits, times nanoseconds since 1970. An entry ends with NUL and LF, since a path may
//! hold anything but NUL. Entries are sorted by path. Tens of thousands of entries load in tens of milliseconds, and
//! a list that was cut or altered is not read at all.

use charter_deploy_model::Digest;
use sha2::{Digest as _, Sha256};

use crate::{ArtifactFile, FileStat};

const FIRST_LINE: &str = "charter-listing/1\n";
const END_OF_ENTRY: &str = "\0\n";

/// Writes a list; `header` is one line without its end.
#[must_use]
pub fn encode(header: &str, files: &[ArtifactFile]) -> Vec<u8> {
    debug_assert!(!header.contains('\n'), "a header is one line");
    let mut list = Vec::with_capacity(256 + files.len() * 200);
    list.extend_from_slice(FIRST_LINE.as_bytes());
    list.extend_from_slice(header.as_bytes());
    list.push(b'\n');
    for ArtifactFile { path, size, digest, stat } in files {
        list.extend_from_slice(&digest.hex_digits());
        for number in [i128::from(*size), stat.mtime_ns.into(), stat.ctime_ns.into(), stat.inode.into()] {
            list.push(b' ');
            list.extend_from_slice(number.to_string().as_bytes());
        }
        list.push(b' ');
        list.extend_from_slice(path.as_bytes());
        list.extend_from_slice(END_OF_ENTRY.as_bytes());
    }
    let sum = checksum(&list);
    list.extend_from_slice(sum.as_bytes());
    list.push(b'\n');
    list
}

/// Reads a list: its header and its files. Nothing, when it is not exactly as it was written.
///
/// Every path it returns stays below the folder that it is joined to.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<(&str, Vec<ArtifactFile>)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (body, sum) = text.split_at_checked(text.len().checked_sub(65)?)?;
    if sum.strip_suffix('\n')? != checksum(body.as_bytes()) {
        return None;
    }
    let (header, entries) = body.strip_prefix(FIRST_LINE)?.split_once('\n')?;
    let files: Vec<ArtifactFile> = match entries.strip_suffix(END_OF_ENTRY) {
        None if entries.is_empty() => Vec::new(),
        None => return None,
        // A path holds no NUL, so that the line's end needs no looking for.
        Some(entries) => entries.split('\0').enumerate().map(entry).collect::<Option<_>>()?,
    };
    files.is_sorted_by(|a, b| a.path < b.path).then_some((header, files))
}

/// Returns the header of a list of which only the beginning was read; the list itself is not checked.
#[must_use]
pub fn header(beginning: &[u8]) -> Option<&str> {
    let rest = beginning.strip_prefix(FIRST_LINE.as_bytes())?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    std::str::from_utf8(&rest[..end]).ok()
}

fn entry((index, text): (usize, &str)) -> Option<ArtifactFile> {
    let text = if index == 0 { text } else { text.strip_prefix('\n')? };
    let mut parts = text.splitn(6, ' ');
    let digest = Digest::from_hex(parts.next()?).ok()?;
    let size = parts.next()?.parse().ok()?;
    let stat = FileStat {
        mtime_ns: parts.next()?.parse().ok()?,
        ctime_ns: parts.next()?.parse().ok()?,
        inode: parts.next()?.parse().ok()?,
    };
    let path = parts.next().filter(|path| stays_below(path))?.to_owned();
    Some(ArtifactFile { path, size, digest, stat })
}

/// Says whether a path, joined to a folder, names something below that folder.
fn stays_below(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn checksum(bytes: &[u8]) -> String {
    Digest::new(Sha256::digest(bytes).into()).hex()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(path: &str) -> ArtifactFile {
        let stat = FileStat { mtime_ns: -5, ctime_ns: 7, inode: 9 };
        ArtifactFile { path: path.to_owned(), size: 3, digest: Digest::new([7; 32]), stat }
    }

    #[test]
    fn a_list_whose_paths_leave_the_folder_is_refused() {
        for path in ["../a", "a/../../b", "/etc/passwd", "", "a//b", "./a"] {
            assert!(decode(&encode("", &[file(path)])).is_none(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn lists_round_trip(header in "[^\n]{0,40}", names in prop::collection::btree_set("[^/\0.]{1,20}(/[^/\0.]{1,9})?", 0..20)) {
            let files: Vec<ArtifactFile> = names.iter().map(|name| file(name)).collect();
            let bytes = encode(&header, &files);
            prop_assert_eq!(decode(&bytes), Some((header.as_str(), files)));
            prop_assert_eq!(super::header(&bytes), Some(header.as_str()));
        }

        #[test]
        fn a_list_that_was_cut_or_altered_is_not_read(position: prop::sample::Index, bit in 0..8_u8, cut: bool) {
            let mut bytes = encode("header", &[file("a"), file("b c\n")]);
            let index = position.index(bytes.len());
            if cut { bytes.truncate(index) } else { bytes[index] ^= 1 << bit }
            prop_assert_eq!(decode(&bytes), None);
        }
    }
}
