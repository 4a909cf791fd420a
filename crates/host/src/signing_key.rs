//! The user's key for what other tools are told: whoever has its public half can see that it was said here.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::durable::{self, DurableError};

/// An Ed25519 key (RFC 8032), which signs the same bytes the same way each time.
#[derive(Debug)]
pub struct SigningKey(Ed25519KeyPair);

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// The file cannot be read.
    #[error("the signing key {} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("{} is no Ed25519 key in PKCS #8", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// A key was made, and cannot be kept.
    #[error("the signing key {} cannot be kept", .path.display())]
    NotKept {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: DurableError,
    },
    /// The machine gave no random numbers to make one from.
    #[error("a signing key cannot be made: the machine has no random numbers")]
    NotMade,
}

impl SigningKey {
    /// Reads the key that `path` holds as PKCS #8 in DER; where there is none, makes one that only this user can read.
    ///
    /// ```
    /// use charter_host::SigningKey;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("keys/signing-key.der");
    /// let made = SigningKey::open(&path)?;
    /// let again = SigningKey::open(&path)?;
    /// assert_eq!(made.sign(b"what was said"), again.sign(b"what was said"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the file is no such key, or a new one cannot be made or kept.
    pub fn open(path: &Path) -> Result<Self, SigningKeyError> {
        match read(path) {
            Err(SigningKeyError::Unreadable { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                make(path)?;
                // Whoever came first has made the key that counts.
                read(path)
            }
            other => other,
        }
    }

    /// Signs.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(bytes).as_ref().to_vec()
    }

    /// Returns the public half as a SubjectPublicKeyInfo (RFC 8410) in PEM, which `openssl pkey -pubin` reads.
    #[must_use]
    pub fn public_pem(&self) -> String {
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(self.public()))
    }

    /// Returns what tells this key from others: the SHA-256 of its public half in DER, in hexadecimal.
    #[must_use]
    pub fn id(&self) -> String {
        digest(&SHA256, &self.public()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn public(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().expect("a key of this sort always has this form");
        der.as_ref().to_vec()
    }
}

fn read(path: &Path) -> Result<SigningKey, SigningKeyError> {
    let bytes = fs::read(path).map_err(|source| SigningKeyError::Unreadable { path: path.to_owned(), source })?;
    let key = Ed25519KeyPair::from_pkcs8(&bytes);
    key.map(SigningKey).map_err(|_| SigningKeyError::Malformed { path: path.to_owned() })
}

fn make(path: &Path) -> Result<(), SigningKeyError> {
    let key = Ed25519KeyPair::generate().and_then(|key| key.to_pkcs8v1());
    let key = key.map_err(|_| SigningKeyError::NotMade)?;
    let not_kept = |source| SigningKeyError::NotKept { path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    durable::make_folder(folder).map_err(not_kept)?;
    // The folder is private before there is anything in it.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
        .map_err(|source| SigningKeyError::Unreadable { path: folder.to_owned(), source })?;
    match durable::publish(path, key.as_ref()) {
        Err(error) if !error.is_already_there() => Err(not_kept(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_user_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/signing-key.der");
        let first = SigningKey::open(&path).unwrap();
        assert_eq!(SigningKey::open(&path).unwrap().public_pem(), first.public_pem());
        let mode = fs::metadata(folder.path().join("keys")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_eq!(first.id().len(), 64);
        assert!(!format!("{first:?}").contains(&STANDARD.encode(fs::read(&path).unwrap())));
    }

    #[test]
    fn something_else_is_no_key_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing-key.der");
        fs::write(&path, "not a key").unwrap();
        assert!(matches!(SigningKey::open(&path), Err(SigningKeyError::Malformed { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"not a key");
    }
}
