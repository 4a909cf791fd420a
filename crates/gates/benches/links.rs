//! How long following all links takes: `cargo bench -p charter-gates --bench links -- <folder> [<folder to write to>]`.
//!
//! With a second folder it writes what it found there, a line a finding, to be compared with what others find. Where
//! the program `lychee` is installed, it is measured on the same folder.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use charter_artifact::Artifact;
use charter_deploy_model::Inspection;
use charter_gates::Subject;
use charter_host::{Environment, Host, Scope, Secrets, Setup};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).filter(|argument| argument != "--bench").map(PathBuf::from);
    let made_up = tempfile::tempdir()?;
    let site = match arguments.next() {
        Some(folder) => folder,
        None => make_up(made_up.path())?,
    };
    let host = Host::system(Environment::default());
    let setup = Setup { host: &host, root: &site, secrets: &Secrets::default() };
    let gate = charter_gates::standard().build("links", serde_json::json!({}), &setup)?;

    let started = Instant::now();
    let artifact = Arc::new(Artifact::read(&site, None, &Scope::default())?);
    println!("read {} files in {:.2?}", artifact.files.len(), started.elapsed());
    let subject = Subject { artifact: Some(artifact), ..Subject::new(&site) };
    let started = Instant::now();
    let inspection = gate.inspect(&subject, &Scope::default()).await?;
    let took = started.elapsed();
    let Inspection::Looked { findings, measures, looked_at } = inspection else { return Err("it did not look".into()) };
    println!("charter: {:.2} s, {} MB at the most", took.as_secs_f64(), peak_memory()? / 1000);
    println!("  looked at {:?}, {} findings", looked_at.counts, findings.len());
    measures.iter().for_each(|measure| println!("  {} {}", measure.name, measure.value));
    looked_at.undecided.iter().for_each(|line| println!("  {line}"));
    if let Some(folder) = arguments.next() {
        let lines: Vec<String> = findings.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        fs::write(folder.join("charter.jsonl"), lines.join("\n"))?;
    }
    match lychee(&site) {
        Ok((theirs, kilobytes)) => {
            println!("lychee: {:.2} s, {} MB at the most", theirs.as_secs_f64(), kilobytes / 1000);
            println!("ratio: {:.1} times as fast", theirs.as_secs_f64() / took.as_secs_f64());
        }
        Err(error) => println!("lychee was not measured: {error}"),
    }
    Ok(())
}

/// Returns this process's peak memory, in kB.
fn peak_memory() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.split_whitespace().next().ok_or("no figure")?.parse()?)
}

/// Runs lychee over the same folder, and returns how long it took and its peak memory in kB, as the program `time`
/// saw it.
#[expect(clippy::disallowed_methods, reason = "it is a program, and measures another")]
fn lychee(site: &Path) -> Result<(Duration, u64), Box<dyn Error>> {
    let mut command = Command::new("/usr/bin/time");
    command.args(["--format", "%e %M", "--quiet", "lychee"]);
    command.args(["--offline", "--include-fragments", "--no-progress", "--format", "json", "--output", "/dev/null"]);
    let output = command.arg(site).stdout(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    // 2 is its status when links are broken.
    if !matches!(output.status.code(), Some(0 | 2)) {
        return Err(format!("it ended with {}: {text}", output.status).into());
    }
    let figures = text.lines().last().and_then(|line| line.split_once(' ')).ok_or("`time` said nothing")?;
    Ok((Duration::from_secs_f64(figures.0.parse()?), figures.1.parse()?))
}

/// Makes a site of 1,000 pages that link to each other, with fragments.
fn make_up(folder: &Path) -> std::io::Result<PathBuf> {
    let text: String = (0..500).map(|word| format!("word{} ", word * word % 997)).collect();
    for page in 0..1_000 {
        let links: String = (0..60)
            .map(|n| format!("<li><a href=\"{}.html#part-{}\">{n}</a>\n", (page * 7 + n * 13) % 1_000, n % 20))
            .collect();
        let parts: String = (0..20).map(|n| format!("<h2 id=part-{n}>{n}</h2><p>{text}\n")).collect();
        fs::write(folder.join(format!("{page}.html")), format!("<!doctype html><title>{page}</title>{links}{parts}"))?;
    }
    Ok(folder.to_owned())
}
