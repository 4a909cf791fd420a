//! Exit codes: what a script learns without reading a word.

/// Done.
pub const DONE: u8 = 0;
/// A fault in this program.
pub const BUG: u8 = 1;
/// The command line or the configuration is wrong.
pub const USAGE: u8 = 2;
/// Gates keep the release from users; nothing changed.
pub const BLOCKED: u8 = 10;
/// The build failed; nothing changed.
pub const BUILD_FAILED: u8 = 11;
/// Not published; nothing changed.
pub const NOT_PUBLISHED: u8 = 12;
/// Published, then rolled back.
pub const ROLLED_BACK: u8 = 13;
/// The rollback itself failed: act now.
pub const ROLLBACK_FAILED: u8 = 14;
/// The record log does not verify.
pub const LOG_BROKEN: u8 = 15;
/// Waiting for approval, or frozen.
pub const WAITING: u8 = 16;
/// Another deployment holds the lock.
pub const LOCKED: u8 = 17;
/// Nothing failed, but something that must be known is not.
pub const INCONCLUSIVE: u8 = 18;
/// Nothing was checked.
pub const NOTHING_CHECKED: u8 = 19;
