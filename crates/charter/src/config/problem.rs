//! What can be wrong with a configuration file, in words that never show its values.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::Excerpt;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no file.
    #[error("there is no `{}`", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It cannot be read, or is not UTF-8.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It says something it may not, or does not say something it must.
    #[error("`{}` has {}", file.display(), count(problems.len()))]
    Invalid {
        /// Which.
        file: PathBuf,
        /// All that is wrong with it, by line.
        problems: Vec<Problem>,
    },
}

fn count(problems: usize) -> String {
    match problems {
        1 => "1 problem".to_owned(),
        more => format!("{more} problems"),
    }
}

impl ConfigError {
    /// Returns all that is wrong with the text; nothing when there is no text.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid { problems, .. } => problems,
            _ => &[],
        }
    }

    /// Returns what to do about it, where one thing is to be done.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some("`init` writes one from what it finds in the project".to_owned()),
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::InvalidData => {
                Some("save the file as UTF-8".to_owned())
            }
            Self::Unreadable { .. } => None,
            Self::Invalid { problems, .. } => match problems.as_slice() {
                [problem] => problem.help.clone(),
                _ => None,
            },
        }
    }
}

/// One thing that is wrong with a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Its line, from 1 on.
    pub line: usize,
    /// Its column, in characters, from 1 on.
    pub column: usize,
    /// Its place in the text, in bytes.
    pub span: Range<usize>,
    /// The key it is about, such as `environments.production.verfy`; absent where the text is not TOML.
    pub key: Option<String>,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// The valid key or word that was probably meant.
    pub nearest: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    pub(super) excerpt: Option<Excerpt>,
}

impl Problem {
    /// Returns the line it is about, its values masked; absent where the line says nothing, as at the end of a file.
    #[must_use]
    pub const fn excerpt(&self) -> Option<&Excerpt> {
        self.excerpt.as_ref()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ConfigError::Missing { path: path.to_owned() },
        _ => ConfigError::Unreadable { path: path.to_owned(), source },
    })
}
