//! `gates import`: what others configured, as settings and waivers of ours.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use charter_deploy_model::{Failure, Waiver, exit};
use charter_gates::Source;
use charter_gates::import::{About, Became, ImportError, Imported, LARGEST, Setting, USUAL, ids, import};
use charter_gates::kinds::dependencies::names;
use charter_host::{Host, Scope, Secrets, Setup, durable};
use charter_repository::Repository;
use jiff::civil::Date;
use jiff::{Span, tz::TimeZone};
use serde_json::{Value, json};

use crate::args::Import;
use crate::commands::{Ended, Invocation};
use crate::config::{self, Config};
use crate::merge::{Merged, merge};
use crate::{Charter, open, usage};

/// How long a waiver holds of which nobody says how long, in days.
const DAYS: i32 = 90;

/// Stands for the owner where nobody is named.
const NOBODY: &str = "<who answers for it>";

pub(super) async fn run(invocation: &Invocation<'_>, asked: Import) -> Ended {
    let root = open::root(invocation.surroundings, &invocation.common)?;
    let config = open::configuration(invocation.charter, &root)?;
    let file = root.join(config::FILE);
    let broken = |what: &'static str| move |error: std::io::Error| open::broken(what, &error);
    let text = std::fs::read_to_string(&file).map_err(broken("the configuration cannot be read"))?;
    let host = Host::system(invocation.surroundings.environment.clone());
    let today = host.clock.now().to_zoned(TimeZone::UTC).date();

    let setup = Setup { host: &host, root: &root, secrets: &Secrets::default() };
    let read = read_all(&root, &asked.files)?;
    let about = about(&config, &read, &setup).await;
    let files = files(read, !asked.files.is_empty(), &about)?;
    let waivers = waivers(&files, &asked, today)?;
    let settings: Vec<Setting> = files.iter().flat_map(|file| file.settings()).cloned().collect();
    let accepts = |text: &str| accepts(invocation.charter, text, &setup);
    let merged = merge(&text, &settings, &waivers.given, &accepts);
    let is_new = merged.text != text;
    if asked.write && is_new {
        if asked.owner.is_none() && merged.added.iter().any(|block| block.contains(NOBODY)) {
            let next = ["cargo xtask gates import --write --owner <who answers for the waivers>"];
            return Err(usage("what is imported has waivers, and nobody answers for them", Vec::new(), &next));
        }
        let permissions = std::fs::metadata(&file).map(|metadata| metadata.permissions());
        durable::replace(&file, merged.text.as_bytes())
            .map_err(|error| open::broken("the configuration cannot be written", &error))?;
        permissions
            .and_then(|permissions| std::fs::set_permissions(&file, permissions))
            .map_err(broken("the configuration's permissions cannot be kept"))?;
    }
    let is_written = asked.write && is_new;
    invocation.output.result(
        || describe(&files, &waivers, &merged, is_written),
        || {
            let by_hand = merged.by_hand.iter().map(|(toml, because)| json!({ "toml": toml, "because": because }));
            json!({
                "v": 1, "files": files.iter().map(Foreign::to_json).collect::<Vec<_>>(), "written": is_written,
                "added": merged.added, "thereAlready": merged.there, "byHand": by_hand.collect::<Vec<_>>(),
                "ended": waivers.ended,
            })
        },
    );
    Ok(exit::DONE)
}

/// A file that was looked at.
struct Foreign {
    name: String,
    came_to: Result<Imported, ImportError>,
}

impl Foreign {
    fn settings(&self) -> &[Setting] {
        self.came_to.as_ref().map(|imported| imported.settings.as_slice()).unwrap_or_default()
    }

    fn to_json(&self) -> Value {
        match &self.came_to {
            Ok(imported) => {
                let lines = imported.lines.iter().map(|line| match &line.became {
                    Became::Taken(what) => json!({ "foreign": line.foreign, "taken": what }),
                    Became::Left(why) => json!({ "foreign": line.foreign, "left": why }),
                });
                json!({ "file": self.name, "lines": lines.collect::<Vec<_>>() })
            }
            Err(error) => json!({ "file": self.name, "refused": error.to_string(), "next": error.help() }),
        }
    }
}

/// A file's name, and its content.
type Read = (String, Vec<u8>);

/// Reads the files that are named, or those that are usual and there.
fn read_all(root: &Path, named: &[PathBuf]) -> Result<Vec<Read>, Failure> {
    let names: Vec<String> = match named {
        [] => USUAL.iter().filter(|name| root.join(name).is_file()).map(|&name| name.to_owned()).collect(),
        named => named.iter().map(|path| path.display().to_string()).collect(),
    };
    let one = |name: String| match read(&root.join(&name)) {
        Ok(content) => Ok((name, content)),
        Err(why) => {
            let next = "name a file of the project, relative to its folder";
            Err(usage(format!("`{name}` cannot be read"), vec![why], &[next]))
        }
    };
    names.into_iter().map(one).collect()
}

/// Returns what is known of the project: what is built, and what its weaknesses are called.
async fn about(config: &Config, read: &[Read], setup: &Setup<'_>) -> About {
    let output = config.build.output.to_str().map(str::to_owned);
    let texts = read.iter().map(|(_, content)| String::from_utf8_lossy(content));
    let ids = texts.flat_map(|text| ids(&text)).collect::<BTreeSet<String>>();
    let section = config.gates.get("dependencies").cloned().unwrap_or_else(|| json!({}));
    let source = Repository::discover(setup.root).and_then(|repository| {
        let commit = repository.head()?.hash;
        Ok(Source { repository, commit })
    });
    let (Ok(section), Ok(source), false) = (serde_json::from_value(section), source, ids.is_empty()) else {
        return About { output, ..About::default() };
    };
    // Without them, what cannot be told is left, and that is said.
    let names = names(ids, section, setup, &source, &Scope::default()).await.unwrap_or_default();
    About { output, names }
}

