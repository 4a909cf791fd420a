//! What was written to a file since the last look, through rotation and truncation, in bounded memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tokio::time::Instant;

/// A longer line is cut, in bytes.
const LONGEST_LINE: usize = 64 << 10;

/// What is new in a file.
#[derive(Debug, Default)]
pub(crate) struct New {
    /// Seconds since the last look; absent at the first, which only notes where the file ends.
    pub(crate) seconds: Option<f64>,
    /// Bytes that were left out, because there was more than may be read in one look.
    pub(crate) skipped: u64,
}

/// A place in a file that grows.
#[derive(Debug)]
pub(crate) struct Tail {
    path: PathBuf,
    most: u64,
    open: Option<Open>,
}

/// The file as it was, still open: what is renamed away can be read to its end.
#[derive(Debug)]
struct Open {
    file: File,
    id: (u64, u64),
    at: u64,
    looked: Instant,
}

impl Tail {
    /// Begins at the end of what is there at the first look; `most` bytes are read in one look at the most.
    pub(crate) fn of(path: &Path, most: u64) -> Self {
        Self { path: path.to_owned(), most, open: None }
    }

    /// Hands each whole new line to `line`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn read(&mut self, mut line: impl FnMut(&[u8])) -> io::Result<New> {
        let file = File::open(&self.path)?;
        let (stat, now) = (file.metadata()?, Instant::now());
        let id = (stat.dev(), stat.ino());
        let Some(before) = self.open.take() else {
            self.open = Some(Open { file, id, at: stat.len(), looked: now });
            return Ok(New::default());
        };
        let mut new = New { seconds: Some(now.duration_since(before.looked).as_secs_f64()), skipped: 0 };
        let mut left = self.most;
        let mut from = before.at;
        if before.id != id {
            let (_, skipped) =
                lines(&before.file, before.at, before.file.metadata()?.len(), &mut left, true, &mut line)?;
            new.skipped += skipped;
            from = 0;
        } else if stat.len() < from {
            from = 0;
        }
        let (at, skipped) = lines(&file, from, stat.len(), &mut left, false, &mut line)?;
        new.skipped += skipped;
        self.open = Some(Open { file, id, at, looked: now });
        Ok(new)
    }
}

/// Reads from one place to another, the newest part when it is too much. Returns where the next look begins, and how
/// much was left out. A line without an end is left for the next look, unless this is the last.
fn lines(
    mut file: &File,
    from: u64,
    to: u64,
    left: &mut u64,
    is_last: bool,
    line: &mut impl FnMut(&[u8]),
) -> io::Result<(u64, u64)> {
    let start = from.max(to.saturating_sub(*left));
    let skipped = start.saturating_sub(from);
    *left = left.saturating_sub(to.saturating_sub(start));
    file.seek(SeekFrom::Start(start))?;
    let mut reader = file.take(to.saturating_sub(start));
    let (mut part, mut kept, mut at, mut begun) = (vec![0; 64 << 10], Vec::new(), start, start);
    // What was skipped ends somewhere within a line.
    let mut is_whole = skipped == 0;
    loop {
        let count = reader.read(&mut part)?;
        if count == 0 {
            break;
        }
        for piece in part[..count].split_inclusive(|byte| *byte == b'\n') {
            at += piece.len() as u64;
            let (text, is_end) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
            kept.extend_from_slice(&text[..text.len().min(LONGEST_LINE - kept.len())]);
            if is_end {
                if is_whole {
                    line(&kept);
                }
                kept.clear();
                (is_whole, begun) = (true, at);
            }
        }
    }
    if is_last && is_whole && !kept.is_empty() {
        line(&kept);
    }
    // A line that is too long to wait for is given up.
    Ok((if at - begun > LONGEST_LINE as u64 { at } else { begun }, skipped))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn new(tail: &mut Tail) -> (Vec<String>, u64) {
        let mut seen = Vec::new();
        let new = tail.read(|line| seen.push(String::from_utf8_lossy(line).into_owned())).unwrap();
        (seen, new.skipped)
    }

    #[test]
    fn only_what_is_new_is_read_through_rotation_and_truncation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let append = |text: &str| {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        append("old\n");
        let mut tail = Tail::of(&path, 1000);
        assert_eq!(new(&mut tail), (vec![], 0), "what was there before is nobody's news");
        append("one\ntw");
        assert_eq!(new(&mut tail), (vec!["one".to_owned()], 0));
        append("o\n");
        assert_eq!(new(&mut tail).0, ["two"]);
        append("last of the old\n");
        std::fs::rename(&path, folder.path().join("log.1")).unwrap();
        append("first of the new\n");
        assert_eq!(new(&mut tail).0, ["last of the old", "first of the new"]);
        std::fs::write(&path, "cut\n").unwrap();
        assert_eq!(new(&mut tail).0, ["cut"]);
        append(&format!("{}\nlast\n", "x".repeat(2000)));
        assert_eq!(new(&mut tail), (vec!["last".to_owned()], 1006), "the newest part of too much");
        std::fs::remove_file(&path).unwrap();
        assert!(tail.read(|_| ()).is_err());
    }
}
