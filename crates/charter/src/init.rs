//! A first `charter.toml`, written from what is in the project.
//!
//! [`detect`] looks, [`render`] says it as a commented file, [`write`](write()) puts it there. Nothing is run, and a
//! configuration that is there is never overwritten.
//!
//! ```
//! use charter::init;
//!
//! let project = tempfile::tempdir()?;
//! std::fs::create_dir(project.path().join("public"))?;
//! std::fs::write(project.path().join("public/index.html"), "<h1>Welcome</h1>")?;
//!
//! let proposal = init::detect(project.path())?;
//! assert_eq!(proposal.output, "public");
//! assert!(init::render(&proposal).contains("output = \"public\""));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::io;
use std::path::{Path, PathBuf};

use charter_host::durable::{self, Appender, DurableError};
use serde_json::Value;

use crate::config;

/// What a first configuration would say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What was found, such as `an Astro site`.
    pub found: String,
    /// The application's name.
    pub name: String,
    /// Where its users find it, where the project says so.
    pub homepage: Option<String>,
    /// What it is, where the project says so.
    pub description: Option<String>,
    /// How it is built; absent when its files are shown as they are.
    pub build: Option<BuildProposal>,
    /// The folder with the finished site, relative to the project.
    pub output: String,
    /// The folder of the docroot, relative to the project.
    pub docroot: String,
    /// Lines for `.gitignore`.
    pub ignore: Vec<String>,
    /// What its author should know or decide, one sentence each.
    pub notes: Vec<String>,
}

/// How a site is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildProposal {
    /// The program and arguments that install dependencies.
    pub install: Vec<String>,
    /// The lock file, where there is one.
    pub lock_file: Option<String>,
    /// The program and arguments that build.
    pub command: Vec<String>,
    /// Files that git does not have and the build needs.
    pub carry: Vec<String>,
}

/// Why no configuration was proposed or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// There is no site in the project.
    #[error("found no site in `{}`", root.display())]
    NothingFound {
        /// Where it was looked for.
        root: PathBuf,
    },
    /// The pages lie at the top of the project, beside what must not be shown.
    #[error("the pages lie at the top of `{}`, beside everything else", root.display())]
    AtTheTop {
        /// The project.
        root: PathBuf,
    },
    /// It is a program that answers requests, not a folder of files.
    #[error("`{}` needs a server of its own", evidence.display())]
    NeedsServer {
        /// The file that says so.
        evidence: PathBuf,
    },
    /// It is a container, and there is no site beside it.
    #[error("`{}` describes a container, and containers cannot be deployed yet", dockerfile.display())]
    Container {
        /// The file that says so.
        dockerfile: PathBuf,
    },
    /// A file that says what the project is cannot be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `package.json` is not JSON.
    #[error("`{}` is not JSON", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// There is a configuration; it is left as it is.
    #[error("there is a `{}` already", path.display())]
    AlreadyThere {
        /// Which.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("could not write the configuration")]
    NotWritten {
        /// Why.
        #[from]
        source: DurableError,
    },
}

impl InitError {
    /// Returns what to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NothingFound { .. } => Some(format!(
                "put the pages into `public/`, with an `index.html` at its top; these are looked for: a `package.json` \
                 with astro, vite, eleventy or next, and the folders {}",
                FOLDERS.map(|folder| format!("`{folder}/`")).join(", ")
            )),
            Self::AtTheTop { .. } => {
                Some("move them into a folder of their own, such as `public/`, then run `init` again".to_owned())
            }
            Self::NeedsServer { .. } => Some(
                "set `output: 'export'` in Next's configuration to make it a folder of files; servers come with \
                 containers, later"
                    .to_owned(),
            ),
            Self::Container { .. } => Some(
                "only static sites can be deployed for now: build one into `public/` or `dist/`, then run `init` again"
                    .to_owned(),
            ),
            Self::AlreadyThere { .. } => {
                Some("edit it, or move it away and run `init` again to get a new one".to_owned())
            }
            Self::NotWritten { source } => source.help().map(str::to_owned),
            Self::Unreadable { .. } | Self::Malformed { .. } => None,
        }
    }
}

/// Where finished sites usually lie, the likeliest first.
const FOLDERS: [&str; 5] = ["public", "dist", "docs", "_site", "build"];

/// What is recognised by a dependency: the package, what it makes, the command without a script, and the output.
const GENERATORS: [(&str, &str, &str, &str); 4] = [
    ("astro", "an Astro site", "astro build", "dist"),
    ("@11ty/eleventy", "an Eleventy site", "eleventy", "_site"),
    ("next", "a Next.js export", "next build", "out"),
    ("vite", "a Vite site", "vite build", "dist"),
];

/// The package managers, by their lock file: the installation, and what runs a script and a program of a dependency.
const MANAGERS: [(&str, &str, &str, &str); 4] = [
    ("pnpm-lock.yaml", "pnpm install --frozen-lockfile", "pnpm run", "pnpm exec"),
    ("yarn.lock", "yarn install --frozen-lockfile", "yarn run", "yarn run"),
    ("npm-shrinkwrap.json", "npm ci", "npm run", "npx --no-install"),
    ("package-lock.json", "npm ci", "npm run", "npx --no-install"),
];

