//! Records that are kept compressed: `<path>.zst` in place of `<path>`.
//!
//! The log's digest stays that of the record's own bytes, so an archived record is verified as any other, and readers
//! see no difference.

use std::io::{self, Read};
use std::sync::Arc;

use charter_host::Scope;
use zstd::stream::read::Decoder;

use crate::blocking::blocking;
use crate::digest::digest_of;
use crate::log::Line;
use crate::path::check_record_path;
use crate::store::checked;
use crate::{Backend, BackendError, PutMode, Store, StoreError};

/// On a deployment's record level 19 takes 25 times as long as this and saves 2 % of the space.
const LEVEL: i32 = 9;

/// No record of more bytes is compressed, or decompressed, whatever the log says of its length.
const LARGEST: u64 = 256 << 20;

/// The largest window, as a power of two, that a frame of [`LEVEL`] asks for; a forged one may ask for gigabytes.
const WINDOW: u32 = 23;

/// What compressing a record came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// The record.
    pub path: String,
    /// Its own size, in bytes.
    pub bytes: u64,
    /// The size of its compressed form, in bytes.
    pub stored_bytes: u64,
}

impl Store {
    /// Compresses records, and returns what came of each.
    ///
    /// One whose name or content is too long for that stays as it is. The compressed form is read back and compared
    /// with the log before a record's own file goes, so that a crash at any instant leaves at least one of the two.
    /// Doing it twice is doing it once.
    ///
    /// # Errors
    /// Those of [`Store::read`], for the first record that is not what was recorded; those before it may be done.
    pub async fn archive(&self, paths: &[String], scope: &Scope) -> Result<Vec<Archived>, StoreError> {
        let lines = self.lines_of(paths).await?;
        let work = |backend: Arc<dyn Backend>, line: Line| async move { archive_one(&*backend, &line).await };
        self.each(lines, work, "records compressed", scope).await?.into_iter().collect()
    }

    /// Returns what compressing records would come to, and writes nothing.
    ///
    /// # Errors
    /// Those of [`Store::archive`].
    pub async fn archived_sizes(&self, paths: &[String], scope: &Scope) -> Result<Vec<Archived>, StoreError> {
        let measure = |line: &Line, bytes| {
            let bytes = checked(line, bytes)?;
            Ok(archived(line, compress(&bytes).map_err(cannot_compress)?.len()))
        };
        let lines = self.lines_of(paths).await?;
        self.read_many(lines, measure, "records measured", scope).await?.into_iter().collect()
    }

    /// Returns the line of a record.
    pub(crate) async fn line_of(&self, path: &str) -> Result<Line, StoreError> {
        check_record_path(path)?;
        let unknown = || StoreError::Unknown { path: path.to_owned() };
        self.refreshed().await?.find(path).cloned().ok_or_else(unknown)
    }

    async fn lines_of(&self, paths: &[String]) -> Result<Vec<Line>, StoreError> {
        let log = self.refreshed().await?;
        paths
            .iter()
            .map(|path| log.find(path).cloned().ok_or_else(|| StoreError::Unknown { path: path.clone() }))
            .collect()
    }
}

fn archived(line: &Line, stored: usize) -> Archived {
    Archived { path: line.path.to_string(), bytes: line.length, stored_bytes: stored as u64 }
}

fn cannot_compress(source: io::Error) -> StoreError {
    BackendError::Other { doing: "compress a record", source: source.into() }.into()
}

async fn archive_one(backend: &dyn Backend, line: &Line) -> Result<Archived, StoreError> {
    let bytes = checked(line, fetch(backend, line).await)?;
    let Some(key) = line.archive_key().filter(|_| line.length <= LARGEST) else {
        return Ok(archived(line, bytes.len()));
    };
    let frame = blocking(move || compress(&bytes)).await.map_err(cannot_compress)?;
    let size = frame.len();
    match backend.put(&key, &frame, PutMode::Create).await {
        Ok(()) => {}
        Err(BackendError::AlreadyExists { .. }) => {
            let present = backend.get(&key).await?;
            if checked(line, Ok(expanded(&present, line))).is_err() {
                backend.put(&key, &frame, PutMode::Replace(digest_of(&present))).await?;
            }
        }
        Err(error) => return Err(error.into()),
    }
    let present = backend.get(&key).await?;
    checked(line, Ok(expanded(&present, line)))?;
    backend.remove(&line.key()).await?;
    Ok(archived(line, size))
}

