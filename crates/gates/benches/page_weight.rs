//! How long weighing a site takes: `cargo bench -p charter-gates --bench page_weight -- <folder>`.
//!
//! Without a folder it weighs a made-up site of 5,000 pages that share some scripts.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use charter_artifact::Artifact;
use charter_deploy_model::Inspection;
use charter_gates::Subject;
use charter_host::{Environment, Host, Scope, Secrets, Setup};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> Result<(), Box<dyn Error>> {
    let made_up = tempfile::tempdir()?;
    let named = std::env::args_os().skip(1).find(|argument| argument != "--bench").map(PathBuf::from);
    let site = match named {
        Some(folder) => folder,
        None => make_up(made_up.path())?,
    };
    let host = Host::system(Environment::default())?;
    let setup = Setup { host: &host, root: &site, secrets: &Secrets::default() };
    let gate = charter_gates::standard().build("page-weight", serde_json::json!({}), &setup)?;

    let started = Instant::now();
    let artifact = Arc::new(Artifact::read(&site, None, &Scope::default())?);
    println!("read {} files in {:.2?}", artifact.files.len(), started.elapsed());
    let subject =
        Subject { artifact: Some(artifact), ..Subject::new(site) };
    let started = Instant::now();
    let inspection = gate.inspect(&subject, &Scope::default()).await?;
    let took = started.elapsed();
    if let Inspection::Looked { findings, measures, looked_at } = inspection {
        println!("looked at {:?} in {took:.2?}: {} findings", looked_at.counts, findings.len());
        measures.iter().for_each(|measure| println!("  {} {} ({})", measure.name, measure.value, measure.subject));
    }
    Ok(())
}

fn make_up(folder: &Path) -> std::io::Result<PathBuf> {
    let text: String = (0..2_000).map(|word| format!("word{} ", word * word % 997)).collect();
    for script in 0..40 {
        fs::write(folder.join(format!("{script}.js")), format!("export const n = {script};\n{text}").repeat(10))?;
    }
    for page in 0..5_000 {
        let scripts: String = (0..5).map(|n| format!("<script src=/{}.js></script>", (page + n) % 40)).collect();
        fs::write(folder.join(format!("{page}.html")), format!("<!doctype html>{scripts}<p>{page} {text}"))?;
    }
    Ok(folder.to_owned())
}
