//! The gates: the whole command on a site of a thousand pages and on the whole documentation, cold and again.

use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::peers::{of_npm, peak_of};
use super::{ROUNDS, flush, median, remove, row, seconds, succeed, timed};
use crate::chore::program;

/// Parts of the documentation that have a thousand pages between them.
const THOUSAND_PAGES: [&str; 3] = ["unstable-book", "nomicon", "test"];

/// A git project whose site is a folder that nobody builds.
struct Project {
    folder: PathBuf,
}

impl Project {
    fn new(folder: PathBuf, site: &Path) -> Result<Self> {
        remove(&folder)?;
        fs::create_dir_all(&folder)?;
        let configuration = format!(
            "[application]\nname = \"docs\"\n[build]\noutput = {:?}\n[constitution]\nenforcement = \"flexible\"\n\
             [environments.production]\ntarget = {{ kind = \"docroot\", path = \"production/site\" }}\n",
            site.display().to_string()
        );
        fs::write(folder.join("charter.toml"), configuration)?;
        fs::write(folder.join(".gitignore"), "/production/\n/home/\n")?;
        let project = Self { folder };
        for arguments in
            [&["init", "--quiet"][..], &["add", "--all"], &["commit", "--quiet", "--message", "Publish the docs"]]
        {
            let names = ["-c", "user.name=Bench", "-c", "user.email=bench@localhost"];
            succeed(program("git").current_dir(&project.folder).args(names).args(arguments))?;
        }
        Ok(project)
    }

    /// Describes the program judging this project; what it finds is not the point here.
    fn judging(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = program(std::env::current_exe()?);
        command.args(["gates", "run"]).args(arguments).args(["--format", "json", "--project"]).arg(&self.folder);
        command.env("XDG_DATA_HOME", self.folder.join("home")).env("XDG_CACHE_HOME", self.folder.join("home"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }

    fn forget(&self) -> Result<()> {
        remove(&self.folder.join("home"))
    }

    fn took(&self, arguments: &[&str]) -> Result<Duration> {
        timed(|| {
            let code = self.judging(arguments)?.status()?.code();
            // Blocked, inconclusive or nothing wrong: it did judge.
            if matches!(code, Some(0 | 10 | 18)) {
                Ok(())
            } else {
                Err(Error::other(format!("it ended with {code:?}")))
            }
        })
    }
}

pub(super) fn measure(documentation: &Path, work: &Path) -> Result<()> {
    let site = work.join("thousand");
    for part in THOUSAND_PAGES {
        fs::create_dir_all(&site)?;
        succeed(program("cp").arg("-r").arg(documentation.join(part)).arg(&site))?;
    }
    let project = Project::new(work.join("thousand-project"), &site)?;
    let statics = ["links", "html", "page-weight"];
    let (mut cold, mut again, mut start) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        project.forget()?;
        let first = project.took(&statics)?;
        project.took(&[])?;
        let second = project.took(&[])?;
        let only = project.took(&["branches"])?;
        if round > 0 {
            cold.push(first);
            again.push(second);
            start.push(only);
        }
    }
    let millis = |took: Vec<Duration>| format!("{:.0} ms", median(took).as_secs_f64() * 1000.0);
    let start = millis(start);
    let peer = format!("the command with one empty gate {start}");
    row("links, html, page-weight of 1,000 pages, cold", &millis(cold), &peer, "", "300 ms");
    row("all gates again, 1,000 pages, nothing changed", &millis(again), &peer, "", "20 ms");
    remove(&site)?;

    let project = Project::new(work.join("all-project"), documentation)?;
    let (mut cold, mut again) = (Vec::new(), Vec::new());
    let memory = peak_of(&mut project.judging(&[])?)?;
    for _ in 0..ROUNDS {
        project.forget()?;
        flush()?;
        cold.push(project.took(&[])?);
        again.push(project.took(&[])?);
    }
    row("all gates, 52,000 files, cold", &seconds(median(cold)), "", "", "");
    row("all gates again, 52,000 files, nothing changed", &seconds(median(again)), "", "", "2 s");
    row("all gates, 52,000 files, memory at its highest", &format!("{} MB", memory / 1000), "", "", "500 MB");
    Ok(())
}

/// The weight of a thousand files against size-limit, which weighs files by brotli too.
pub(super) fn weight(documentation: &Path, work: &Path) -> Result<()> {
    let site = work.join("weight");
    fs::create_dir_all(&site)?;
    let mut page = "<!doctype html><html lang=en><title>Weight</title>".to_owned();
    let scripts = scripts_of(documentation)?;
    for number in 0..1000 {
        let script = &scripts[number % scripts.len()];
        // A line of its own, so that none is known by its content.
        fs::write(site.join(format!("{number}.js")), format!("// {number}\n{script}"))?;
        page.push_str(&format!("<script src={number}.js></script>\n"));
    }
    fs::write(site.join("index.html"), page)?;
    let project = Project::new(work.join("weight-project"), &site)?;
    let limit = of_npm(&["size-limit", "@size-limit/file"], "size-limit")?;
    let config = r#"[{ "path": "*.js", "limit": "100 MB" }]"#;
    fs::write(site.join(".size-limit.json"), config)?;
    fs::write(site.join("package.json"), r#"{ "name": "weight", "devDependencies": { "@size-limit/file": "*" } }"#)?;
    let modules = limit.ancestors().nth(2).ok_or_else(|| Error::other("it is in a folder of modules"))?;
    std::os::unix::fs::symlink(modules, site.join("node_modules"))?;
    let (mut us, mut peer) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        fs::remove_file(site.join("node_modules"))?;
        project.forget()?;
        let ours = project.took(&["page-weight"])?;
        std::os::unix::fs::symlink(modules, site.join("node_modules"))?;
        let theirs = timed(|| succeed(program(&limit).current_dir(&site).arg("--json").stdout(Stdio::null())))?;
        if round > 0 {
            us.push(ours);
            peer.push(theirs);
        }
    }
    let (us, peer) = (median(us), median(peer));
    let ratio = format!("{:.3} ×", us.as_secs_f64() / peer.as_secs_f64());
    row("page weight of 1,000 scripts", &seconds(us), &format!("size-limit {}", seconds(peer)), &ratio, "0.1 ×");
    remove(&site)
}

/// Returns pieces of the documentation's scripts, as large as scripts of a page are.
fn scripts_of(documentation: &Path) -> Result<Vec<String>> {
    let mut pieces = Vec::new();
    for entry in fs::read_dir(documentation.join("static.files"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "js") {
            pieces.push(fs::read_to_string(path)?.chars().take(20_000).collect());
        }
    }
    if pieces.is_empty() { Err(Error::other("the documentation has no script")) } else { Ok(pieces) }
}
