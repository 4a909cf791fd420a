//! How long reading a site takes: `cargo bench -p charter-gates --bench page_weight -- [<folder> [<gate>…]]`.
//!
//! Without a folder it reads a made-up site of 5,000 pages that share some scripts, and without gates it weighs pages
//! alone. Several gates run one after the other.

use std::collections::BTreeMap;
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
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let site = match arguments.next() {
        Some(folder) => PathBuf::from(folder),
        None => make_up(made_up.path())?,
    };
    let mut gates: Vec<String> = arguments.collect();
    if gates.is_empty() {
        gates.push("page-weight".to_owned());
    }
    let host = Host::system(Environment::default());
    let setup = Setup { host: &host, root: &site, secrets: &Secrets::default() };

    let started = Instant::now();
    let artifact = Arc::new(Artifact::read(&site, None, &Scope::default())?);
    println!("read {} files in {:.2?}", artifact.files.len(), started.elapsed());
    let subject = Subject { artifact: Some(artifact), ..Subject::new(&site) };
    for id in gates {
        let gate = charter_gates::standard().build(&id, serde_json::json!({}), &setup)?;
        let started = Instant::now();
        let inspection = gate.inspect(&subject, &Scope::default()).await?;
        let took = started.elapsed();
        if let Inspection::Looked { findings, measures, looked_at } = inspection {
            println!("{id} looked at {:?} in {took:.2?}: {} findings", looked_at.counts, findings.len());
            let mut codes: BTreeMap<&str, u64> = BTreeMap::new();
            findings.iter().for_each(|finding| *codes.entry(&finding.code).or_default() += 1);
            codes.iter().for_each(|(code, count)| println!("  {count} {code}"));
            measures.iter().for_each(|measure| println!("  {} {} ({})", measure.name, measure.value, measure.subject));
        }
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
