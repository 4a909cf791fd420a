//! How long looking for secrets takes, beside kingfisher:
//! `cargo bench -p charter-gates --bench secrets -- <folder> [<kingfisher's program>]`.
//!
//! The folder is copied by hard links, and a few files with secrets are added. Without a folder the documentation of
//! Rust is taken, where rustup installed it. The same files are then looked through as a commit. What both programs
//! find in the added files is compared.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use charter_artifact::Artifact;
use charter_deploy_model::{Finding, Inspection};
use charter_gates::{Gate, Source, Subject};
use charter_host::{Command, Environment, Host, Processes, Scope, Secrets, Setup, SystemProcesses};
use charter_repository::Repository;

const LIMIT: Duration = Duration::from_secs(600);

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).filter(|argument| argument != "--bench").map(PathBuf::from);
    let folder = match arguments.next() {
        Some(folder) => folder,
        None => documentation().await?,
    };
    let copy = tempfile::tempdir_in(folder.parent().unwrap_or(&folder))?;
    let site = copy.path().join("site");
    call("cp", &["-al", &folder.to_string_lossy(), &site.to_string_lossy()]).await?;
    let planted = plant(&site)?;

    let host = Host::system(Environment::default());
    let setup = Setup { host: &host, root: &site, secrets: &Secrets::default() };
    let gate = charter_gates::standard().build("secrets", serde_json::json!({}), &setup)?;
    let artifact = Arc::new(Artifact::read(&site, None, &Scope::default())?);
    let subject = Subject { artifact: Some(artifact), ..Subject::new(&site) };
    let (findings, took, bytes) = best(gate.as_ref(), &subject).await?;
    println!("charter     {took:>8.2?}  {:>5.0} MB/s  {} findings", rate(bytes, took), findings.len());
    let found = |file: &str| findings.iter().any(|finding: &Finding| finding.subject == file);
    println!("            of {} planted {} found", planted.len(), planted.iter().filter(|file| found(file)).count());

    let place = site.to_string_lossy();
    let git = ["-C", &place, "-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
    for arguments in [&["init", "--quiet"][..], &["add", "--all", "--force"], &["commit", "--quiet", "--message=All"]] {
        call("git", &[&git[..], arguments].concat()).await?;
    }
    let repository = Repository::discover(&site)?;
    let commit = repository.head()?.hash;
    let source = Subject { source: Some(Source { repository, commit }), ..Subject::new(&site) };
    let (found_there, took_there, bytes_there) = best(gate.as_ref(), &source).await?;
    let rate_there = rate(bytes_there, took_there);
    println!("its commit  {took_there:>8.2?}  {rate_there:>5.0} MB/s  {} findings", found_there.len());
    fs::remove_dir_all(site.join(".git"))?;

    let Some(program) = arguments.next() else { return Ok(()) };
    let program = program.to_string_lossy();
    let scan = ["scan", &site.to_string_lossy(), "--no-validate", "--no-update-check", "--format", "json"];
    call(&program, &scan).await?;
    let started = Instant::now();
    let printed = call(&program, &scan).await?;
    let theirs = started.elapsed();
    println!("kingfisher  {theirs:>8.2?}  {:>5.0} MB/s", rate(bytes, theirs));
    println!("            {:.1} times as long", theirs.as_secs_f64() / took.as_secs_f64());
    let named = |file: &String| printed.contains(&format!("/{file}\""));
    let theirs: BTreeSet<&String> = planted.iter().filter(|file| named(file)).collect();
    println!("            of {} planted {} found", planted.len(), theirs.len());
    for file in &planted {
        match (found(file), theirs.contains(file)) {
            (true, false) => println!("only charter finds {file}"),
            (false, true) => println!("only kingfisher finds {file}"),
            (false, false) => println!("neither finds {file}"),
            (true, true) => {}
        }
    }
    Ok(())
}

/// Looks three times, and returns what was found, the shortest time, and how many bytes were looked through.
async fn best(gate: &dyn Gate, subject: &Subject) -> Result<(Vec<Finding>, Duration, u64), Box<dyn Error>> {
    let mut best = (Vec::new(), Duration::MAX, 0);
    for _ in 0..3 {
        let started = Instant::now();
        let inspection = gate.inspect(subject, &Scope::default()).await?;
        let took = started.elapsed();
        let Inspection::Looked { findings, looked_at, .. } = inspection else { return Err("it did not look".into()) };
        best = (findings, took.min(best.1), looked_at.counts["bytes"]);
    }
    Ok(best)
}

