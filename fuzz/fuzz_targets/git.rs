//! What commits say and what git prints: messages, the outcome of a push, URLs with passwords in them.

#![no_main]

use charter_targets::kinds::git_branch;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    charter_repository::fuzz::message(&text);
    charter_repository::fuzz::credentials(&text);
    git_branch::fuzz::message(&text);
    git_branch::fuzz::known(bytes);
    let (complaints, printed) = text.split_once("\n\n").unwrap_or(("", &text));
    charter_repository::fuzz::push(0, printed.as_bytes(), complaints.as_bytes());
    charter_repository::fuzz::push(1, printed.as_bytes(), complaints.as_bytes());
});
