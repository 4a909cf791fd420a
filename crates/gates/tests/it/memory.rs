//! What a gate saw before is not looked at again, and only then.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use charter_artifact::Artifact;
use charter_deploy_model::{Digest, Finding, GateOutcome, Inspection, KindMeta, LookedAt};
use charter_gates::{DependsOn, Gate, GateError, Memory, Only, RunOptions, Subject, run};
use charter_host::Scope;

charter_deploy_model::kind! {
    /// Counts how often it looks.
    static META: "counts", needs Artifact, lane Shared {
        /// It looked.
        "counts/looked": Note, principle None;
    }
}

#[derive(Debug)]
struct Counts {
    looked: AtomicUsize,
    depends_on: DependsOn,
    undecided: bool,
}

impl Counts {
    fn new(depends_on: DependsOn, undecided: bool) -> Arc<Self> {
        Arc::new(Self { looked: AtomicUsize::new(0), depends_on, undecided })
    }

    fn times(&self) -> usize {
        self.looked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Gate for Counts {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn depends_on(&self) -> DependsOn {
        self.depends_on
    }

    async fn inspect(&self, _: &Subject, _: &Scope) -> Result<Inspection, GateError> {
        self.looked.fetch_add(1, Ordering::SeqCst);
        let mut looked_at = LookedAt::of("things", 1);
        if self.undecided {
            looked_at.undecided.push("one thing".to_owned());
        }
        let findings = vec![Finding::new("counts/looked", "it", "it looked")];
        Ok(Inspection::Looked { findings, measures: Vec::new(), looked_at })
    }
}

fn memory(folder: &Path, program: &str, section: u8) -> Memory {
    let sections = BTreeMap::from([("counts".to_owned(), Digest::new([section; 32]))]);
    Memory::new(folder.join("memory"), program.to_owned(), sections)
}

fn subject(folder: &Path, text: &str) -> Subject {
    let site = folder.join("site");
    fs::create_dir_all(&site).unwrap();
    fs::write(site.join("index.html"), text).unwrap();
    let artifact = Artifact::read(&site, None, &Scope::default()).unwrap();
    Subject { artifact: Some(Arc::new(artifact)), ..Subject::new(folder) }
}

/// Looks once, and says whether it was remembered.
async fn look(gate: &Arc<Counts>, subject: Subject, memory: Memory) -> bool {
    let gates: [Arc<dyn Gate>; 1] = [Arc::clone(gate) as Arc<dyn Gate>];
    let options = RunOptions { memory: Some(memory), ..RunOptions::default() };
    let runs = run(&gates, Arc::new(subject), &options, &Scope::default(), |_| {}).await;
    let GateOutcome::Inspected(Inspection::Looked { findings, .. }) = &runs[0].outcome else { panic!("{runs:?}") };
    assert_eq!(findings.len(), 1);
    runs[0].remembered
}

#[tokio::test]
async fn the_same_input_is_looked_at_once_and_any_other_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let gate = Counts::new(DependsOn::Artifact, false);
    assert!(!look(&gate, subject(folder, "one"), memory(folder, "a", 1)).await);
    assert!(look(&gate, subject(folder, "one"), memory(folder, "a", 1)).await);
    assert_eq!(gate.times(), 1);

    assert!(!look(&gate, subject(folder, "two"), memory(folder, "a", 1)).await, "other files");
    assert!(!look(&gate, subject(folder, "one"), memory(folder, "a", 2)).await, "another configuration");
    assert!(!look(&gate, subject(folder, "one"), memory(folder, "b", 1)).await, "another program");
    let under = Subject { base_path: "/docs/".to_owned(), ..subject(folder, "one") };
    assert!(!look(&gate, under, memory(folder, "a", 1)).await, "another path");
    assert!(look(&gate, subject(folder, "one"), memory(folder, "a", 1)).await, "as at first");
}

#[tokio::test]
async fn a_run_about_a_few_files_neither_knows_nor_teaches() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let gate = Counts::new(DependsOn::Artifact, false);
    let few = || Subject { only: Some(Arc::new(Only::default())), ..subject(folder, "one") };
    assert!(!look(&gate, few(), memory(folder, "a", 1)).await);
    assert!(!look(&gate, few(), memory(folder, "a", 1)).await);
    assert!(!look(&gate, subject(folder, "one"), memory(folder, "a", 1)).await);
}

#[tokio::test]
async fn what_depends_on_the_moment_or_stayed_undecided_is_looked_at_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for gate in [Counts::new(DependsOn::Moment, false), Counts::new(DependsOn::Artifact, true)] {
        assert!(!look(&gate, subject(folder, "one"), memory(folder, "a", 1)).await);
        assert!(!look(&gate, subject(folder, "one"), memory(folder, "a", 1)).await);
    }
}

#[tokio::test]
async fn a_damaged_memory_costs_time_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let gate = Counts::new(DependsOn::Artifact, false);
    look(&gate, subject(folder, "one"), memory(folder, "a", 1)).await;
    for entry in fs::read_dir(folder.join("memory")).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8(fs::read(&path).unwrap()).unwrap();
        fs::write(&path, text.replace("it looked", "all well!")).unwrap();
    }
    assert!(!look(&gate, subject(folder, "one"), memory(folder, "a", 1)).await);
    assert!(look(&gate, subject(folder, "one"), memory(folder, "a", 1)).await);
}

#[tokio::test]
async fn only_the_newest_inspections_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let gate = Counts::new(DependsOn::Artifact, false);
    for number in 0..20 {
        look(&gate, subject(folder, &number.to_string()), memory(folder, "a", 1)).await;
    }
    assert_eq!(fs::read_dir(folder.join("memory")).unwrap().count(), 8);
    assert!(look(&gate, subject(folder, "19"), memory(folder, "a", 1)).await);
}
