//! What the program records, held against the schemas in the repository.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use charter_deploy_model::chain::{self, Link};
use charter_deploy_model::dora::dora;
use charter_deploy_model::{Environment, ProductionConfiguration, ProductionDeployment, Record, Window, flow};
use charter_tests::{Site, html};
use jsonschema::Validator;
use serde_json::Value;

use crate::PROGRAM;

/// Returns a site that was deployed, changed, deployed badly, and brought back.
fn lived_in() -> Site {
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    site.run(&["deploy"]).expect(0);
    site.write("public/index.html", html("Broken", "<h1>Broken</h1>"));
    site.commit("Break it");
    site.run(&["deploy"]).expect(13);
    let configuration = site.read("charter.toml");
    site.write("charter.toml", format!("{configuration}\n[gates.page-weight]\nmax-script-bytes = 90_000\n"));
    site.commit("Be stricter");
    site.run(&["rollback"]).expect(0);
    site
}

/// Returns the paths and texts of what is in the log, in its order.
fn logged(site: &Site) -> Vec<(String, String)> {
    let log = site.read("production/log/entries");
    let paths = log.lines().map(|line| line.split(' ').next().unwrap().to_owned());
    paths.map(|path| (path.clone(), site.read(&format!("production/{path}")))).collect()
}

fn committed_schema(kind: &str) -> Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../schemas/{}.json", kind.replace('/', "-")));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let schema: Value = serde_json::from_str(&text).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// Reads a record as its type and writes it again: nothing may get lost on the way.
fn read<R: Record>(path: &str, text: &str) -> R {
    let record: R = serde_json::from_str(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut again = serde_json::to_value(&record).unwrap();
    again["schema"] = R::SCHEMA.into();
    assert_eq!(again, serde_json::from_str::<Value>(text).unwrap(), "{path}");
    assert_eq!(record.path(), path);
    record
}

#[test]
fn every_record_of_a_sites_life_fits_its_schema_and_is_read_whole() {
    let site = lived_in();
    let (mut deployments, mut configurations) = (Vec::new(), Vec::new());
    let mut kinds = BTreeSet::new();
    for (path, text) in logged(&site) {
        let value: Value = serde_json::from_str(&text).unwrap();
        let kind = value["schema"].as_str().unwrap_or_else(|| panic!("{path} names no schema")).to_owned();
        let schema = committed_schema(&kind);
        let faults: Vec<String> =
            schema.iter_errors(&value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{path}: {faults:#?}");
        match kind.as_str() {
            ProductionDeployment::SCHEMA => deployments.push(read::<ProductionDeployment>(&path, &text)),
            ProductionConfiguration::SCHEMA => configurations.push(read::<ProductionConfiguration>(&path, &text)),
            _ => {}
        }
        kinds.insert(kind);
    }
    assert_eq!(deployments.len(), 4, "{kinds:?}");
    assert!(!configurations.is_empty(), "{kinds:?}");

    let links: Vec<Link<'_>> = deployments.iter().map(Link::Kept).collect();
    assert_eq!(chain::deployments(&links, &configurations), [], "each deployment follows the one before");
    assert_eq!(chain::configurations(&configurations), []);
}

#[test]
fn a_record_that_is_lost_is_missed_in_the_chain() {
    let site = lived_in();
    let mut deployments: Vec<ProductionDeployment> = logged(&site)
        .iter()
        .filter(|(path, _)| path.starts_with("deployments/"))
        .map(|(path, text)| read(path, text))
        .collect();
    deployments.remove(0);
    let links: Vec<Link<'_>> = deployments.iter().map(Link::Kept).collect();
    let faults = chain::deployments(&links, &[]);
    assert!(faults.iter().any(|fault| matches!(fault, chain::ChainFault::Gap { .. })), "{faults:?}");
}

#[test]
fn a_real_deployment_leads_to_monitoring_and_meets_its_configuration() {
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    let all = logged(&site);
    let of = |folder: &str| all.iter().find(|(path, _)| path.starts_with(folder)).unwrap().clone();
    let (path, text) = of("deployments/");
    let deployment: ProductionDeployment = read(&path, &text);
    let (path, text) = of("configuration/");
    let configuration: ProductionConfiguration = read(&path, &text);

    let (committed, shown) = (deployment.committed_at.unwrap(), deployment.shown_at.unwrap());
    assert!(committed.as_second() <= shown.as_second() && deployment.timestamp <= shown, "{text}");
    let window = Window::days_until(deployment.finished_at, 1);
    let dora = dora(std::slice::from_ref(&deployment), &[], Environment::Production, window);
    assert_eq!((dora.changes, dora.failed_changes, dora.deployments_per_day), (1, 0, Some(1.0)));
    assert!(dora.lead_time_seconds.is_some(), "{dora:?}");

    let run = flow::monitoring_of(&deployment).unwrap();
    assert_eq!(run.entries()[0].deployment_id, Some(deployment.deployment_id));
    assert_eq!(run.entries()[0].uptime.as_ref().unwrap().http_status, Some(200));
    let expectations = flow::expectations(&configuration, &deployment);
    let under = &expectations[0];
    assert_eq!(
        (under.what.as_str(), under.state),
        ("configurationId", flow::ExpectationState::Met),
        "{expectations:?}"
    );
}
