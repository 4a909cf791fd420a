//! One blob: a zstd frame somewhere in a pack, named by the SHA-256 of what it holds.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use charter_deploy_model::Digest;
use sha2::{Digest as _, Sha256};
use zstd::bulk::Decompressor;

use crate::BackupError;

/// From this size on, in bytes, a blob goes through in pieces instead of being held in memory.
pub(crate) const LARGE: u64 = 8 << 20;

/// The size of those pieces, in bytes.
pub(crate) const PIECE: usize = 1 << 20;

/// Where a blob lies in its pack, all in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) offset: u64,
    pub(crate) stored: u64,
    pub(crate) size: u64,
}

impl Extent {
    /// Returns the first byte behind it, unless it lies beyond any file.
    pub(crate) fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.stored)
    }
}

pub(crate) fn digest_of(bytes: &[u8]) -> Digest {
    Digest::new(Sha256::digest(bytes).into())
}

/// Reads blobs, and keeps what can be used again for the next one: the pack that is open, and the buffers.
pub(crate) struct BlobReader {
    open: Option<(PathBuf, File)>,
    decompressor: Decompressor<'static>,
    stored: Vec<u8>,
    raw: Vec<u8>,
}

impl BlobReader {
    pub(crate) fn new() -> Self {
        let decompressor = Decompressor::new().expect("without a dictionary there is nothing to refuse");
        Self { open: None, decompressor, stored: Vec::new(), raw: Vec::new() }
    }

    /// Hands a blob's bytes to `take`: at once and checked when it is small, in pieces and checked at the end when not.
    pub(crate) fn read(
        &mut self,
        pack: &Path,
        extent: Extent,
        digest: &Digest,
        mut take: impl FnMut(&[u8]) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        if self.open.as_ref().is_none_or(|(path, _)| path != pack) {
            self.open = Some((pack.to_owned(), File::open(pack).map_err(BackupError::read(pack))?));
        }
        let Some((_, file)) = &self.open else { return Ok(()) };
        let damaged = |what: &str| BackupError::Damaged {
            path: pack.to_owned(),
            fault: format!("the blob {digest} at byte {} {what}", extent.offset),
        };
        let unreadable = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged("is cut short"),
            _ => BackupError::Read { path: pack.to_owned(), source: error },
        };

        if extent.size >= LARGE {
            let slice = Slice { file, at: extent.offset, left: extent.stored };
            let mut decoder = zstd::stream::read::Decoder::new(slice).map_err(unreadable)?.single_frame();
            let (mut hasher, mut size) = (Sha256::new(), 0_u64);
            self.raw.resize(PIECE, 0);
            loop {
                let length = decoder.read(&mut self.raw).map_err(|_| damaged("does not decompress"))?;
                if length == 0 {
                    break;
                }
                size += length as u64;
                // Before any more of what a small frame may expand to fills the disk.
                if size > extent.size {
                    return Err(damaged("holds something else"));
                }
                hasher.update(&self.raw[..length]);
                take(&self.raw[..length])?;
            }
            return if size == extent.size && hasher.finalize()[..] == digest.as_bytes()[..] {
                Ok(())
            } else {
                Err(damaged("holds something else"))
            };
        }

        let (stored, size) = (small(extent.stored), small(extent.size));
        let (Some(stored), Some(size)) = (stored, size) else { return Err(damaged("has an impossible size")) };
        self.stored.resize(stored, 0);
        file.read_exact_at(&mut self.stored, extent.offset).map_err(unreadable)?;
        self.raw.clear();
        self.raw.reserve(size);
        let length = self.decompressor.decompress_to_buffer(&self.stored, &mut self.raw);
        match length {
            Err(_) => Err(damaged("does not decompress")),
            Ok(length) if length != size || digest_of(&self.raw) != *digest => Err(damaged("holds something else")),
            Ok(_) => take(&self.raw),
        }
    }
}

/// Returns a length that fits in memory; compression never doubles what it is given.
fn small(length: u64) -> Option<usize> {
    usize::try_from(length).ok().filter(|_| length <= 2 * LARGE)
}

/// A part of a file, read without moving anybody's position in it.
struct Slice<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Slice<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let length = self.file.read_at(&mut buffer[..wanted], self.at)?;
        self.at += length as u64;
        self.left -= length as u64;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_expands_to_more_than_is_said_is_left_early() {
        let folder = tempfile::tempdir().unwrap();
        let pack = folder.path().join("a.pack");
        let zeros = vec![0; 32 << 20];
        let frame = zstd::encode_all(&*zeros, 1).unwrap();
        std::fs::write(&pack, &frame).unwrap();
        let extent = Extent { offset: 0, stored: frame.len() as u64, size: LARGE };
        let mut taken = 0;
        let error = BlobReader::new().read(&pack, extent, &digest_of(&zeros), |piece| {
            taken += piece.len();
            Ok(())
        });
        assert!(matches!(error, Err(BackupError::Damaged { .. })), "{error:?}");
        assert!(taken as u64 <= LARGE, "{taken} bytes were handed on");
    }
}
