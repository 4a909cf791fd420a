//! A pack: many blobs in one file, written from front to back, with an index beside it.
//!
//! A pack gets its name after every blob in it was read back from the disk, and its index after that. So whatever an
//! index names was verified, and an index that is lost can be made again from its pack.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use charter_deploy_model::Digest;
use charter_host::durable::{self, Appender, TEMPORARY};
use rayon::prelude::*;
use rustix::fs::Advice;
use sha2::{Digest as _, Sha256};

use crate::BackupError;
use crate::blob::{BlobReader, Extent, PIECE};

/// On 52,000 pages of HTML level 3 takes 40 % longer than this and saves 3 % of the space.
pub(crate) const LEVEL: i32 = 1;

/// A pack that has grown to this many bytes is finished.
const PACK: u64 = 64 << 20;

/// So many bytes are gathered before they are appended and synced.
const GATHERED: usize = 16 << 20;

const INDEX_HEADER: &str = "charter-index/1";

/// No line of an index is longer: a digest and three numbers, in bytes.
const LONGEST_LINE: u64 = 128;

/// No pack has more blobs: the smallest frame takes nine bytes, and a pack of [`PACK`] bytes is finished.
const MOST_BLOBS: usize = 8 << 20;

/// Appends blobs to packs, one pack after the other.
pub(crate) struct PackWriter<'a> {
    packs: &'a Path,
    open: Option<OpenPack>,
    written: HashSet<Digest>,
    added_bytes: u64,
}

/// The pack that is being written, under a temporary name.
struct OpenPack {
    temporary: PathBuf,
    appender: Appender,
    gathered: Vec<u8>,
    hasher: Sha256,
    length: u64,
    entries: Vec<(Digest, Extent)>,
}

impl<'a> PackWriter<'a> {
    /// Begins to write in the folder of packs, whose lock the caller holds.
    pub(crate) fn new(packs: &'a Path) -> Self {
        Self { packs, open: None, written: HashSet::new(), added_bytes: 0 }
    }

    /// Says whether this writer has taken that blob.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.written.contains(digest)
    }

    /// Adds a blob that is compressed already.
    pub(crate) fn add(&mut self, digest: Digest, size: u64, frame: &[u8]) -> Result<(), BackupError> {
        let open = self.open()?;
        let offset = open.length;
        open.append(frame)?;
        self.added(digest, offset, size)
    }

    /// Adds a blob that is read, hashed and compressed piece by piece; returns what it turned out to be.
    pub(crate) fn add_stream(&mut self, path: &Path, mut source: impl Read) -> Result<(Digest, u64), BackupError> {
        let open = self.open()?;
        let offset = open.length;
        let in_memory = |source| BackupError::Read { path: path.to_owned(), source };
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), LEVEL).map_err(in_memory)?;
        let (mut hasher, mut size, mut piece) = (Sha256::new(), 0_u64, vec![0; PIECE]);
        loop {
            let length = source.read(&mut piece).map_err(in_memory)?;
            if length == 0 {
                break;
            }
            hasher.update(&piece[..length]);
            size += length as u64;
            encoder.write_all(&piece[..length]).map_err(in_memory)?;
            open.append(encoder.get_ref())?;
            encoder.get_mut().clear();
        }
        open.append(&encoder.finish().map_err(in_memory)?)?;
        let digest = Digest::new(hasher.finalize().into());
        self.added(digest, offset, size)?;
        Ok((digest, size))
    }

    /// Finishes the last pack and returns how many bytes were added to the repository.
    pub(crate) fn finish(mut self) -> Result<u64, BackupError> {
        self.close()?;
        Ok(self.added_bytes)
    }

    fn open(&mut self) -> Result<&mut OpenPack, BackupError> {
        if self.open.is_none() {
            let temporary = self.packs.join(format!("{TEMPORARY}pack"));
            let appender = Appender::open(&temporary)?;
            let (gathered, entries) = (Vec::with_capacity(GATHERED), Vec::new());
            self.open = Some(OpenPack { temporary, appender, gathered, hasher: Sha256::new(), length: 0, entries });
        }
        Ok(self.open.as_mut().expect("it was opened a line ago"))
    }

    fn added(&mut self, digest: Digest, offset: u64, size: u64) -> Result<(), BackupError> {
        self.written.insert(digest);
        let open = self.open()?;
        open.entries.push((digest, Extent { offset, stored: open.length - offset, size }));
        if open.length >= PACK { self.close() } else { Ok(()) }
    }

    fn close(&mut self) -> Result<(), BackupError> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        open.sync()?;
        open.read_back()?;
        let path = self.packs.join(format!("{}.pack", Digest::new(open.hasher.finalize_reset().into()).hex()));
        // One of that name has lost its index or its end, or else its blobs would not have been written again.
        if path.exists() {
            durable::remove_file(&path)?;
        }
        durable::rename(&open.temporary, &path)?;
        self.added_bytes += open.length + publish_index(&path, &open.entries)?;
        Ok(())
    }
}

