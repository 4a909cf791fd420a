//! Where results go: for people, or as JSON.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use charter_deploy_model::{Failure, Notice, Observer};
use charter_host::{Progress, Scope};
use charter_report::json::{JsonLines, v1};
use charter_report::{ColourChoice, Marks, Options, Terminal, dress};

use crate::Surroundings;
use crate::args::{Common, Format};

/// How this run speaks.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    format: Format,
    options: Options,
    terminal: Arc<Terminal>,
}

/// Lets the terminal hear how far long work is.
#[derive(Debug)]
struct Heard(Arc<Terminal>);

impl Progress for Heard {
    fn progress(&self, done: u64, total: Option<u64>, doing: &str) {
        self.0.progress(done, total, doing);
    }
}

impl Output {
    pub(crate) fn new(common: &Common, surroundings: &Surroundings) -> Self {
        let set = |name: &str| surroundings.environment.get(name).is_some_and(|value| !value.is_empty());
        let marks = if is_utf8(surroundings) { Marks::Unicode } else { Marks::Ascii };
        let colour = if set("NO_COLOR") { ColourChoice::Never } else { ColourChoice::Auto };
        let options = Options { quiet: common.quiet, colour, is_terminal: std::io::stderr().is_terminal(), marks };
        let terminal = Arc::new(Terminal::new(options, Box::new(std::io::stderr())));
        Self { format: common.format, options, terminal }
    }

    /// Returns who hears what happens.
    pub(crate) fn observers(&self) -> Vec<Arc<dyn Observer>> {
        match self.format {
            Format::Human => vec![Arc::clone(&self.terminal) as Arc<dyn Observer>],
            Format::Json => vec![Arc::new(JsonLines::new(Box::new(std::io::stdout())))],
        }
    }

    /// Returns a scope whose progress shows, where somebody looks.
    pub(crate) fn scope(&self) -> Scope {
        match self.format {
            Format::Human if !self.options.quiet => Scope::with_progress(Arc::new(Heard(Arc::clone(&self.terminal)))),
            _ => Scope::default(),
        }
    }

    /// Says a result.
    pub(crate) fn result<T: ToString>(&self, human: impl FnOnce() -> String, json: impl FnOnce() -> T) {
        match self.format {
            Format::Human if self.options.quiet => {}
            Format::Human => {
                let colour = std::io::stdout().is_terminal() && self.options.colour != ColourChoice::Never;
                self.print(&dress(&human(), colour, self.options.marks));
            }
            Format::Json => self.print(&json().to_string()),
        }
    }

    /// Prints text whatever the format: what was asked for is the text itself.
    pub(crate) fn print(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        // A reader that went away is no failure of ours.
        let _ = stdout.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = stdout.write_all(b"\n");
        }
        let _ = stdout.flush();
    }

    /// Says why a command did not do what was asked.
    pub(crate) fn failure(&self, failure: &Failure) {
        match self.format {
            Format::Human => {
                self.terminal.clear();
                self.terminal.print(&charter_report::failure(failure));
            }
            Format::Json => self.print(&v1::failure(failure)),
        }
    }

    /// Says what people are told.
    pub(crate) fn notice(&self, notice: &Notice) {
        match self.format {
            Format::Human => self.terminal.print(&charter_report::notice(notice)),
            Format::Json => {
                let line = serde_json::json!({ "v": v1::VERSION, "result": "notice", "notice": notice });
                self.print(&line.to_string());
            }
        }
    }

    /// Says something by the way.
    pub(crate) fn note(&self, text: &str) {
        self.terminal.print(&format!("{text}\n"));
    }
}

/// Says whether the user's locale shows all characters (POSIX: the first of these that is set decides).
fn is_utf8(surroundings: &Surroundings) -> bool {
    let variables = ["LC_ALL", "LC_CTYPE", "LANG"];
    let set = variables.iter().find_map(|name| surroundings.environment.get(name).filter(|value| !value.is_empty()));
    set.is_none_or(|locale| locale.to_string_lossy().to_uppercase().replace('-', "").contains("UTF8"))
}
