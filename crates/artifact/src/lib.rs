//! What was built: every file once, with its size, digest and links.
//!
//! Gates, backups and targets all look at the same build, so it is walked and hashed once, in parallel, and what is
//! known of an unchanged file is taken from a cache. This crate reads a folder and says what is in it; it never writes
//! there, judges nothing and does not know what a release is.
//!
//! ```
//! use charter_artifact::Artifact;
//! use charter_host::Scope;
//!
//! let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("index.html"), "<h1>Hello</h1>")?;
//! let artifact = Artifact::read(folder.path(), None, &Scope::default())?;
//! assert_eq!(artifact.bytes(), 14);
//! assert!(artifact.file("index.html").is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cache;
pub mod listing;
mod read;

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use charter_deploy_model::{BundleSize, Digest};
use charter_host::Scope;
use sha2::{Digest as _, Sha256};

pub use read::hash;

/// A folder of files as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The folder, without symbolic links in its path when it was read from disk.
    pub root: PathBuf,
    /// Every file, sorted by the bytes of its path; shared among clones, since there may be many.
    pub files: Arc<[ArtifactFile]>,
    /// The SHA-256 over one line per file, `path NUL size NUL digest LF`: the size in decimal, the digest as 64
    /// lower-case hexadecimal digits. Times, owners and permissions are not part of it.
    pub digest: Digest,
}

/// One file of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactFile {
    /// Where it is below the root, with `/` between the parts.
    pub path: String,
    /// Its size, in bytes.
    pub size: u64,
    /// The SHA-256 of its content.
    pub digest: Digest,
    /// What the file system said of it when it was hashed.
    pub stat: FileStat,
}

/// What tells, together with the size, whether a file is still the one that was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// When its content last changed, in nanoseconds since 1970; anyone may set it.
    pub mtime_ns: i64,
    /// When its content or metadata last changed, in nanoseconds since 1970; only the kernel sets it. Another hard
    /// link changes it too.
    pub ctime_ns: i64,
    /// Its number in the file system.
    pub inode: u64,
}

impl FileStat {
    /// Takes the stats out of what the file system said.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Self {
            mtime_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }
}

/// Why a folder could not be read as an artifact.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// There is no such folder.
    #[error("there is no folder `{}`", folder.display())]
    Missing {
        /// Where it should be.
        folder: PathBuf,
    },
    /// There is no file in it.
    #[error("there is no file in `{}`", folder.display())]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
    /// A name is not text that a URL could carry.
    #[error("the name `{}` is not UTF-8", path.display())]
    NotUtf8 {
        /// Where it is below the root.
        path: PathBuf,
    },
    /// A symbolic link points at something outside the folder.
    #[error("`{path}` is a link to `{}`, outside the site", target.display())]
    LeavesSite {
        /// The link.
        path: String,
        /// What it points at.
        target: PathBuf,
    },
    /// It is neither a file, nor a folder, nor a link to a file.
    #[error("`{path}` is {what}, which cannot be published")]
    Unsupported {
        /// Where it is below the root.
        path: String,
        /// What it is, such as `a socket`.
        what: &'static str,
    },
    /// A name that the deployment needs for itself, or that must never be published.
    #[error("`{path}` has a name that is reserved")]
    ReservedName {
        /// Where it is below the root.
        path: String,
    },
    /// The file system refused.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It changed while it was being read.
    #[error("`{path}` changed while it was being read")]
    Changed {
        /// Where it is below the root.
        path: String,
    },
    /// The caller wanted the work to end.
    #[error("reading the build was cancelled")]
    Cancelled,
}

impl ArtifactError {
    /// Returns what would let it succeed, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Missing { .. } | Self::Empty { .. } => {
                Some("build the site first, or correct the output folder in the configuration".to_owned())
            }
            Self::NotUtf8 { .. } => Some("rename the file".to_owned()),
            Self::LeavesSite { .. } => Some("put a copy of the file in the link's place".to_owned()),
            Self::Unsupported { path, .. } => Some(format!("remove `{path}` from the build's output")),
            Self::ReservedName { path } => Some(format!("let the build leave out or rename `{path}`")),
            Self::Changed { .. } => {
                Some("wait until nothing writes to the folder, then run the command again".to_owned())
            }
            Self::Unreadable { .. } | Self::Cancelled => None,
        }
    }
}

impl Artifact {
    /// Reads a folder: walks it, hashes what `cache` does not know, and writes `cache` anew. Blocks.
    ///
    /// A symbolic link to a file of the same folder is published as that file's content. The cache is trusted for a
    /// file only while size, times and inode are the same and the file had not been touched for a moment when it was
    /// hashed; a cache that is missing, damaged or cannot be written costs time and nothing else.
    ///
    /// # Errors
    /// When there is no such folder, nothing in it, or something in it that cannot be published as it is.
    pub fn read(root: &Path, cache: Option<&Path>, scope: &Scope) -> Result<Self, ArtifactError> {
        read::read(root, cache, scope)
    }

    /// Makes an artifact of files whose digests are known already; sorts them.
    #[must_use]
    pub fn from_files(root: PathBuf, mut files: Vec<ArtifactFile>) -> Self {
        sort(&mut files);
        let digest = digest(&files);
        Self { root, files: files.into(), digest }
    }

    /// Returns the size of all files, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Returns the file at `path`, which is relative and has `/` between its parts.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&ArtifactFile> {
        let index = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(index)
    }

    /// Returns the sizes by sort of file, told by the names' endings, in bytes without compression.
    #[must_use]
    pub fn bundle_size(&self) -> BundleSize {
        let mut sizes = BundleSize::default();
        for ArtifactFile { path, size, .. } in self.files.iter() {
            sizes.total += size;
            let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
            match ending.as_str() {
                "js" | "mjs" | "cjs" => sizes.javascript += size,
                "css" => sizes.css += size,
                "html" | "htm" | "xhtml" => {}
                _ => sizes.assets += size,
            }
        }
        sizes
    }
}

/// Sorts files by path; the stable sort is the quick one when all but a few at the end are sorted already.
fn sort(files: &mut [ArtifactFile]) {
    files.sort_by(|a, b| a.path.cmp(&b.path));
}

fn digest(files: &[ArtifactFile]) -> Digest {
    let mut hasher = Sha256::new();
    let mut line = Vec::new();
    for ArtifactFile { path, size, digest, .. } in files {
        line.clear();
        line.extend_from_slice(path.as_bytes());
        line.push(0);
        line.extend_from_slice(size.to_string().as_bytes());
        line.push(0);
        line.extend_from_slice(&digest.hex_digits());
        line.push(b'\n');
        hasher.update(&line);
    }
    Digest::new(hasher.finalize().into())
}
