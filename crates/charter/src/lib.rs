//! The commands as a library: catalogs, arguments, exit codes; your own xtask is one line over it.
//!
//! It is the only crate that reads arguments, the environment and the current directory; everything below it takes
//! values. It knows which kinds there are, because it puts the catalogs together, and nothing about how any of them
//! works.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! fn main() -> ExitCode {
//!     charter::Charter::new().run()
//! }
//! ```

mod args;
mod commands;
pub mod config;
mod incidents;
pub mod init;
mod merge;
mod open;
mod output;
mod recording;
mod showing;
mod signals;
mod silences;
mod watching;

use std::path::PathBuf;
use std::process::ExitCode;

use charter_deploy_model::{Failure, KindMeta, RecordKind, UsersSee, exit};
use charter_gates::{Gate, ratchet};
use charter_host::{Catalog, Environment};
use charter_monitor::Probe;
use charter_notify::Notifier;
use charter_targets::Target;
use clap::{CommandFactory, FromArgMatches};

use crate::args::Arguments;

/// A program that deploys: the standard kinds, yours beside them, and what it can be told to do.
#[derive(Debug)]
pub struct Charter {
    gates: Catalog<dyn Gate>,
    targets: Catalog<dyn Target>,
    probes: Catalog<dyn Probe>,
    notifiers: Catalog<dyn Notifier>,
    chores: Vec<Chore>,
}

/// A command of a repository's own.
#[derive(Debug, Clone, Copy)]
struct Chore {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> ExitCode,
}

impl Default for Charter {
    fn default() -> Self {
        Self::new()
    }
}

impl Charter {
    /// Makes a program with the standard kinds.
    #[must_use]
    pub fn new() -> Self {
        Self {
            gates: charter_gates::standard(),
            targets: charter_targets::standard(),
            probes: charter_monitor::standard(),
            notifiers: charter_notify::standard(),
            chores: Vec::new(),
        }
    }

    /// Adds gates of your own.
    #[must_use]
    pub fn gates(mut self, add: impl FnOnce(&mut Catalog<dyn Gate>) -> &mut Catalog<dyn Gate>) -> Self {
        add(&mut self.gates);
        self
    }

    /// Adds targets of your own.
    #[must_use]
    pub fn targets(mut self, add: impl FnOnce(&mut Catalog<dyn Target>) -> &mut Catalog<dyn Target>) -> Self {
        add(&mut self.targets);
        self
    }

    /// Adds probes of your own.
    #[must_use]
    pub fn probes(mut self, add: impl FnOnce(&mut Catalog<dyn Probe>) -> &mut Catalog<dyn Probe>) -> Self {
        add(&mut self.probes);
        self
    }

    /// Adds ways to tell people of your own.
    #[must_use]
    pub fn notifiers(mut self, add: impl FnOnce(&mut Catalog<dyn Notifier>) -> &mut Catalog<dyn Notifier>) -> Self {
        add(&mut self.notifiers);
        self
    }

    /// Adds a command of your own, which gets the arguments behind its name.
    #[must_use]
    pub fn chore(mut self, name: &'static str, about: &'static str, run: fn(&[String]) -> ExitCode) -> Self {
        self.chores.push(Chore { name, about, run });
        self
    }

    /// Runs with this process's arguments, environment and current directory.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let arguments: Vec<_> = std::env::args_os().collect();
        if let Some(chore) = arguments.get(1).and_then(|name| self.chores.iter().find(|chore| *name == *chore.name)) {
            let rest: Vec<String> = arguments[2..].iter().map(|text| text.to_string_lossy().into_owned()).collect();
            return (chore.run)(&rest);
        }
        let parsed =
            self.command().try_get_matches_from(arguments).and_then(|matches| Arguments::from_arg_matches(&matches));
        match parsed {
            Ok(arguments) => ExitCode::from(commands::run(&self, &surroundings(), arguments)),
            Err(error) => {
                let _ = error.print();
                ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::DONE })
            }
        }
    }

    /// Returns the files that are generated from the kinds and the records: path in the repository, and text.
    #[must_use]
    pub fn generated_files(&self) -> Vec<(String, String)> {
        let pretty = |value: &serde_json::Value| {
            let mut text = serde_json::to_string_pretty(value).expect("a JSON value has a JSON form");
            text.push('\n');
            text
        };
        let mut files = vec![("charter.schema.json".to_owned(), pretty(&self.schema()))];
        for kind in RecordKind::all() {
            let name = format!("schemas/{}.json", kind.schema.replace('/', "-"));
            files.push((name, pretty(kind.json_schema.as_value())));
        }
        let schema = self.schema();
        let judges: Vec<&KindMeta> = self.judges().collect();
        for kind in &judges {
            let is_gate = self.gates.kinds().any(|gate| gate.id == kind.id);
            let samples = is_gate.then(|| format!("../../crates/gates/samples/{}.md", kind.id));
            let section = &schema["properties"]["gates"]["properties"][kind.id];
            let page = charter_report::page::page(kind, section, samples.as_deref());
            files.push((format!("docs/gates/{}.md", kind.id), page));
        }
        files.push(("docs/gates/README.md".to_owned(), charter_report::page::index(&judges)));
        files
    }

    /// Returns the JSON Schema of `charter.toml` with these kinds.
    #[must_use]
    pub fn schema(&self) -> serde_json::Value {
        let mut generator = config::generator();
        let gates = self.gates.schema(&mut generator);
        let targets = self.targets.tagged_schema(&mut generator);
        let probes = self.probes.tagged_schema(&mut generator);
        let schema = config::with_codes(config::schema(gates, targets), self.judges().flat_map(|kind| kind.codes));
        let notify = charter_notify::Policy::schema(&self.notifiers, &mut generator);
        config::with_notifiers(config::with_probes(schema, probes), notify)
    }

    /// Returns what everything that judges says of itself: the gates, and the ratchet over their figures.
    fn judges(&self) -> impl Iterator<Item = &'static KindMeta> {
        self.gates.kinds().chain(std::iter::once(&ratchet::META))
    }

    fn command(&self) -> clap::Command {
        let mut command = Arguments::command();
        for chore in &self.chores {
            command = command.subcommand(clap::Command::new(chore.name).about(chore.about));
        }
        command
    }
}

/// What this process was started in.
#[derive(Debug)]
struct Surroundings {
    environment: Environment,
    folder: Option<PathBuf>,
    /// The program's own file.
    program: Option<PathBuf>,
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads them")]
fn surroundings() -> Surroundings {
    Surroundings {
        environment: std::env::vars_os().collect(),
        folder: std::env::current_dir().ok(),
        program: std::env::current_exe().ok(),
    }
}

/// Makes the failure of a command line or configuration that is wrong.
fn usage(what: impl Into<String>, why: Vec<String>, next: &[&str]) -> Failure {
    Failure {
        exit_code: exit::USAGE,
        what: what.into(),
        why,
        users_see: UsersSee::NotConcerned,
        next: next.iter().map(|&line| line.to_owned()).collect(),
    }
}