fn rate(bytes: u64, took: Duration) -> f64 {
    bytes as f64 / 1e6 / took.as_secs_f64()
}

async fn documentation() -> Result<PathBuf, Box<dyn Error>> {
    let root = call("rustc", &["--print", "sysroot"]).await?;
    Ok(Path::new(root.trim()).join("share/doc/rust/html"))
}

#[expect(clippy::disallowed_methods, reason = "it is a program")]
async fn call(program: &str, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let environment: Environment = std::env::vars_os().collect();
    let command = Command::new(program, arguments.iter().copied(), Path::new("."), environment, LIMIT);
    let output = SystemProcesses.run(&command, &Scope::default()).await?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Writes one secret to a file, for a dozen sorts, and returns the files' names.
fn plant(site: &Path) -> std::io::Result<Vec<String>> {
    let mut state = 7_u64;
    let mut letters = |count: usize, alphabet: &[u8]| -> String {
        let next = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(alphabet[(state >> 33) as usize % alphabet.len()])
        };
        (0..count).map(next).collect()
    };
    let any = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let hex = b"0123456789abcdef";
    let body = letters(30, any);
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut checksum = String::new();
    for _ in 0..6 {
        checksum.insert(0, char::from(digits[(rest % 62) as usize]));
        rest /= 62;
    }
    let key = letters(64, any);
    let secrets = [
        ("github.js", format!("const token = \"ghp_{body}{checksum}\";")),
        ("npm.txt", format!("npm_{body}{checksum}")),
        ("gitlab.yml", format!("token: glpat-{}", letters(20, any))),
        (
            "slack.js",
            format!(
                "post(\"xoxb-{}-{}-{}\")",
                letters(12, b"0123456789"),
                letters(13, b"0123456789"),
                letters(24, any)
            ),
        ),
        ("stripe.js", format!("stripe(\"sk_live_{}\")", letters(24, any))),
        ("sendgrid.js", format!("mail(\"SG.{}.{}\")", letters(22, any), letters(43, any))),
        ("google.js", format!("map(\"AIza{}\")", letters(35, any))),
        ("digitalocean.txt", format!("dop_v1_{}", letters(64, hex))),
        ("shopify.txt", format!("shpat_{}", letters(32, hex))),
        ("databricks.txt", format!("dapi{}", letters(32, hex))),
        ("docker.txt", format!("dckr_pat_{}", letters(27, any))),
        ("pypi.txt", format!("pypi-AgEIcHlwaS5vcmc{}", letters(80, any))),
        ("anthropic.txt", format!("sk-ant-api03-{}AA", letters(93, any))),
        (
            "aws.txt",
            format!(
                "aws_access_key_id=AKIA{}\naws_secret_access_key={}\n",
                letters(16, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
                letters(40, any)
            ),
        ),
        ("pem.txt", format!("-----BEGIN RSA PRIVATE KEY-----\n{key}\n{key}\n-----END RSA PRIVATE KEY-----\n")),
        ("database.txt", format!("postgres://shop:{}@db.internal.net:5432/orders", letters(16, any))),
        (
            "webhook.txt",
            format!(
                "https://hooks.slack.com/services/T{}/B{}/{}",
                letters(9, b"ABCDEFGHIJ0123456789"),
                letters(9, b"ABCDEFGHIJ0123456789"),
                letters(24, any)
            ),
        ),
        ("jwt.txt", format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4iLCJhZG1pbiI6dHJ1ZX0.{}", letters(43, any))),
        ("age.txt", format!("AGE-SECRET-KEY-1{}", letters(58, b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"))),
        ("password.js", format!("const options = {{ password: \"{}\" }};", letters(18, any))),
    ];
    let mut names = Vec::new();
    for (name, content) in secrets {
        let name = format!("planted-{name}");
        fs::write(site.join(&name), content)?;
        names.push(name);
    }
    Ok(names)
}
