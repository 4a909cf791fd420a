//! What the probes say of each server.

use charter_deploy_model::UptimeStatus;
use charter_host::{Environment, Host, Scope, Secrets, Setup};
use charter_monitor::Probe;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::cases::{Case, all};
use crate::names;

pub(crate) fn probe(kind: &str, section: &Value) -> Box<dyn Probe> {
    let host = Host::system(Environment::default());
    let setup = Setup { host: &host, root: std::path::Path::new("/"), secrets: &Secrets::default() };
    charter_monitor::standard().build(kind, section.clone(), &setup).unwrap()
}

/// Looks at every server at once, and returns what was seen in the order of the cases.
pub(crate) async fn look(cases: &[Case]) -> Vec<(UptimeStatus, Option<String>)> {
    let mut looks = JoinSet::new();
    for (number, case) in cases.iter().enumerate() {
        let probe = probe(case.kind, &case.section);
        looks.spawn(async move {
            let reading = probe.measure(&Scope::default()).await.unwrap();
            (number, reading)
        });
    }
    let mut seen = looks.join_all().await;
    seen.sort_by_key(|(number, _)| *number);
    for (number, reading) in &seen {
        if let Some(cause) = &reading.cause {
            println!("{}: {}: {}", cases[*number].name, cause.code, cause.message);
        }
    }
    seen.into_iter().map(|(_, reading)| (reading.status, reading.cause.map(|cause| cause.code))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_misbehaviour_has_its_verdict_and_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let cases = all(folder.path(), names::serve().await).await;
    assert!(cases.len() >= 40, "{}", cases.len());
    let mut wrong = Vec::new();
    for (case, (status, cause)) in cases.iter().zip(look(&cases).await) {
        if (status, cause.as_deref()) != (case.status, case.cause) {
            wrong.push(format!("{}: {status:?} {cause:?}, not {:?} {:?}", case.name, case.status, case.cause));
        }
    }
    assert!(wrong.is_empty(), "of {} cases:\n{}", cases.len(), wrong.join("\n"));
}