/// Returns a configuration for the site in `root`.
///
/// A generator named in `package.json` counts first, then a folder with an `index.html`, then a Dockerfile.
///
/// # Errors
/// When there is nothing that can be deployed, or a file that would say so cannot be read.
pub fn detect(root: &Path) -> Result<Proposal, InitError> {
    let package = package(root)?;
    if let Some(proposal) = generated(root, &package)? {
        return Ok(proposal);
    }
    if let Some(folder) = FOLDERS.into_iter().find(|folder| root.join(folder).join("index.html").is_file()) {
        return Ok(proposal(root, &package, format!("finished pages in `{folder}/`"), None, folder));
    }
    let dockerfile = root.join("Dockerfile");
    if dockerfile.is_file() {
        return Err(InitError::Container { dockerfile });
    }
    match root.join("index.html").is_file() {
        true => Err(InitError::AtTheTop { root: root.to_owned() }),
        false => Err(InitError::NothingFound { root: root.to_owned() }),
    }
}

/// Returns the content of `package.json`, or null when there is none.
fn package(root: &Path) -> Result<Value, InitError> {
    match read(root.join("package.json"))? {
        Some((path, text)) => {
            let text = text.trim_start_matches('\u{feff}');
            serde_json::from_str(text).map_err(|source| InitError::Malformed { path, source })
        }
        None => Ok(Value::Null),
    }
}

fn read(path: PathBuf) -> Result<Option<(PathBuf, String)>, InitError> {
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(InitError::Unreadable { path, source }),
    }
}

/// Returns the configuration of a site that a known generator builds.
fn generated(root: &Path, package: &Value) -> Result<Option<Proposal>, InitError> {
    let depends = |name: &str| {
        ["dependencies", "devDependencies"].iter().any(|kind| package.get(kind).and_then(|all| all.get(name)).is_some())
    };
    let Some((generator, found, program, output)) = GENERATORS.into_iter().find(|(name, ..)| depends(name)) else {
        return Ok(None);
    };
    if generator == "next" {
        refuse_next_server(root)?;
    }

    let mut notes = Vec::new();
    let manager = MANAGERS.into_iter().find(|(lock_file, ..)| root.join(lock_file).is_file());
    let (install, run, execute) = match manager {
        // Yarn 2 and later have a configuration file, and another word for the same thing.
        Some(("yarn.lock", ..)) if root.join(".yarnrc.yml").is_file() => {
            ("yarn install --immutable", "yarn run", "yarn run")
        }
        Some((_, install, run, execute)) => (install, run, execute),
        None => {
            notes.push(
                "There is no lock file: two builds of one commit may differ. Commit one, then use `npm ci`.".to_owned(),
            );
            ("npm install", "npm run", "npx --no-install")
        }
    };
    let command = match package.pointer("/scripts/build") {
        Some(_) => format!("{run} build"),
        None => format!("{execute} {program}"),
    };
    let carry: Vec<String> = [".env"].into_iter().filter(|name| root.join(name).is_file()).map(str::to_owned).collect();
    if root.join("Dockerfile").is_file() {
        notes.push("The Dockerfile is not used: the site is deployed as files.".to_owned());
    }

    let words = |line: &str| line.split(' ').map(str::to_owned).collect();
    let build = BuildProposal {
        install: words(install),
        lock_file: manager.map(|(lock_file, ..)| lock_file.to_owned()),
        command: words(&command),
        carry,
    };
    let mut proposal = proposal(root, package, found.to_owned(), Some(build), output);
    proposal.notes.extend(notes);
    Ok(Some(proposal))
}

/// Next makes a folder of files only when its configuration says `output: 'export'`.
fn refuse_next_server(root: &Path) -> Result<(), InitError> {
    for name in ["next.config.js", "next.config.mjs", "next.config.ts", "next.config.cjs"] {
        if let Some((path, text)) = read(root.join(name))? {
            let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            let exports = ["output:'export'", "output:\"export\"", "output:`export`"];
            return match exports.iter().any(|words| squeezed.contains(words)) {
                true => Ok(()),
                false => Err(InitError::NeedsServer { evidence: path }),
            };
        }
    }
    Err(InitError::NeedsServer { evidence: root.join("package.json") })
}

fn proposal(root: &Path, package: &Value, found: String, build: Option<BuildProposal>, output: &str) -> Proposal {
    let text = |key: &str| package.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let folder = root.file_name().map(|name| name.to_string_lossy().into_owned());
    // `@team/site` is the package `site` of a team.
    let name = text("name").and_then(|name| name.rsplit('/').next()).map(str::to_owned).or(folder);
    Proposal {
        found,
        name: name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "site".to_owned()),
        homepage: text("homepage").filter(|text| config::is_web_address(text)).map(str::to_owned),
        description: text("description").map(str::to_owned),
        build,
        output: output.to_owned(),
        docroot: "production/site".to_owned(),
        ignore: vec!["production/".to_owned()],
        notes: vec![
            "A docroot in `production/` is for a trial, as `git clean -fdx` removes it: later give one outside."
                .to_owned(),
        ],
    }
}

