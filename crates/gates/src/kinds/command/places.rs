//! Where the places are that programs name.

use std::path::{Component, Path, PathBuf};

use charter_deploy_model::Location;
use percent_encoding::percent_decode_str;

use super::{CommandTree, Place};
use crate::Subject;

/// What paths in a program's output are relative to, and what those in findings are.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    ran_in: PathBuf,
    top: PathBuf,
    in_source: bool,
}

impl Folders {
    pub(crate) fn new(ran_in: PathBuf, tree: CommandTree, subject: &Subject) -> Self {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let in_source = tree == CommandTree::Source;
        let top = subject.source.as_ref().filter(|_| in_source).map(|source| real(source.repository.root()));
        let ran_in = real(&ran_in);
        Self { top: top.filter(|top| ran_in.starts_with(top)).unwrap_or_else(|| ran_in.clone()), ran_in, in_source }
    }

    /// Returns a text in which files of the folder are named as from within it.
    pub(crate) fn shorten(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.ran_in.display()), "")
    }

    /// Returns a place as a finding names it; nothing when it is outside the tree or not a file there.
    pub(crate) fn locate(&self, place: &Place) -> Option<Location> {
        let uri = place.uri.as_str();
        let path = match uri.strip_prefix("file://") {
            Some(rest) => &rest[rest.find('/')?..],
            None if uri.contains("://") => return None,
            None => uri.strip_prefix("file:").unwrap_or(uri),
        };
        // What is an URL has its special letters encoded; a program that prints a plain path has not.
        let decoded = percent_decode_str(path).decode_utf8().ok()?;
        let found = [Path::new(&*decoded), Path::new(path)].into_iter().find_map(|path| self.inside(path))?;
        let mut location = Location::file(found);
        location.line = place.line;
        location.column = place.column;
        Some(if self.in_source { location.in_source() } else { location })
    }

    /// Returns the path below the top; nothing when there is no such file within.
    fn inside(&self, path: &Path) -> Option<String> {
        let mut full = PathBuf::new();
        for part in self.ran_in.join(path).components() {
            match part {
                Component::ParentDir => _ = full.pop(),
                Component::CurDir => {}
                part => full.push(part),
            }
        }
        let is_here = |path: &Path| path.starts_with(&self.top) && path.is_file();
        let real = full.canonicalize().ok().filter(|real| is_here(real))?;
        // A link within the tree keeps its own name.
        let named = if full.starts_with(&self.top) { &full } else { &real };
        named.strip_prefix(&self.top).ok()?.to_str().map(str::to_owned)
    }
}
