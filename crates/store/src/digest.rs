//! SHA-256 of what is kept.

use charter_deploy_model::Digest;
use sha2::{Digest as _, Sha256};

/// Returns the SHA-256 of `bytes`.
pub(crate) fn digest_of(bytes: &[u8]) -> Digest {
    Digest::new(Sha256::digest(bytes).into())
}
