//! OSV's `all.zip` of one ecosystem, as osv-scanner keeps it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use charter_host::Scope;
use jiff::Timestamp;
use rayon::prelude::*;
use zip::ZipArchive;

use super::{Database, SIZE_LIMIT, Wanted, osv};

/// An archive of more files is not read.
const FILE_LIMIT: usize = 1_000_000;
/// So many files are read one after another.
const CHUNK: usize = 4096;

/// Reads all advisories of an archive, on all cores.
///
/// # Errors
/// When it is no archive, as the end of a sentence that begins with its name.
pub(super) fn read(path: &Path, wanted: &Wanted, scope: &Scope) -> Result<Database, String> {
    let file = File::open(path).map_err(|error| format!("could not be opened: {error}"))?;
    let metadata = file.metadata().map_err(|error| format!("could not be opened: {error}"))?;
    let changed = metadata.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
    let shared = Positioned { file: Arc::new(file), length: metadata.len(), at: 0 };
    let archive =
        ZipArchive::new(io::BufReader::new(shared.clone())).map_err(|error| format!("is no archive: {error}"))?;
    let count = archive.len();
    if count > FILE_LIMIT {
        return Err(format!("holds more than {FILE_LIMIT} files"));
    }
    drop(archive);
    let chunks: Vec<usize> = (0..count).step_by(CHUNK).collect();
    let open = || ZipArchive::new(io::BufReader::new(shared.clone()));
    let database = chunks
        .into_par_iter()
        .map_init(open, |archive, begin| {
            let mut database = Database::default();
            let mut content = Vec::new();
            for number in begin..(begin + CHUNK).min(count) {
                if scope.cancel.is_cancelled() {
                    break;
                }
                let Ok(archive) = archive.as_mut() else { break };
                match entry(archive, number, &mut content) {
                    Ok(None) => {}
                    Ok(Some(name)) => database.take(&name, osv::read(&content), wanted),
                    Err((name, what)) => database.take(&name, Err(what), wanted),
                }
            }
            database
        })
        .reduce(Database::default, Database::join);
    // An archive is written anew only when something changed, and its advisories can be older than it is.
    Ok(Database { as_of: database.as_of.max(changed), ..database })
}

type Archive = ZipArchive<io::BufReader<Positioned>>;

/// Reads one file of an archive and returns its name; nothing for a folder.
fn entry(archive: &mut Archive, number: usize, content: &mut Vec<u8>) -> Result<Option<String>, (String, String)> {
    let file =
        archive.by_index(number).map_err(|error| (format!("file {number}"), format!("cannot be read: {error}")))?;
    if file.is_dir() {
        return Ok(None);
    }
    let name = file.name().map_or_else(|_| format!("file {number}"), |name| name.into_owned());
    content.clear();
    // What it says of its size may be a lie.
    match file.take(SIZE_LIMIT + 1).read_to_end(content) {
        Ok(_) if content.len() as u64 > SIZE_LIMIT => Err((name, format!("is larger than {} MiB", SIZE_LIMIT >> 20))),
        Ok(_) => Ok(Some(name)),
        Err(error) => Err((name, format!("cannot be read: {error}"))),
    }
}

/// A file that many read at once, each at a place of its own.
#[derive(Clone)]
struct Positioned {
    file: Arc<File>,
    length: u64,
    at: u64,
}

impl Read for Positioned {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Positioned {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
