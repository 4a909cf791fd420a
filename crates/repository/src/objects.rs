//! Git's objects, one by one: their ids, what is in a tree, what a commit says.

use std::cmp::Ordering;
use std::fmt;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use charter_deploy_model::CommitHash;
use charter_host::durable::{self, DurableError, Tree};
use jiff::Timestamp;
use sha1::{Digest as _, Sha1};

use crate::repository::{hash, oid};
use crate::{Repository, RepositoryError};

/// The name that git gives an object: equal objects have equal names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId([u8; 20]);

/// What sort of object it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A commit.
    Commit,
    /// A folder.
    Tree,
    /// A file's content.
    Blob,
}

impl ObjectKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
        }
    }

    /// Returns its number in a pack.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Commit => 1,
            Self::Tree => 2,
            Self::Blob => 3,
        }
    }
}

impl ObjectId {
    /// Makes an id of its 20 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Returns its 20 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// Returns the id of an object.
    #[must_use]
    pub fn of(kind: ObjectKind, content: &[u8]) -> Self {
        let mut hasher = Self::hasher(kind, content.len() as u64);
        hasher.update(content);
        Self(hasher.finalize().into())
    }

    /// Returns what hashes an object of which the content is still to come.
    pub(crate) fn hasher(kind: ObjectKind, size: u64) -> Sha1 {
        let mut hasher = Sha1::new();
        hasher.update(format!("{} {size}\0", kind.name()));
        hasher
    }

    pub(crate) fn oid(self) -> git2::Oid {
        git2::Oid::from_bytes(&self.0).expect("an id has 20 bytes")
    }

    fn from_oid(oid: git2::Oid) -> Self {
        Self(oid.as_bytes().try_into().expect("only repositories with 20-byte ids are opened"))
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

/// What a folder has under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// The name; git does not demand UTF-8.
    pub name: Vec<u8>,
    /// What sort of thing it is, as git writes it: [`TreeEntry::FILE`], [`TreeEntry::FOLDER`] or another.
    pub mode: u32,
    /// The object.
    pub id: ObjectId,
}

impl TreeEntry {
    /// The mode of a file that nobody runs.
    pub const FILE: u32 = 0o100_644;
    /// The mode of a folder.
    pub const FOLDER: u32 = 0o040_000;

    /// Returns the object of a folder whose entries these are; sorts them as git does.
    #[must_use]
    pub fn encode(entries: &mut [Self]) -> Vec<u8> {
        entries.sort_by(Self::in_git_order);
        let mut bytes = Vec::with_capacity(entries.len() * 48);
        for Self { name, mode, id } in entries {
            bytes.extend(format!("{mode:o} ").as_bytes());
            bytes.extend_from_slice(name);
            bytes.push(0);
            bytes.extend(id.0);
        }
        bytes
    }

    /// A folder sorts as if its name ended with a slash.
    fn in_git_order(a: &Self, b: &Self) -> Ordering {
        let common = a.name.len().min(b.name.len());
        let next = |entry: &Self| match entry.name.get(common) {
            None if entry.mode == Self::FOLDER => Some(b'/'),
            byte => byte.copied(),
        };
        a.name[..common].cmp(&b.name[..common]).then_with(|| next(a).cmp(&next(b)))
    }
}

/// What a commit says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitContent {
    /// Its own hash.
    pub hash: CommitHash,
    /// Its files.
    pub tree: ObjectId,
    /// The commits that it follows.
    pub parents: Vec<CommitHash>,
    /// Its message. What is not UTF-8 in it is replaced.
    pub message: String,
}

impl Repository {
    /// Returns what a commit says; nothing, when it is not here.
    ///
    /// # Errors
    /// When it is here but cannot be read.
    pub fn commit_content(&self, commit: &CommitHash) -> Result<Option<CommitContent>, RepositoryError> {
        read_commit(&self.open()?, commit)
    }

