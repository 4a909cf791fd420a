//! Attestations are taken by the readers that other people have.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use charter_tests::{Site, command, has};
use serde_json::Value;

use crate::PROGRAM;

/// The packages of PyPI, where `cargo xtask check --all` puts them.
fn readers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/readers")
}

/// Reads the attestation of the newest deployment with in-toto's and sigstore's own packages, which verify it.
fn read_by_others(site: &Site) -> Value {
    let (name, _) = site.records().pop_last().unwrap();
    let attestation = site.read(&format!("production/attestations/{name}"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-data/read_attestation.py");
    let mut python = command("python3");
    python.arg(script).env("PYTHONPATH", readers()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = python.spawn().unwrap();
    child.stdin.take().unwrap().write_all(attestation.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the attestation was not taken");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn in_toto_and_sigstore_read_and_verify_what_the_gates_made_of_a_build() {
    if !has("the packages of in-toto and sigstore", readers().join("sigstore").is_dir()) {
        return;
    }
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    let first = read_by_others(&site);
    assert_eq!(first["predicateType"], "https://in-toto.io/attestation/test-result/v0.1");
    assert!(first["passed"].as_array().unwrap().contains(&"links".into()), "{first}");
    let record: Value = serde_json::from_str(&site.records().pop_last().unwrap().1).unwrap();
    let digest = record["buildInfo"]["artifactDigest"].as_str().unwrap();
    assert_eq!(digest.strip_prefix("sha256:"), first["subject"].as_str());

    site.publish_version(2);
    site.run(&["deploy"]).expect(0);
    let second = read_by_others(&site);
    assert_eq!(second["key"], first["key"], "one user, one key");
    assert_ne!(second["subject"], first["subject"]);
}
