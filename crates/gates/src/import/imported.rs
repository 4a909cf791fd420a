//! What a file comes to: settings, waivers, and what became of each thing in it.

use std::fmt;

use jiff::civil::Date;
use toml::{Table, Value};

use super::plain;

/// More lines than this are not told of.
pub(super) const MOST_LINES: usize = 5_000;

/// What a file comes to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Imported {
    /// What to set in the configuration. No two set one key.
    pub settings: Vec<Setting>,
    /// What to waive. No two are of one code and subject.
    pub waivers: Vec<Exemption>,
    /// What became of each thing in the file, in its order as far as its format has one.
    pub lines: Vec<Line>,
}

/// Something to set in the configuration.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// A key of a table, such as `gates.lighthouse`.
    Key {
        /// The table's name.
        table: &'static str,
        /// The key.
        key: String,
        /// Its value.
        value: Value,
    },
    /// A further entry of an array of tables, such as `gates.page-weight.files`.
    Entry {
        /// The array's name.
        array: &'static str,
        /// The entry.
        entry: Table,
    },
}

impl Setting {
    /// Returns the name of the table, or of the array of tables.
    #[must_use]
    pub const fn table(&self) -> &'static str {
        match self {
            Self::Key { table, .. } => table,
            Self::Entry { array, .. } => array,
        }
    }
}

/// Writes the lines of TOML that stand below the table's header.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |key: &str, value: &Value| Table::from_iter([(key.to_owned(), value.clone())]).to_string();
        match self {
            Self::Key { key, value, .. } => write!(f, "{}", one(key, value).trim_end()),
            Self::Entry { entry, .. } => {
                let lines: Vec<String> =
                    entry.iter().map(|(key, value)| one(key, value).trim_end().to_owned()).collect();
                write!(f, "{}", lines.join("\n"))
            }
        }
    }
}

/// A waiver without an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// The code it covers.
    pub code: &'static str,
    /// A glob over the finding's subject; everything, when absent.
    pub subject: Option<String>,
    /// Why, where the file says so.
    pub reason: Option<String>,
    /// The last day it holds, where the file says so.
    pub expires: Option<Date>,
}

/// One thing in a file, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands, or what it is; never more of its value than an id.
    pub foreign: String,
    /// What became of it.
    pub became: Became,
}

/// What became of one thing in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It was taken over, as this.
    Taken(String),
    /// It was left where it is, for this reason: a clause.
    Left(String),
}

impl Imported {
    fn tell(&mut self, foreign: &str, became: Became) {
        if self.lines.len() < MOST_LINES {
            self.lines.push(Line { foreign: plain(foreign), became });
        } else if self.lines.len() == MOST_LINES {
            let became = Became::Left(format!("no more than {MOST_LINES} things are told of"));
            self.lines.push(Line { foreign: "what comes behind".to_owned(), became });
        }
    }

    /// Notes that something is taken over.
    pub(super) fn take(&mut self, foreign: &str, as_what: impl Into<String>) {
        self.tell(foreign, Became::Taken(as_what.into()));
    }

    /// Notes that something is left where it is, and why.
    pub(super) fn leave(&mut self, foreign: &str, because: impl Into<String>) {
        self.tell(foreign, Became::Left(because.into()));
    }

    /// Sets a key, unless something before set it otherwise.
    pub(super) fn set(&mut self, foreign: &str, table: &'static str, key: &str, value: impl Into<Value>) {
        if self.lines.len() >= MOST_LINES {
            return self.leave(foreign, "");
        }
        let setting = Setting::Key { table, key: key.to_owned(), value: value.into() };
        let earlier = self.settings.iter().find(|one| match one {
            Setting::Key { table: other, key: name, .. } => *other == table && name == key,
            Setting::Entry { .. } => false,
        });
        match earlier {
            Some(earlier) if *earlier != setting => {
                let because = format!("`{earlier}` in `[{table}]` comes of something before it");
                self.leave(foreign, because);
            }
            _ => {
                self.take(foreign, format!("`{setting}` in `[{table}]`"));
                if earlier_is_absent(&self.settings, &setting) {
                    self.settings.push(setting);
                }
            }
        }
    }

    /// Adds an entry to an array of tables; `note` is what else there is to say.
    pub(super) fn add(&mut self, foreign: &str, array: &'static str, entry: Table, note: &str) {
        if self.lines.len() >= MOST_LINES {
            return self.leave(foreign, "");
        }
        let setting = Setting::Entry { array, entry };
        self.take(foreign, format!("an entry of `[[{array}]]`{note}"));
        if earlier_is_absent(&self.settings, &setting) {
            self.settings.push(setting);
        }
    }

    /// Waives a code for a subject, unless that was done before.
    pub(super) fn waive(&mut self, foreign: &str, exemption: Exemption, note: &str) {
        if self.lines.len() >= MOST_LINES {
            return self.leave(foreign, "");
        }
        let Exemption { code, subject, .. } = &exemption;
        let of = subject.as_ref().map(|subject| format!(" for `{subject}`")).unwrap_or_default();
        let same = |one: &Exemption| one.code == *code && one.subject == *subject;
        if self.waivers.iter().any(same) {
            return self.leave(foreign, format!("`{code}` is waived{of} already by something before it"));
        }
        self.take(foreign, format!("a waiver of `{code}`{of}{note}"));
        self.waivers.push(exemption);
    }
}

/// Says whether nothing before is the same.
pub(super) fn earlier_is_absent(settings: &[Setting], setting: &Setting) -> bool {
    settings.iter().all(|one| one != setting)
}