impl OpenPack {
    fn append(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHERED { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> Result<(), BackupError> {
        self.appender.append(&self.gathered)?;
        self.gathered.clear();
        Ok(())
    }

    /// Reads every blob from the disk, not from what the kernel still remembers of writing it.
    fn read_back(&self) -> Result<(), BackupError> {
        let file = File::open(&self.temporary).map_err(BackupError::read(&self.temporary))?;
        // Only advice: where it is not taken, the bytes that were synced are read from memory.
        let _ = rustix::fs::fadvise(&file, 0, None, Advice::DontNeed);
        self.entries.par_iter().try_for_each_init(BlobReader::new, |reader, (digest, extent)| {
            reader.read(&self.temporary, *extent, digest, |_| Ok(()))
        })
    }
}

impl Drop for OpenPack {
    /// Frees the space at once, which matters most when the disk is full; a finished pack has another name by now.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Writes the index of a pack and returns its length in bytes.
pub(crate) fn publish_index(pack: &Path, entries: &[(Digest, Extent)]) -> Result<u64, BackupError> {
    let path = pack.with_extension("index");
    let compressed = compress_checked(&index_text(entries)).map_err(BackupError::read(&path))?;
    durable::replace(&path, &compressed)?;
    Ok(compressed.len() as u64)
}

pub(crate) fn index_text(entries: &[(Digest, Extent)]) -> Vec<u8> {
    let mut text = format!("{INDEX_HEADER}\n").into_bytes();
    for (digest, Extent { offset, stored, size }) in entries {
        text.extend_from_slice(digest.hex().as_bytes());
        text.extend_from_slice(format!(" {offset} {stored} {size}\n").as_bytes());
    }
    text
}

fn compress_checked(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
    compressor.set_parameter(zstd::zstd_safe::CParameter::ChecksumFlag(true))?;
    compressor.compress(text)
}

/// Reads the index of a pack; one that is lost or damaged is no index.
pub(crate) fn read_index(pack: &Path) -> Option<Vec<(Digest, Extent)>> {
    expand_index(File::open(pack.with_extension("index")).ok()?)
}

pub(crate) fn expand_index(compressed: impl Read) -> Option<Vec<(Digest, Extent)>> {
    let decoder = zstd::stream::read::Decoder::new(compressed).ok()?;
    parse_index(BufReader::with_capacity(PIECE, decoder))
}

/// Reads the lines of an index one by one: a small file may expand to more than there is memory.
pub(crate) fn parse_index(mut source: impl BufRead) -> Option<Vec<(Digest, Extent)>> {
    let (mut entries, mut line) = (Vec::new(), String::new());
    if read_line(&mut source, &mut line)? != Some(INDEX_HEADER) {
        return None;
    }
    while let Some(line) = read_line(&mut source, &mut line)? {
        if entries.len() == MOST_BLOBS {
            return None;
        }
        entries.push(index_line(line)?);
    }
    Some(entries)
}

/// Returns the next line, or that there is none; nothing at all when it cannot be one of an index.
fn read_line<'a>(source: &mut impl BufRead, line: &'a mut String) -> Option<Option<&'a str>> {
    line.clear();
    source.by_ref().take(LONGEST_LINE).read_line(line).ok()?;
    if line.is_empty() { Some(None) } else { line.strip_suffix('\n').map(Some) }
}

fn index_line(line: &str) -> Option<(Digest, Extent)> {
    let mut parts = line.split(' ');
    let digest = Digest::from_hex(parts.next()?).ok()?;
    let mut number = || parts.next()?.parse().ok();
    let extent = Extent { offset: number()?, stored: number()?, size: number()? };
    parts.next().is_none().then_some((digest, extent))
}

/// Finds the blobs of a pack without its index, by reading it as far as it makes sense.
pub(crate) fn scan(pack: &Path) -> Vec<(Digest, Extent)> {
    File::open(pack).map_or_else(|_| Vec::new(), |file| scan_all(BufReader::with_capacity(PIECE, file)))
}

pub(crate) fn scan_all(source: impl BufRead) -> Vec<(Digest, Extent)> {
    let mut entries = Vec::new();
    let mut source = Counted { source, consumed: 0 };
    let mut piece = vec![0; PIECE];
    while source.fill_buf().is_ok_and(|rest| !rest.is_empty()) {
        let offset = source.consumed;
        let Some((digest, size)) = hash_frame(&mut source, &mut piece) else { break };
        entries.push((digest, Extent { offset, stored: source.consumed - offset, size }));
    }
    entries
}

fn hash_frame(source: &mut impl BufRead, piece: &mut [u8]) -> Option<(Digest, u64)> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(source).ok()?.single_frame();
    let (mut hasher, mut size) = (Sha256::new(), 0_u64);
    loop {
        let length = decoder.read(piece).ok()?;
        if length == 0 {
            return Some((Digest::new(hasher.finalize().into()), size));
        }
        hasher.update(&piece[..length]);
        size += length as u64;
    }
}

