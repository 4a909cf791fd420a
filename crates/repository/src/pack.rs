//! Writing new objects: as many threads as there are make them, one pack file holds them all.
//!
//! Tens of thousands of new files would be tens of thousands of loose objects, each with a sync of its own. Here each
//! is deflated by the thread that read it and appended to one file, which is synced once; a second file, the index,
//! says where each object is. Both formats are git's `gitformat-pack(5)`, version 2, without
//! deltas.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use charter_host::durable::{self, DurableError, Tree};
use flate2::{Compress, Compression, FlushCompress, Status};
use sha1::{Digest as _, Sha1};

use crate::objects::{ObjectId, ObjectKind};
use crate::{Repository, RepositoryError};

/// What deflating costs rises much faster from here on than what it saves.
const LEVEL: u32 = 3;

/// Content is held in memory up to this size, in bytes; what is larger passes through in parts.
const WHOLE: u64 = 4 << 20;

/// The size of a part, in bytes.
const PART: usize = 256 << 10;

/// New objects on their way into a repository: none of them is there until [`ObjectWriter::finish`].
///
/// What is dropped unfinished leaves nothing behind; what is killed leaves a folder in `work` that
/// [`durable::sweep`] removes.
pub struct ObjectWriter {
    repository: Repository,
    folder: Tree,
    pack: Mutex<Pack>,
}

impl fmt::Debug for ObjectWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectWriter").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The pack file that is being written.
struct Pack {
    file: BufWriter<File>,
    length: u64,
    entries: Vec<Entry>,
    known: HashSet<ObjectId>,
}

/// Where an object stands in the pack.
struct Entry {
    id: ObjectId,
    crc: u32,
    offset: u64,
}

/// One thread's way to an [`ObjectWriter`].
pub struct ObjectHand<'a> {
    writer: &'a ObjectWriter,
    repository: git2::Repository,
    deflate: Compress,
    deflated: Vec<u8>,
}

impl fmt::Debug for ObjectHand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectHand").finish_non_exhaustive()
    }
}

/// What became of an object that was to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Its id.
    pub id: ObjectId,
    /// Whether the repository did not have it yet.
    pub new: bool,
}

impl Repository {
    /// Begins to write objects; `work` is a folder on the file system of the repository, for temporary files.
    ///
    /// # Errors
    /// When the temporary files cannot be made.
    pub fn write_objects(&self, work: &Path) -> Result<ObjectWriter, RepositoryError> {
        let begun = (|| {
            durable::make_folder(work)?;
            let folder = Tree::begin(&work.join("objects"))?;
            let path = folder.folder().join("pack");
            let failed = |source| DurableError { doing: "create", path: path.clone(), source };
            let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).map_err(failed)?;
            let mut file = BufWriter::with_capacity(1 << 20, file);
            file.write_all(&header(0)).map_err(failed)?;
            Ok::<_, DurableError>((folder, file))
        })();
        let (folder, file) = begun.map_err(failed)?;
        let pack = Pack { file, length: HEADER, entries: Vec::new(), known: HashSet::new() };
        Ok(ObjectWriter { repository: self.clone(), folder, pack: Mutex::new(pack) })
    }
}

fn failed(error: DurableError) -> RepositoryError {
    RepositoryError::Durable { source: error }
}

/// The length of a pack's header, in bytes.
const HEADER: u64 = 12;

/// Returns a pack's header: its name, its version, the number of its objects.
fn header(count: u32) -> [u8; 12] {
    let mut header = *b"PACK\0\0\0\x02\0\0\0\0";
    header[8..].copy_from_slice(&count.to_be_bytes());
    header
}

impl ObjectWriter {
    /// Returns a way to write for one thread.
    ///
    /// # Errors
    /// When the repository cannot be opened.
    pub fn hand(&self) -> Result<ObjectHand<'_>, RepositoryError> {
        let repository = self.repository.open()?;
        let deflate = Compress::new(Compression::new(LEVEL), true);
        Ok(ObjectHand { writer: self, repository, deflate, deflated: Vec::new() })
    }

    fn pack(&self) -> MutexGuard<'_, Pack> {
        self.pack.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Makes the objects part of the repository; they are on disk when this returns. Without new objects nothing is
    /// written.
    ///
    /// Nothing keeps git from removing them again until a reference leads to them; it does so after two weeks.
    ///
    /// # Errors
    /// When a step fails; then the repository knows none of them.
    pub fn finish(self) -> Result<usize, RepositoryError> {
        let pack = self.pack.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if pack.entries.is_empty() {
            return Ok(0);
        }
        let count = pack.entries.len();
        seal(pack, self.folder.folder())
            .and_then(|(pack, name)| publish(pack, &name, &self.folder, &self.repository))
            .map_err(failed)?;
        Ok(count)
    }
}

