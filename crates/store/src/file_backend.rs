//! A backend that keeps one file per key in a folder.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use charter_host::durable::{self, Appender, DurableError};

use crate::blocking::blocking;
use crate::digest::digest_of;
use crate::{Backend, BackendError, Key, PutMode};

/// Keeps one file per key, below a folder, for any number of processes at a time.
///
/// What is compared before it is written is compared under the kernel's lock on the file itself; the lock ends with
/// its holder, so nothing is left behind by one that was killed. Half-written files, and files whose names are no
/// [`Key`], are not listed.
#[derive(Debug, Clone)]
pub struct FileBackend {
    root: PathBuf,
}

impl FileBackend {
    /// Opens the folder; it is made with the first write.
    ///
    /// # Errors
    /// When there is something at `root` that is no folder.
    pub fn open(root: &Path) -> Result<Self, BackendError> {
        match fs::metadata(root) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                let source = Box::new(io::Error::from(io::ErrorKind::NotADirectory));
                return Err(BackendError::Other { doing: "open the store's folder", source });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failure("open the store's folder", &root.display().to_string(), error)),
        }
        Ok(Self { root: root.to_owned() })
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.root.join(key.as_str())
    }
}

#[async_trait]
impl Backend for FileBackend {
    async fn put(&self, key: &Key, bytes: &[u8], mode: PutMode) -> Result<(), BackendError> {
        let (path, key, bytes) = (self.path(key), key.clone(), bytes.to_vec());
        blocking(move || match mode {
            PutMode::Create => create(&path, &key, &bytes),
            PutMode::Replace(expected) => {
                let mut held = lock(&path).map_err(|error| not_found_or(&key, "lock", error))?;
                let mut present = Vec::new();
                held.read_to_end(&mut present).map_err(|error| failure("read", key.as_str(), error))?;
                if digest_of(&present) != expected {
                    return Err(BackendError::Conflict { key });
                }
                durable::replace(&path, &bytes).map_err(|error| durable_failure(&key, error))
            }
        })
        .await
    }

    async fn get(&self, key: &Key) -> Result<Vec<u8>, BackendError> {
        let (path, key) = (self.path(key), key.clone());
        blocking(move || fs::read(path).map_err(|error| not_found_or(&key, "read", error))).await
    }

    async fn list(&self, prefix: &Key) -> Result<Vec<Key>, BackendError> {
        let (path, prefix) = (self.path(prefix), prefix.clone());
        blocking(move || {
            let mut keys = Vec::new();
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => {
                    walk(&path, prefix.as_str(), &mut keys).map_err(|error| failure("list", prefix.as_str(), error))?
                }
                Ok(_) => keys.push(prefix),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failure("list", prefix.as_str(), error)),
            }
            keys.sort_unstable();
            Ok(keys)
        })
        .await
    }

    async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        let (path, key) = (self.path(key), key.clone());
        blocking(move || match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            _ => durable::remove_file(&path).map_err(|error| durable_failure(&key, error)),
        })
        .await
    }

    async fn append(&self, key: &Key, bytes: &[u8], at: u64) -> Result<(), BackendError> {
        let (path, key, bytes) = (self.path(key), key.clone(), bytes.to_vec());
        blocking(move || append(&path, &key, &bytes, at)).await
    }

    async fn get_from(&self, key: &Key, at: u64) -> Result<Vec<u8>, BackendError> {
        let (path, key) = (self.path(key), key.clone());
        blocking(move || {
            let mut file = File::open(path).map_err(|error| not_found_or(&key, "open", error))?;
            let mut read = || {
                if file.metadata()?.len() < at {
                    return Ok(None);
                }
                let mut bytes = Vec::new();
                file.seek(SeekFrom::Start(at))?;
                file.read_to_end(&mut bytes)?;
                Ok(Some(bytes))
            };
            match read() {
                Ok(Some(bytes)) => Ok(bytes),
                Ok(None) => Err(BackendError::Conflict { key }),
                Err(error) => Err(failure("read", key.as_str(), error)),
            }
        })
        .await
    }
}

fn create(path: &Path, key: &Key, bytes: &[u8]) -> Result<(), BackendError> {
    make_folder_of(path, key)?;
    durable::publish(path, bytes).map_err(|error| durable_failure(key, error))
}

fn append(path: &Path, key: &Key, bytes: &[u8], at: u64) -> Result<(), BackendError> {
    if !path.exists() {
        make_folder_of(path, key)?;
        Appender::open(path).map_err(|error| durable_failure(key, error))?;
    }
    // Held to the end: nobody else appends or replaces between looking and writing.
    let held = lock(path).map_err(|error| failure("lock", key.as_str(), error))?;
    if held.metadata().map_err(|error| failure("measure", key.as_str(), error))?.len() != at {
        return Err(BackendError::Conflict { key: key.clone() });
    }
    if bytes.is_empty() {
        return Ok(());
    }
    Appender::open(path).and_then(|mut file| file.append(bytes)).map_err(|error| durable_failure(key, error))
}

/// Locks the file that is at `path` once the lock is held: who waited may hold one that was replaced meanwhile.
fn lock(path: &Path) -> io::Result<File> {
    loop {
        let file = File::open(path)?;
        file.lock()?;
        let held = file.metadata()?;
        match fs::metadata(path) {
            Ok(present) if (present.dev(), present.ino()) == (held.dev(), held.ino()) => return Ok(file),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
}

fn make_folder_of(path: &Path, key: &Key) -> Result<(), BackendError> {
    path.parent().map_or(Ok(()), durable::make_folder).map_err(|error| written(key, error))
}

fn walk(folder: &Path, prefix: &str, keys: &mut Vec<Key>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Some(key) = entry.file_name().to_str().and_then(|name| format!("{prefix}/{name}").parse::<Key>().ok())
        else {
            continue;
        };
        if entry.file_type()?.is_dir() {
            match walk(&entry.path(), key.as_str(), keys) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                walked => walked?,
            }
        } else {
            keys.push(key);
        }
    }
    Ok(())
}

fn not_found_or(key: &Key, doing: &'static str, error: io::Error) -> BackendError {
    match error.kind() {
        // A file where a folder would have to be: so there is nothing below it.
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => BackendError::NotFound { key: key.clone() },
        _ => failure(doing, key.as_str(), error),
    }
}

fn durable_failure(key: &Key, error: DurableError) -> BackendError {
    if error.is_already_there() {
        return BackendError::AlreadyExists { key: key.clone() };
    }
    written(key, error)
}

fn written(key: &Key, error: DurableError) -> BackendError {
    classified("write to the store's folder", key.as_str(), error.source.kind(), Box::new(error))
}

fn failure(doing: &'static str, at: &str, error: io::Error) -> BackendError {
    classified(doing, at, error.kind(), Box::new(error))
}

fn classified(
    doing: &'static str,
    at: &str,
    kind: io::ErrorKind,
    source: Box<dyn std::error::Error + Send + Sync>,
) -> BackendError {
    match kind {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            BackendError::Denied { at: at.to_owned(), source }
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BackendError::Full { at: at.to_owned(), source },
        _ => BackendError::Other { doing, source },
    }
}