    /// Follows a commit's first parents, itself first, until `wanted` finds what it looks for; gives up after `limit`.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn find_back<T>(
        &self,
        from: &CommitHash,
        limit: usize,
        mut wanted: impl FnMut(&CommitContent) -> Option<T>,
    ) -> Result<Option<T>, RepositoryError> {
        let repository = self.open()?;
        let mut next = Some(from.clone());
        for _ in 0..limit {
            let Some(commit) = next.take() else { break };
            // A shallow clone ends somewhere.
            let Some(content) = read_commit(&repository, &commit)? else { break };
            if let Some(found) = wanted(&content) {
                return Ok(Some(found));
            }
            next = content.parents.into_iter().next();
        }
        Ok(None)
    }

    /// Returns what is in a folder; nothing, when it is not here.
    ///
    /// # Errors
    /// When it is here but cannot be read.
    pub fn tree(&self, id: ObjectId) -> Result<Option<Vec<TreeEntry>>, RepositoryError> {
        let repository = self.open()?;
        let tree = match repository.find_tree(id.oid()) {
            Ok(tree) => tree,
            Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(RepositoryError::other("read a folder of a commit")(error)),
        };
        let entry = |entry: git2::TreeEntry<'_>| TreeEntry {
            name: entry.name_bytes().to_owned(),
            mode: entry.filemode_raw() as u32,
            id: ObjectId::from_oid(entry.id()),
        };
        Ok(Some(tree.iter().map(entry).collect()))
    }

    /// Returns a file's content; nothing, when it is not here or has more than `limit` bytes.
    ///
    /// # Errors
    /// When it is here but cannot be read.
    pub fn blob(&self, id: ObjectId, limit: usize) -> Result<Option<Vec<u8>>, RepositoryError> {
        let repository = self.open()?;
        let reading = |error| RepositoryError::other("read a file of a commit")(error);
        let objects = repository.odb().map_err(reading)?;
        match objects.read_header(id.oid()) {
            Ok((size, git2::ObjectType::Blob)) if size <= limit => {}
            Err(error) if error.code() != git2::ErrorCode::NotFound => return Err(reading(error)),
            _ => return Ok(None),
        }
        let blob = repository.find_blob(id.oid()).map_err(reading)?;
        Ok(Some(blob.content().to_owned()))
    }

    /// Writes one object into the repository; it is on disk when this returns. `work` is a folder on the file system
    /// of the repository, for a temporary file. That it is there already is fine.
    ///
    /// # Errors
    /// When a step fails; then it is not there.
    pub fn write_object(&self, kind: ObjectKind, content: &[u8], work: &Path) -> Result<ObjectId, RepositoryError> {
        let id = ObjectId::of(kind, content);
        let known = self.open()?.odb().is_ok_and(|objects| objects.exists(id.oid()));
        if !known {
            self.write_loose(kind, id, content, work).map_err(|source| RepositoryError::Durable { source })?;
        }
        Ok(id)
    }

    fn write_loose(&self, kind: ObjectKind, id: ObjectId, content: &[u8], work: &Path) -> Result<(), DurableError> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        let write = |source| DurableError { doing: "write an object to", path: work.to_owned(), source };
        encoder.write_all(format!("{} {}\0", kind.name(), content.len()).as_bytes()).map_err(write)?;
        encoder.write_all(content).map_err(write)?;
        let deflated = encoder.finish().map_err(write)?;

        durable::make_folder(work)?;
        let folder = Tree::begin(&work.join("object"))?;
        folder.write(Path::new("object"), &deflated)?;
        let temporary = folder.folder().join("object");
        fs::set_permissions(&temporary, Permissions::from_mode(0o444)).map_err(write)?;
        durable::sync_file(&temporary)?;
        let name = id.to_string();
        let into = self.git_folder().join("objects").join(&name[..2]);
        durable::make_folder(&into)?;
        match durable::rename(&temporary, &into.join(&name[2..])) {
            Err(error) if error.is_already_there() => Ok(()),
            renamed => renamed,
        }
    }

    /// Returns the object of a commit that the git user, or `Charter`, makes at `time`.
    ///
    /// # Errors
    /// When the git configuration cannot be read.
    pub fn encode_commit(
        &self,
        tree: ObjectId,
        parents: &[CommitHash],
        message: &str,
        time: Timestamp,
    ) -> Result<Vec<u8>, RepositoryError> {
        let who = self.signature(time)?;
        let name = String::from_utf8_lossy(who.name_bytes());
        let person = format!("{name} <{}> {} +0000", String::from_utf8_lossy(who.email_bytes()), time.as_second());
        let parents: String = parents.iter().map(|parent| format!("parent {parent}\n")).collect();
        Ok(format!("tree {tree}\n{parents}author {person}\ncommitter {person}\n\n{message}").into_bytes())
    }
}

fn read_commit(repository: &git2::Repository, commit: &CommitHash) -> Result<Option<CommitContent>, RepositoryError> {
    match repository.find_commit(oid(commit)) {
        Ok(found) => Ok(Some(CommitContent {
            hash: commit.clone(),
            tree: ObjectId::from_oid(found.tree_id()),
            parents: found.parent_ids().map(hash).collect(),
            message: String::from_utf8_lossy(found.message_bytes()).into_owned(),
        })),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(RepositoryError::other("read a commit")(error)),
    }
}

impl From<ObjectId> for CommitHash {
    fn from(id: ObjectId) -> Self {
        id.to_string().parse().expect("an id is 40 hexadecimal digits")
    }
}