/// Puts header and checksum right and syncs the pack; returns its index and its name.
fn seal(mut pack: Pack, folder: &Path) -> Result<(Vec<u8>, String), DurableError> {
    let path = folder.join("pack");
    let failed = |source| DurableError { doing: "write", path: path.clone(), source };
    pack.entries.sort_unstable_by_key(|entry| entry.id);
    let count = u32::try_from(pack.entries.len()).map_err(|error| failed(io::Error::other(error)))?;
    let mut file = pack.file.into_inner().map_err(|error| failed(error.into_error()))?;
    file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&header(count))).map_err(failed)?;
    // The kernel writes the file to disk while its checksum is computed.
    let (hashed, synced) = std::thread::scope(|scope| {
        let syncing = scope.spawn(|| durable::sync_file(&path));
        let hashed = hash(&path);
        (hashed, syncing.join())
    });
    let checksum = hashed.map_err(failed)?;
    synced.map_err(|_| failed(io::Error::other("syncing it panicked")))??;
    file.seek(SeekFrom::End(0)).and_then(|_| file.write_all(&checksum)).map_err(failed)?;
    file.set_permissions(Permissions::from_mode(0o444)).map_err(failed)?;
    drop(file);
    durable::sync_file(&path)?;
    let name = ObjectId::from_bytes(checksum).to_string();
    Ok((index(&pack.entries, &checksum), name))
}

fn hash(path: &Path) -> io::Result<[u8; 20]> {
    let (mut file, mut hasher, mut part) = (File::open(path)?, Sha1::new(), vec![0; PART]);
    loop {
        match file.read(&mut part)? {
            0 => return Ok(hasher.finalize().into()),
            count => hasher.update(&part[..count]),
        }
    }
}

/// Returns the index of a pack whose entries are sorted.
fn index(entries: &[Entry], checksum: &[u8; 20]) -> Vec<u8> {
    let mut index = Vec::with_capacity(1100 + entries.len() * 28);
    index.extend(b"\xfftOc\0\0\0\x02");
    let mut up_to = 0;
    for first in 0..=u8::MAX {
        up_to += entries[up_to..].iter().take_while(|entry| entry.id.bytes()[0] == first).count();
        index.extend((up_to as u32).to_be_bytes());
    }
    entries.iter().for_each(|entry| index.extend(entry.id.bytes()));
    entries.iter().for_each(|entry| index.extend(entry.crc.to_be_bytes()));
    // What does not fit into 31 bits stands in a table of its own, and its place there stands here.
    let mut far: Vec<u8> = Vec::new();
    for entry in entries {
        let place = u32::try_from(entry.offset).ok().filter(|offset| offset >> 31 == 0).unwrap_or_else(|| {
            far.extend(entry.offset.to_be_bytes());
            (1 << 31) | (far.len() / 8 - 1) as u32
        });
        index.extend(place.to_be_bytes());
    }
    index.extend(far);
    index.extend(checksum);
    let own: [u8; 20] = Sha1::digest(&index).into();
    index.extend(own);
    index
}

/// Gives the index and then the pack their names: with the second, git knows the objects. An index alone is passed over
/// and cleared away by `git gc`; a pack alone would stay for ever.
fn publish(index: Vec<u8>, name: &str, folder: &Tree, repository: &Repository) -> Result<(), DurableError> {
    let packs = repository.git_folder().join("objects/pack");
    durable::make_folder(&packs)?;
    let written = folder.folder().join("idx");
    folder.write(Path::new("idx"), &index)?;
    fs::set_permissions(&written, Permissions::from_mode(0o444)).map_err(|source| DurableError {
        doing: "make read-only",
        path: written.clone(),
        source,
    })?;
    durable::sync_file(&written)?;
    for (from, ending) in [("idx", "idx"), ("pack", "pack")] {
        let to: PathBuf = packs.join(format!("pack-{name}.{ending}"));
        match durable::rename(&folder.folder().join(from), &to) {
            // Its name says what is in it, so an attempt that was interrupted here left the same.
            Err(error) if error.is_already_there() => durable::sync_folder(&packs)?,
            renamed => renamed?,
        }
    }
    Ok(())
}

