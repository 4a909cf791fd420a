//! What a monitor keeps, for those who look at it from another process.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::engine::Standing;
use crate::monitor::{KeepError, read_standing};
use crate::series::{Line, Series};

/// How things stand, read from a monitor's folder again and again; only what is new is read.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
    offsets: BTreeMap<PathBuf, u64>,
    /// What the engine knew when it was saved last.
    pub standing: Standing,
    /// The looks of the hours that are not sealed yet.
    pub series: Series,
}

impl Kept {
    /// Looks at a folder in which there may be nothing yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let (standing, series) = (Standing::default(), Series::default());
        Self { folder: folder.to_owned(), offsets: BTreeMap::new(), standing, series }
    }

    /// Reads what is new, and says whether anything is.
    ///
    /// # Errors
    /// When the standing is there and cannot be read.
    pub fn refresh(&mut self) -> Result<bool, KeepError> {
        let standing = read_standing(&self.folder)?.unwrap_or_default();
        let mut is_new = standing != self.standing;
        self.standing = standing;
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("looks-") && name.ends_with(".ndjson") {
                files.push(entry.path());
            }
        }
        let gone: Vec<PathBuf> = self.offsets.keys().filter(|path| !files.contains(path)).cloned().collect();
        for path in gone {
            // Its hour is sealed, and on record.
            self.offsets.remove(&path);
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if let Some(hour) = name.strip_prefix("looks-").and_then(|hour| hour.parse().ok()) {
                self.series.forget(hour);
            }
            is_new = true;
        }
        for path in files {
            is_new |= self.read_on(&path);
        }
        Ok(is_new)
    }

    /// Reads the whole lines that were added to a file.
    fn read_on(&mut self, path: &Path) -> bool {
        let offset = self.offsets.entry(path.to_owned()).or_default();
        let mut text = Vec::new();
        let read = File::open(path).and_then(|mut file| {
            file.seek(SeekFrom::Start(*offset))?;
            file.read_to_end(&mut text)
        });
        let Some(end) = text.iter().rposition(|byte| *byte == b'\n').filter(|_| read.is_ok()) else { return false };
        *offset += end as u64 + 1;
        for line in text[..=end].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            if let Ok(line) = serde_json::from_slice::<Line>(line) {
                self.series.add(&line);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_are_read_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = Kept::new(folder.path());
        assert!(!kept.refresh().unwrap());
        let path = folder.path().join("looks-1763740800000.ndjson");
        let line = |second: i64| {
            format!("[\"docs\",\"http://localhost/\",{},\"up\",20000,null,30.0]\n", 1_763_740_800_000 + second)
        };
        fs::write(&path, format!("{}{}", line(0), &line(30_000)[..20])).unwrap();
        assert!(kept.refresh().unwrap());
        assert_eq!(kept.series.since("docs", 0).count(), 1);
        assert!(!kept.refresh().unwrap());
        fs::write(&path, format!("{}{}", line(0), line(30_000))).unwrap();
        assert!(kept.refresh().unwrap());
        assert_eq!(kept.series.since("docs", 0).count(), 2);
        fs::remove_file(&path).unwrap();
        assert!(kept.refresh().unwrap());
        assert_eq!(kept.series.since("docs", 0).count(), 0);
    }
}