/// Gets the bytes of a record, compressed or not. They are still to be compared with its line.
pub(crate) async fn fetch(backend: &dyn Backend, line: &Line) -> Result<Vec<u8>, BackendError> {
    find(backend, line).await.map(|found| found.bytes)
}

/// A record's bytes as they were found.
pub(crate) struct Found {
    pub(crate) bytes: Vec<u8>,
    /// The size of its compressed form, in bytes, when that is what there is.
    pub(crate) archived: Option<u64>,
}

/// Gets the bytes of a record, and how they are kept.
pub(crate) async fn find(backend: &dyn Backend, line: &Line) -> Result<Found, BackendError> {
    let gone = match backend.get(&line.key()).await {
        Ok(bytes) => return Ok(Found { bytes, archived: None }),
        Err(gone @ BackendError::NotFound { .. }) => gone,
        Err(error) => return Err(error),
    };
    let Some(key) = line.archive_key() else { return Err(gone) };
    match backend.get(&key).await {
        Ok(frame) => {
            let (line, stored) = (line.clone(), frame.len() as u64);
            let bytes = blocking(move || expanded(&frame, &line)).await;
            Ok(Found { bytes, archived: Some(stored) })
        }
        Err(BackendError::NotFound { .. }) => Err(gone),
        Err(error) => Err(error),
    }
}

/// Returns what a record's compressed form holds; when it is no such thing, the form itself, which then is not what
/// was recorded.
pub(crate) fn expanded(frame: &[u8], line: &Line) -> Vec<u8> {
    decompress(frame, line.length).unwrap_or_else(|_| frame.to_vec())
}

fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    compressor.set_parameter(zstd::zstd_safe::CParameter::ChecksumFlag(true))?;
    compressor.compress(bytes)
}

/// Decompresses one frame with nothing behind it, of exactly `length` bytes.
fn decompress(frame: &[u8], length: u64) -> io::Result<Vec<u8>> {
    let wrong = || io::Error::from(io::ErrorKind::InvalidData);
    if length > LARGEST {
        return Err(wrong());
    }
    let mut decoder = Decoder::with_buffer(frame)?.single_frame();
    decoder.window_log_max(WINDOW)?;
    // It grows with what there is, not with what the log claims.
    let mut bytes = Vec::new();
    decoder.by_ref().take(length + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length || !decoder.finish().is_empty() {
        return Err(wrong());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_frame_that_grows_beyond_what_was_logged_is_not_read_to_its_end() {
        let bomb = compress(&vec![b' '; 64 << 20]).unwrap();
        assert!(bomb.len() < 1 << 16);
        assert!(decompress(&bomb, 1000).is_err());
        assert!(decompress(&bomb, u64::MAX).is_err());
    }

    #[test]
    fn a_frame_with_something_behind_it_is_refused() {
        let frame = compress(b"text").unwrap();
        assert_eq!(decompress(&frame, 4).unwrap(), b"text");
        assert!(decompress(&[frame.as_slice(), b"x"].concat(), 4).is_err());
        assert!(decompress(&[frame.as_slice(), &frame].concat(), 4).is_err());
        assert!(decompress(&frame, 3).is_err());
        assert!(decompress(&frame, 5).is_err());
    }

    proptest! {
        #[test]
        fn every_text_reads_back(bytes: Vec<u8>) {
            prop_assert_eq!(decompress(&compress(&bytes).unwrap(), bytes.len() as u64).unwrap(), bytes);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, length: u64) {
            let _ = decompress(&bytes, length);
        }
    }
}