/// Takes the files over; one that is not named and cannot be is told of.
fn files(read: Vec<Read>, are_named: bool, about: &About) -> Result<Vec<Foreign>, Failure> {
    let mut files = Vec::new();
    for (name, content) in read {
        let came_to = import(&name, &content, about);
        if let (Err(error), true) = (&came_to, are_named) {
            return Err(usage(error.to_string(), Vec::new(), &[error.help().as_str()]));
        }
        // Most projects have one, and few say how much theirs may weigh in it.
        let is_nothing = |imported: &Imported| imported.lines.iter().all(|line| line.foreign == name);
        if are_named || name != "package.json" || !came_to.as_ref().is_ok_and(is_nothing) {
            files.push(Foreign { name, came_to });
        }
    }
    if files.is_empty() {
        let next = "name a file, such as `cargo xtask gates import config/lighthouserc.json`";
        return Err(usage("there is nothing here that could be imported", Vec::new(), &[next]));
    }
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    // One byte more than is taken, so that what is too long is told from what is just not.
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(LARGEST + 1).read_to_end(&mut content).map_err(|error| error.to_string())?;
    Ok(content)
}

/// The waivers of all files.
struct Waivers {
    given: Vec<Waiver>,
    /// Those whose day has passed.
    ended: Vec<String>,
    /// The day on which those end of which nobody says when.
    by_default: Option<Date>,
}

fn waivers(files: &[Foreign], asked: &Import, today: Date) -> Result<Waivers, Failure> {
    if asked.expires.is_some_and(|expires| expires < today) {
        return Err(usage("`--expires` is a day that has passed", Vec::new(), &["give a day that is still to come"]));
    }
    let by_default = asked.expires.or_else(|| today.checked_add(Span::new().days(DAYS)).ok()).unwrap_or(Date::MAX);
    let mut waivers = Waivers { given: Vec::new(), ended: Vec::new(), by_default: None };
    for Foreign { name, came_to } in files {
        for one in came_to.iter().flat_map(|imported| &imported.waivers) {
            if let Some(expires) = one.expires.filter(|expires| *expires < today) {
                let of = one.subject.as_deref().unwrap_or("everything");
                waivers.ended.push(format!("{name}: `{}` for `{of}`, which ended on {expires}", one.code));
                continue;
            }
            if waivers.given.iter().any(|other| other.code == one.code && other.subject == one.subject) {
                continue;
            }
            if one.expires.is_none() {
                waivers.by_default = Some(by_default);
            }
            let reason = one.reason.clone();
            waivers.given.push(Waiver {
                code: one.code.to_owned(),
                subject: one.subject.clone(),
                reason: reason.unwrap_or_else(|| format!("imported from {name}: no reason was given there")),
                owner: asked.owner.clone().unwrap_or_else(|| NOBODY.to_owned()),
                expires: one.expires.unwrap_or(by_default),
            });
        }
    }
    Ok(waivers)
}

/// Says whether a text is a configuration that every gate can be built from.
fn accepts(charter: &Charter, text: &str, setup: &Setup<'_>) -> Result<(), String> {
    let config = config::parse(text, Path::new(config::FILE), &charter.schema())
        .map_err(|error| error.problems().first().map_or_else(|| error.to_string(), ToString::to_string))?;
    for (id, section) in config.gates {
        charter.gates.build(&id, section, setup).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn describe(files: &[Foreign], waivers: &Waivers, merged: &Merged, is_written: bool) -> String {
    let mut text = String::new();
    for Foreign { name, came_to } in files {
        text.push_str(&format!("{name}\n"));
        match came_to {
            Ok(imported) => {
                for line in &imported.lines {
                    text.push_str(&match &line.became {
                        Became::Taken(what) => format!("  ✓ {}: taken over as {what}\n", line.foreign),
                        Became::Left(why) => format!("  – {}: not taken over, because {why}\n", line.foreign),
                    });
                }
            }
            Err(error) => text.push_str(&format!("  ✗ not taken over: {error}; {}\n", error.help())),
        }
        text.push('\n');
    }
    for ended in &waivers.ended {
        text.push_str(&format!("Not waived any more: {ended}.\n"));
    }
    if merged.there > 0 {
        text.push_str(&format!("{} of these were in {} already.\n", merged.there, config::FILE));
    }
    for (block, because) in &merged.by_hand {
        text.push_str(&format!("Look at it by hand, because {because}:\n\n{block}\n"));
    }
    let added = merged.added.join("\n");
    match (merged.added.is_empty(), is_written) {
        (true, _) => text.push_str(&format!("There is nothing to add to {}.\n", config::FILE)),
        (false, true) => text.push_str(&format!("Added to {}; look at it, and commit it:\n\n{added}", config::FILE)),
        (false, false) => {
            text.push_str(&format!("To add to {} (`--write` does it):\n\n{added}", config::FILE));
        }
    }
    if let Some(day) = waivers.by_default.filter(|_| !merged.added.is_empty()) {
        text.push_str(&format!("\nWaivers without an end of their own end on {day}; `--expires` says otherwise.\n"));
    }
    text
}
