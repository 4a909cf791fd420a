//! Uses the gates without anything else of Charter: `cargo run -p own-gate --example alone -- dist`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use charter_artifact::Artifact;
use charter_gates::verdict::{Exceptions, Policy, judge};
use charter_gates::{Gate, RunOptions, Subject, run};
use charter_host::{Catalog, Environment, Host, Scope, Secrets, Setup};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "it is a program")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("name the folder to look at")?);
    let mut catalog: Catalog<dyn Gate> = Catalog::new("gate");
    catalog.register(&own_gate::META, own_gate::gate);

    let host = Host::system(Environment::default());
    let setup = Setup { host: &host, root: Path::new("."), secrets: &Secrets::default() };
    let gate: Arc<dyn Gate> = catalog.build("no-todo", serde_json::json!({}), &setup)?.into();
    let scope = Scope::default();
    let artifact = Arc::new(Artifact::read(&folder, None, &scope)?);
    let subject = Arc::new(Subject { artifact: Some(artifact), ..Subject::new(&folder) });

    let runs = run(&[gate], subject, &RunOptions::default(), &scope, |_| {}).await;
    let today = host.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut blocks = false;
    for run in runs {
        let report = judge(&Policy::default(), run.meta, run.outcome, &Exceptions::default(), today);
        println!("{}: {:?}", report.gate, report.verdict);
        report.findings.iter().for_each(|finding| println!("  {}", finding.message));
        blocks |= report.blocks;
    }
    Ok(if blocks { ExitCode::from(10) } else { ExitCode::SUCCESS })
}
