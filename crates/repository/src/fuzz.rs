//! The parsers of this crate, laid open to the fuzzers in `fuzz/`. No API: it changes without notice.
//!
//! Each takes whatever comes, and panics when a promise of the parser does not hold.

use charter_host::{Ended, Output};

use crate::credentials::without_credentials;
use crate::{RefUpdate, anchor, push};

/// Reads a commit's message: a checkpoint in it stays the same when it is written again.
pub fn message(text: &str) {
    if let Some((size, root)) = anchor::checkpoint(text) {
        assert_eq!(anchor::checkpoint(&anchor::message(text, size, &root)), Some((size, root)));
    }
}

/// Judges a push by what git printed: a branch is published only when git says so of it.
pub fn push(status: i32, printed: &[u8], complaints: &[u8]) {
    let update = RefUpdate {
        name: "refs/heads/a".to_owned(),
        to: "1".repeat(40).parse().expect("it is a commit's hash"),
        expected: None,
    };
    let output = Output { ended: Ended::Exited(status), stdout: printed.to_owned(), stderr: complaints.to_owned() };
    if push::judge("origin", &[update], &output).is_ok() {
        assert_eq!(status, 0, "git failed");
        assert!(String::from_utf8_lossy(printed).contains("refs/heads/a\t"), "git did not name the branch");
    }
}

/// Cuts passwords out of a text: none is left that a second look would find.
pub fn credentials(text: &str) {
    let clean = without_credentials(text);
    assert!(clean.len() <= text.len(), "cutting out made it longer");
    assert_eq!(without_credentials(&clean), clean);
    let hidden = without_credentials(&format!("https://name:pa55@host.example/ {text}"));
    assert!(hidden.starts_with("https://host.example/ "), "a password shows");
}