impl ObjectHand<'_> {
    /// Writes an object that is in memory.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, kind: ObjectKind, content: &[u8]) -> Result<Written, RepositoryError> {
        let id = ObjectId::of(kind, content);
        if self.is_known(id) {
            return Ok(Written { id, new: false });
        }
        self.deflated.clear();
        entry_header(kind, content.len() as u64, &mut self.deflated);
        self.deflate.reset();
        deflate(&mut self.deflate, content, FlushCompress::Finish, &mut self.deflated)?;
        let mut pack = self.writer.pack();
        // Another thread may have been faster with the same content.
        let new = pack.known.insert(id);
        if new {
            let crc = crc32fast::hash(&self.deflated);
            let offset = pack.length;
            pack.file.write_all(&self.deflated).map_err(RepositoryError::other("write a pack file"))?;
            pack.length += self.deflated.len() as u64;
            pack.entries.push(Entry { id, crc, offset });
        }
        Ok(Written { id, new })
    }

    /// Writes a file's content, whatever its size, without holding more than a few MiB of it; nothing, when it has not
    /// exactly `size` bytes.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn write_blob(&mut self, content: &mut dyn Read, size: u64) -> Result<Option<Written>, RepositoryError> {
        if size > WHOLE {
            return self.write_large(content, size);
        }
        let mut whole = Vec::with_capacity(size as usize + 1);
        content.take(size + 1).read_to_end(&mut whole).map_err(RepositoryError::other("read a file"))?;
        if whole.len() as u64 != size {
            return Ok(None);
        }
        self.write(ObjectKind::Blob, &whole).map(Some)
    }

    /// Deflates into a file of its own first: its id is known only at its end.
    fn write_large(&mut self, content: &mut dyn Read, size: u64) -> Result<Option<Written>, RepositoryError> {
        const DOING: &str = "deflate a large file";
        let mut spool = spool_in(self.writer.folder.folder()).map_err(RepositoryError::other(DOING))?;
        let mut crc = crc32fast::Hasher::new();
        let mut length = 0;
        let mut spill = |bytes: &mut Vec<u8>| -> Result<(), RepositoryError> {
            crc.update(bytes);
            length += bytes.len() as u64;
            spool.write_all(bytes).map_err(RepositoryError::other(DOING))?;
            bytes.clear();
            Ok(())
        };
        let mut hasher = ObjectId::hasher(ObjectKind::Blob, size);
        self.deflated.clear();
        entry_header(ObjectKind::Blob, size, &mut self.deflated);
        self.deflate.reset();
        let (mut part, mut seen) = (vec![0; PART], 0);
        loop {
            let count = content.read(&mut part).map_err(RepositoryError::other("read a file"))?;
            seen += count as u64;
            if count == 0 || seen > size {
                break;
            }
            hasher.update(&part[..count]);
            deflate(&mut self.deflate, &part[..count], FlushCompress::None, &mut self.deflated)?;
            spill(&mut self.deflated)?;
        }
        if seen != size {
            return Ok(None);
        }
        deflate(&mut self.deflate, &[], FlushCompress::Finish, &mut self.deflated)?;
        spill(&mut self.deflated)?;
        let id = ObjectId::from_bytes(hasher.finalize().into());
        let mut pack = self.writer.pack();
        if self.is_there(id) || !pack.known.insert(id) {
            return Ok(Some(Written { id, new: false }));
        }
        let offset = pack.length;
        spool
            .seek(SeekFrom::Start(0))
            .and_then(|_| io::copy(&mut spool, &mut pack.file))
            .map_err(RepositoryError::other("write a pack file"))?;
        pack.length += length;
        pack.entries.push(Entry { id, crc: crc.finalize(), offset });
        Ok(Some(Written { id, new: true }))
    }

    /// Says whether the repository has the object, or will have it when the writer is finished.
    fn is_known(&self, id: ObjectId) -> bool {
        self.writer.pack().known.contains(&id) || self.is_there(id)
    }

    fn is_there(&self, id: ObjectId) -> bool {
        // Looking for new packs at every object that is not there would take most of the time.
        self.repository.odb().is_ok_and(|objects| objects.exists_ext(id.oid(), git2::OdbLookupFlags::NO_REFRESH))
    }
}

/// Makes a file without a name.
fn spool_in(folder: &Path) -> io::Result<File> {
    let path = folder.join(format!("spool-{:?}", std::thread::current().id()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// Writes what stands before an object in a pack: its kind and its size.
fn entry_header(kind: ObjectKind, size: u64, header: &mut Vec<u8>) {
    let mut byte = (kind.number() << 4) | (size & 0x0f) as u8;
    let mut rest = size >> 4;
    while rest > 0 {
        header.push(byte | 0x80);
        byte = (rest & 0x7f) as u8;
        rest >>= 7;
    }
    header.push(byte);
}

/// Deflates all of `content` and appends the result to `into`.
fn deflate(
    deflate: &mut Compress,
    content: &[u8],
    flush: FlushCompress,
    into: &mut Vec<u8>,
) -> Result<(), RepositoryError> {
    let before = deflate.total_in();
    loop {
        let read = (deflate.total_in() - before) as usize;
        into.reserve(((content.len() - read) / 2).max(4 << 10));
        let status =
            deflate.compress_vec(&content[read..], into, flush).map_err(RepositoryError::other("deflate an object"))?;
        let all = (deflate.total_in() - before) as usize == content.len();
        let is_over = match flush {
            FlushCompress::Finish => status == Status::StreamEnd,
            // Room that is left says that nothing is held back but what belongs to the next part.
            _ => all && into.len() < into.capacity(),
        };
        if is_over {
            return Ok(());
        }
    }
}