/// Counts what was taken from a reader.
struct Counted<R> {
    source: R,
    consumed: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        self.consumed += length as u64;
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.source.consume(amount);
        self.consumed += amount as u64;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_without_an_end_is_no_index() {
        assert_eq!(parse_index(BufReader::new(io::repeat(b'0'))), None);
        let header = format!("{INDEX_HEADER}\n");
        assert_eq!(parse_index(BufReader::new(header.as_bytes().chain(io::repeat(b'0')))), None);
    }

    #[test]
    fn an_index_that_was_cut_short_is_none() {
        let entries = [(Digest::new([7; 32]), Extent { offset: 0, stored: 9, size: 3 })];
        let text = index_text(&entries);
        assert_eq!(parse_index(&text[..]), Some(entries.to_vec()));
        for end in 0..text.len() {
            assert_ne!(parse_index(&text[..end]), Some(entries.to_vec()), "of {end} bytes");
        }
    }

    proptest! {
        #[test]
        fn every_index_reads_back(entries in prop::collection::vec((any::<[u8; 32]>(), any::<[u64; 3]>()), 0..9)) {
            let entries: Vec<_> = entries
                .into_iter()
                .map(|(bytes, [offset, stored, size])| (Digest::new(bytes), Extent { offset, stored, size }))
                .collect();
            prop_assert_eq!(parse_index(&*index_text(&entries)), Some(entries));
        }

        #[test]
        fn no_bytes_make_the_parsers_panic(bytes: Vec<u8>) {
            let _ = (parse_index(&*bytes), expand_index(&*bytes), scan_all(&*bytes));
        }
    }
}