/// Returns the text of a `charter.toml` that says what is proposed, with comments on what else could be said.
#[must_use]
pub fn render(proposal: &Proposal) -> String {
    let mut lines = vec![
        format!("# How this project is deployed: {}.", single_line(&proposal.found)),
        "# Paths are relative to this file's folder. Secrets are named here, never written.".to_owned(),
    ];
    lines.extend(proposal.notes.iter().map(|note| format!("# {}", single_line(note))));

    lines.extend(["".to_owned(), "[application]".to_owned(), format!("name = {}", quoted(&proposal.name))]);
    lines.extend(proposal.description.iter().map(|text| format!("description = {}", quoted(text))));
    lines.push(match &proposal.homepage {
        Some(homepage) => format!("homepage = {}", quoted(homepage)),
        None => "# homepage = \"https://example.org/\"".to_owned(),
    });

    lines.extend(["".to_owned(), "[build]".to_owned()]);
    match &proposal.build {
        Some(build) => {
            lines.push("# Built in a clean checkout of the commit, outside this folder.".to_owned());
            lines.push(format!("install = {}", array(&build.install)));
            lines.extend(build.lock_file.iter().map(|name| format!("lock-file = {}", quoted(name))));
            lines.push(format!("command = {}", array(&build.command)));
            lines.push(format!("output = {}", quoted(&proposal.output)));
            if !build.carry.is_empty() {
                lines.push("# Not in git, and needed by the build.".to_owned());
                lines.push(format!("carry = {}", array(&build.carry)));
            }
            lines.push("# environment = { NODE_ENV = \"production\" }".to_owned());
            lines.push("# secrets = [{ env = \"API_TOKEN\" }]".to_owned());
        }
        None => {
            lines.push("# Nothing is built: the folder is shown as it is.".to_owned());
            lines.push(format!("output = {}", quoted(&proposal.output)));
        }
    }

    lines.push(format!(
        "
[constitution]
# strict: whatever is wrong, undecided or unknown blocks; standard: errors do; flexible: everything is only reported.
enforcement = \"strict\"

[environments.production]
# `<path>/current` is the live site: let any web server show that folder.
target = {{ kind = \"docroot\", path = {} }}
# The address at which users see it; without one it is verified on loopback.
# url = \"https://example.org/\"
# What must be so once a release is live; otherwise the release before it is shown again.
verify = {{ timeout-seconds = 30, checks = [{{ path = \"/\", status = 200 }}] }}
# Production branches are pushed there.
# branches = {{ remote = \"origin\" }}

# Budgets for the gates, which run with or without them.
# [gates.page-weight]
# max-script-bytes = 100_000

# A finding may stand for a while, for a reason.
# [[waivers]]
# code = \"page-weight/script\"
# subject = \"demo/**\"
# reason = \"the demo is being rewritten\"
# owner = \"the web team\"
# expires = \"2027-01-31\"",
        quoted(&proposal.docroot)
    ));
    lines.join("\n") + "\n"
}

fn single_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace(char::is_control, "")
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn array(words: &[String]) -> String {
    format!("[{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", "))
}

/// Writes the proposal's `charter.toml` and adds to `.gitignore` what is not in it; returns what was written.
///
/// # Errors
/// [`InitError::AlreadyThere`] when there is a `charter.toml`, and then nothing is changed;
/// [`InitError::NotWritten`] or [`InitError::Unreadable`] when a step fails, after which it can be called again.
pub fn write(root: &Path, proposal: &Proposal) -> Result<Vec<PathBuf>, InitError> {
    let path = root.join(config::FILE);
    if path.symlink_metadata().is_ok() {
        return Err(InitError::AlreadyThere { path });
    }
    // The configuration comes last: as long as it is not there, all of this can be done again.
    let mut written = Vec::new();
    written.extend(add_to_gitignore(root, &proposal.ignore)?);
    match durable::publish(&path, render(proposal).as_bytes()) {
        Err(error) if error.is_already_there() => return Err(InitError::AlreadyThere { path }),
        published => published?,
    }
    written.push(path);
    Ok(written)
}

fn add_to_gitignore(root: &Path, wanted: &[String]) -> Result<Option<PathBuf>, InitError> {
    let path = root.join(".gitignore");
    let text = read(path.clone())?.map(|(_, text)| text).unwrap_or_default();
    let missing: Vec<&str> = wanted
        .iter()
        .map(String::as_str)
        .filter(|wanted| !text.lines().any(|line| bare(line) == bare(wanted)))
        .collect();
    if missing.is_empty() {
        return Ok(None);
    }
    let separator = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Appender::open(&path)?.append(format!("{separator}{}\n", missing.join("\n")).as_bytes())?;
    Ok(Some(path))
}

/// `production/`, `/production` and `/production/` ignore the same folder at the top.
fn bare(line: &str) -> &str {
    line.trim().trim_matches('/')
}

#[cfg(test)]
mod tests;
