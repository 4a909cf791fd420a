//! What this repository's chores share: its folder, and running programs in sight of the user.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// Returns this repository's folder.
pub(crate) fn repository() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    folder.parent().map_or(folder.clone(), PathBuf::from)
}

/// Describes a program to be run in this repository's folder, in the user's own environment.
#[expect(clippy::disallowed_methods, reason = "a chore runs the developer's own tools as the developer would")]
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(repository());
    command
}

/// Says whether a program is installed.
pub(crate) fn is_installed(name: &str) -> bool {
    program("which")
        .arg(name)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Prints a line.
#[expect(clippy::print_stdout, reason = "a chore talks to the developer")]
pub(crate) fn say(line: impl AsRef<str>) {
    println!("{}", line.as_ref());
}
