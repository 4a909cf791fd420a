//! What gates made of a build, as in-toto has it, so that other tools can ask for it.
//!
//! The statement is a [test result] of the [in-toto attestation framework], version 1, in an envelope of [DSSE]. The
//! log that it is recorded in vouches for it, as for every record; for those who have no log, the user's key signs it.
//!
//! [test result]: https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
//! [in-toto attestation framework]: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
//! [DSSE]: https://github.com/secure-systems-lab/dsse/blob/master/envelope.md

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{CommitHash, DeploymentId, Digest, GateReport, ProductionDeployment, Record, Verdict};

/// What gates made of a build that was to be deployed, for tools that read in-toto.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attestation {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// The statement in its envelope.
    pub envelope: Envelope,
    /// The public key of the envelope's signature, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
}

/// An envelope of DSSE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The statement's JSON in base64.
    pub payload: String,
    /// What it is: `application/vnd.in-toto+json`.
    pub payload_type: String,
    /// Who vouches for it.
    pub signatures: Vec<EnvelopeSignature>,
}

/// A signature over an envelope's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvelopeSignature {
    /// What tells the key from others; it proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyid: Option<String>,
    /// The signature in base64.
    pub sig: String,
}

impl Record for Attestation {
    const SCHEMA: &'static str = "attestation/1";

    fn path(&self) -> String {
        format!("{}/{}.json", Self::FOLDER, self.deployment_id)
    }
}

impl Attestation {
    /// Where attestations are.
    pub const FOLDER: &'static str = "attestations";

    /// Makes the attestation of a deployment from nothing but its record, so that the same record always has the same,
    /// which nobody has signed yet; nothing, when no gate judged what it built.
    ///
    /// ```
    /// use charter_deploy_model::{Attestation, ProductionDeployment};
    ///
    /// let text = include_str!("../test-data/golden/deployment-1/full.json");
    /// let record: ProductionDeployment = serde_json::from_str(text)?;
    /// let attestation = Attestation::of(&record).expect("its gates were asked");
    /// assert_eq!(attestation.envelope.payload_type, "application/vnd.in-toto+json");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn of(record: &ProductionDeployment) -> Option<Self> {
        let digest = record.build_info.artifact_digest.filter(|_| !record.validation.gates.is_empty())?;
        let statement = statement(&digest, &record.commit_hash, &record.validation.gates);
        Some(Self { deployment_id: record.deployment_id, envelope: Envelope::of(&statement), public_key: None })
    }
}

impl Envelope {
    /// Puts a statement into an envelope that nobody has signed.
    #[must_use]
    pub fn of(statement: &Value) -> Self {
        Self {
            payload: STANDARD.encode(statement.to_string()),
            payload_type: "application/vnd.in-toto+json".to_owned(),
            signatures: Vec::new(),
        }
    }

    /// Returns the bytes that are signed for this envelope: DSSE's pre-authentication encoding of a payload.
    ///
    /// ```
    /// use charter_deploy_model::Envelope;
    ///
    /// let envelope = Envelope::of(&serde_json::json!({}));
    /// assert_eq!(envelope.signed_bytes(), b"DSSEv1 28 application/vnd.in-toto+json 2 {}");
    /// ```
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        let payload = STANDARD.decode(&self.payload).unwrap_or_default();
        let (sort, length) = (&self.payload_type, payload.len());
        [format!("DSSEv1 {} {sort} {length} ", sort.len()).as_bytes(), &payload].concat()
    }

    /// Adds a signature over [`Envelope::signed_bytes`].
    pub fn add_signature(&mut self, key_id: String, signature: &[u8]) {
        self.signatures.push(EnvelopeSignature { keyid: Some(key_id), sig: STANDARD.encode(signature) });
    }
}

/// Returns what gates made of a build as a statement of in-toto: the build is the subject, and each gate a test that
/// passed, failed, or is to be warned of because it did not decide or somebody lets its findings stand.
#[must_use]
pub fn statement(artifact: &Digest, commit: &CommitHash, reports: &[GateReport]) -> Value {
    let of = |wanted: Standing| -> Vec<&str> {
        reports.iter().filter(|report| standing(report) == Some(wanted)).map(|report| report.gate.as_str()).collect()
    };
    let (passed, warned, failed) = (of(Standing::Passed), of(Standing::Warned), of(Standing::Failed));
    let result = match (failed.is_empty(), warned.is_empty() && !passed.is_empty()) {
        (false, _) => "FAILED",
        (true, false) => "WARNED",
        (true, true) => "PASSED",
    };
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{
            "name": "build",
            "digest": { "sha256": artifact.hex() },
            "annotations": { "digestOf": "path NUL size NUL SHA-256 LF of each file, sorted by path" },
        }],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": result,
            "configuration": [{ "name": "charter.toml", "digest": { "gitCommit": commit.to_string() } }],
            "passedTests": passed,
            "warnedTests": warned,
            "failedTests": failed,
        },
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Passed,
    Warned,
    Failed,
}

/// Says how a gate stands among tests; one that had nothing to judge does not.
fn standing(report: &GateReport) -> Option<Standing> {
    match (report.blocks, report.verdict) {
        (true, _) => Some(Standing::Failed),
        (false, Verdict::NotApplicable) => None,
        (false, Verdict::Passed) => Some(Standing::Passed),
        (false, _) => Some(Standing::Warned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_always_has_the_same_attestation() {
        let record = include_str!("../test-data/golden/deployment-1/full.json");
        let kept = include_str!("../test-data/golden/attestation-1/minimal.json");
        let made = Attestation::of(&serde_json::from_str(record).unwrap());
        assert_eq!(made, Some(serde_json::from_str(kept).unwrap()));
    }

    #[test]
    fn what_did_not_pass_is_never_among_what_passed() {
        let report = |gate: &str, verdict, blocks| GateReport::new(gate, verdict, blocks);
        let result = |reports: &[GateReport]| {
            let commit = "4b825dc642cb6eb9a060e54bf8d69288fbee4904".parse().unwrap();
            statement(&Digest::new([7; 32]), &commit, reports)["predicate"].clone()
        };
        let passed = report("a", Verdict::Passed, false);
        let waived = report("b", Verdict::Waived, false);
        let skipped = report("c", Verdict::Inconclusive, false);
        let blocked = report("d", Verdict::Blocked, true);
        let absent = report("e", Verdict::NotApplicable, false);
        let all = result(&[passed.clone(), waived.clone(), skipped.clone(), blocked, absent.clone()]);
        assert_eq!(all["result"], "FAILED");
        assert_eq!(all["passedTests"], json!(["a"]));
        assert_eq!(all["warnedTests"], json!(["b", "c"]));
        assert_eq!(all["failedTests"], json!(["d"]));
        assert_eq!(result(&[passed.clone(), skipped])["result"], "WARNED");
        assert_eq!(result(&[passed, absent.clone()])["result"], "PASSED");
        assert_eq!(result(&[absent])["result"], "WARNED", "nothing was tested");
    }
}
