//! Manifests of Kubernetes follow the cloud-native constitution.

use std::collections::{BTreeMap, HashMap};
use std::fs;

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, Location, LookedAt};
use charter_host::{Host, Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::yaml::fault::Fault;
use crate::{DependsOn, Gate, GateError, Source, Subject, glob};

mod apis;
mod fault;
mod files;
mod helm;
mod kustomize;
mod literal;
mod manifest;
mod meta;
mod pod;
mod relations;
mod standards;
mod workload;

pub use meta::META;

use files::{Commit, Manifests, Wanted, failed};
use helm::Rendered;
use relations::{Placed, Required};
use standards::Level;

/// The minor version of Kubernetes 1 whose rules are known, the newest.
const NEWEST: u32 = 37;

/// The section `[gates.kubernetes]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct KubernetesConfig {
    /// Globs over the paths of files that are looked at; all, when there are none.
    pub include: Vec<String>,
    /// Globs over the paths of files that are not looked at.
    pub exclude: Vec<String>,
    /// The version of the cluster, such as `1.33`: what it no longer serves, and what its Pod Security Standards say.
    pub kubernetes_version: String,
    /// The level of the Pod Security Standards that pods are held to.
    pub pod_security: PodSecurity,
    /// Globs over the names of workloads that must have a HorizontalPodAutoscaler.
    pub require_autoscaler: Vec<String>,
    /// Globs over the names of workloads that must have a PodDisruptionBudget.
    pub require_disruption_budget: Vec<String>,
    /// Whether every image must be named with its digest.
    pub require_digest: bool,
    /// Whether to render charts by the program `helm`.
    pub render_charts: bool,
}

impl Default for KubernetesConfig {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            kubernetes_version: format!("1.{NEWEST}"),
            pod_security: PodSecurity::default(),
            require_autoscaler: Vec::new(),
            require_disruption_budget: Vec::new(),
            require_digest: false,
            render_charts: true,
        }
    }
}

/// A level of the Pod Security Standards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PodSecurity {
    /// Nothing is forbidden; Kubernetes calls this level `privileged`.
    None,
    /// What lets a pod take over its node is forbidden.
    Baseline,
    /// Pods are hardened as far as Kubernetes recommends.
    #[default]
    Restricted,
}

/// Reads manifests.
#[derive(Debug, Clone)]
pub struct Kubernetes {
    wanted: Wanted,
    required: Required,
    level: Option<Level>,
    minor: u32,
    require_digest: bool,
    render_charts: bool,
    host: Host,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed or the version is none of Kubernetes 1.
pub fn gate(config: KubernetesConfig, setup: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let version = &config.kubernetes_version;
    let minor =
        version.trim_start_matches('v').strip_prefix("1.").and_then(|rest| rest.split('.').next()?.parse().ok());
    let minor = minor
        .ok_or_else(|| Refusal(format!("`kubernetes-version`: `{version}` is no version such as `1.{NEWEST}`")))?;
    Ok(Box::new(Kubernetes {
        wanted: Wanted {
            include: glob::compile_all("include", &config.include)?,
            exclude: glob::compile_all("exclude", &config.exclude)?,
        },
        required: Required {
            autoscaler: glob::compile_all("require-autoscaler", &config.require_autoscaler)?,
            disruption_budget: glob::compile_all("require-disruption-budget", &config.require_disruption_budget)?,
        },
        level: match config.pod_security {
            PodSecurity::None => None,
            PodSecurity::Baseline => Some(Level::Baseline),
            PodSecurity::Restricted => Some(Level::Restricted),
        },
        minor,
        require_digest: config.require_digest,
        render_charts: config.render_charts,
        host: setup.host.clone(),
    }))
}

#[async_trait]
impl Gate for Kubernetes {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    /// A chart is rendered as it was committed; one that could not be leaves something undecided, and is tried again.
    fn depends_on(&self) -> DependsOn {
        DependsOn::Commit
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let source = subject.source()?.clone();
        let (wanted, inner, of) = (self.wanted.clone(), scope.clone(), source.clone());
        let mut commit = blocking(move || files::read(&of, &wanted, &inner)).await?;
        let charts = self.render(&source, &mut commit, scope).await?;
        let (gate, subject) = (self.clone(), subject.clone());
        blocking(move || gate.judge(&subject, &source, &commit, charts)).await
    }
}

/// How many charts were rendered, and how many were not and need not be.
type Charts = (u64, u64);

impl Kubernetes {
    /// Adds what the charts of the commit render to.
    async fn render(&self, source: &Source, commit: &mut Commit, scope: &Scope) -> Result<Charts, GateError> {
        let (mut rendered, mut passed_over) = (0, 0);
        for (chart, files) in std::mem::take(&mut commit.charts) {
            if !self.render_charts {
                passed_over += 1;
                continue;
            }
            scope.progress(rendered, None, "rendering charts");
            match helm::render(&self.host, source, &chart, &files, self.minor, scope).await? {
                Rendered::Manifests(files) => {
                    rendered += 1;
                    commit.files.extend(files);
                }
                Rendered::Library => passed_over += 1,
                Rendered::Unknown(why) => commit.undecided.push(why),
            }
        }
        Ok((rendered, passed_over))
    }

    fn judge(
        &self,
        subject: &Subject,
        source: &Source,
        commit: &Commit,
        (rendered, passed_over): Charts,
    ) -> Result<Inspection, GateError> {
        let mut undecided = commit.undecided.clone();
        let mut placed = Vec::new();
        let mut patches = 0;
        for (number, Manifests { path, file, .. }) in commit.files.iter().enumerate() {
            match manifest::objects(&file.parts) {
                Ok(objects) => {
                    let is_patch = commit.kustomizations.patches.contains(path);
                    patches += u64::from(is_patch);
                    placed.extend(objects.into_iter().map(|object| {
                        let pod = pod::of(&object);
                        Placed { file: number, object, pod, is_patch }
                    }));
                }
                Err(problem) => undecided.push(format!("`{path}` was not judged: it {}", problem.what)),
            }
        }
        let mut faults: Vec<(usize, Fault<'_>)> = Vec::new();
        for (number, it) in placed.iter().enumerate() {
            if it.pod.as_ref().is_some_and(|pod| pod.containers.len() > pod::CONTAINER_LIMIT) {
                let path = &commit.files[it.file].path;
                let limit = pod::CONTAINER_LIMIT;
                undecided
                    .push(format!("`{path}` was not judged: `{}` has more than {limit} containers", it.object.title()));
                continue;
            }
            faults.extend(self.faults(it, commit).into_iter().map(|fault| (number, fault)));
        }
        faults.extend(relations::faults(&placed, &self.required));

        let count = |of: fn(&manifest::File) -> u64| commit.files.iter().map(|it| of(&it.file)).sum::<u64>();
        let problems = count(|file| file.problems.len() as u64);
        if placed.is_empty() && problems == 0 && undecided.is_empty() {
            return Ok(Inspection::NotApplicable { reason: "the commit has no manifest of Kubernetes".to_owned() });
        }
        let mut findings = findings(subject, source, commit, &placed, &faults)?;
        findings.sort();
        undecided.sort();
        let pods = placed.iter().filter(|it| it.pod.is_some()).count() as u64;
        let counts = [
            ("files", commit.read),
            ("objects", placed.len() as u64),
            ("pods", pods),
            ("patches", patches),
            ("templates", count(|file| file.templates)),
            ("other-documents", count(|file| file.others)),
            ("charts", rendered),
            ("charts-passed-over", passed_over),
        ];
        let counts: BTreeMap<String, u64> =
            counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count)).collect();
        let looked_at = LookedAt { counts, undecided, ..LookedAt::default() };
        Ok(Inspection::Looked { findings, measures: Vec::new(), looked_at })
    }

    /// Judges one object by itself.
    fn faults<'a>(&self, it: &Placed<'a>, commit: &Commit) -> Vec<Fault<'a>> {
        let Placed { object, pod, is_patch, .. } = it;
        let mut faults: Vec<Fault<'a>> = apis::fault(object, self.minor).into_iter().collect();
        // What a chart makes up anew at each installation is in no repository.
        if object.rendered_from.is_none() || object.kind != "Secret" {
            faults.extend(literal::in_data(object));
        }
        let Some(pod) = pod else { return faults };
        let is_whole = pod.is_whole() && !is_patch;
        // Of what is not all there, only what it says can be judged, and that is what `baseline` forbids.
        let level = self.level.map(|level| if is_whole { level } else { Level::Baseline });
        if let Some(level) = level {
            faults.extend(standards::faults(pod, level, self.minor));
        }
        faults.extend(literal::in_environment(pod));
        if is_whole {
            faults.extend(workload::faults(object, pod, &commit.kustomizations.images, self.require_digest));
        }
        faults
    }
}

/// Tells the faults of the files that this run is about.
fn findings(
    subject: &Subject,
    source: &Source,
    commit: &Commit,
    placed: &[Placed<'_>],
    faults: &[(usize, Fault<'_>)],
) -> Result<Vec<Finding>, GateError> {
    let (root, blobs) = (source.repository.root(), source.repository.blobs().map_err(failed)?);
    let mut same: HashMap<usize, bool> = HashMap::new();
    // Of a file that was edited since, lines would point at something else.
    let mut has_lines = |number: usize| -> Result<bool, GateError> {
        if let Some(known) = same.get(&number) {
            return Ok(*known);
        }
        let Manifests { path, blob, .. } = &commit.files[number];
        let is_same = match (blob, fs::read(root.join(path))) {
            (Some(blob), Ok(now)) => blobs.read(*blob, |then| now == then).map_err(failed)?,
            (None, Ok(_)) => true,
            (_, Err(_)) => false,
        };
        same.insert(number, is_same);
        Ok(is_same)
    };
    let mut findings = Vec::new();
    for (number, fault) in faults {
        let Placed { file, object, .. } = &placed[*number];
        let path = &commit.files[*file].path;
        if subject.is_about_source(path) {
            findings.push(fault::finding(fault, path, object, has_lines(*file)?));
        }
    }
    for (number, Manifests { path, file, blob }) in commit.files.iter().enumerate() {
        for problem in file.problems.iter().filter(|_| subject.is_about_source(path)) {
            let message = format!("a manifest in `{path}` {}", problem.what);
            let help = "correct it; what is no manifest can be left out with `exclude`";
            let finding = Finding::new("kubernetes/syntax", path, message).help(help);
            let location = Location::file(path).in_source();
            findings.push(match has_lines(number)? {
                true => finding.at(Location { line: problem.line.filter(|_| blob.is_some()), ..location }),
                false => finding,
            });
        }
    }
    Ok(findings)
}

/// Reads any content as manifests and judges it, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(content: &[u8]) {
    let file = manifest::read(content);
    let Ok(objects) = manifest::objects(&file.parts) else { return };
    let placed: Vec<Placed<'_>> = objects
        .into_iter()
        .map(|object| Placed { file: 0, pod: pod::of(&object), object, is_patch: false })
        .filter(|it| it.pod.as_ref().is_none_or(|pod| pod.containers.len() <= pod::CONTAINER_LIMIT))
        .collect();
    let lines = content.split(|byte| *byte == b'\n').count();
    let images = kustomize::Images::default();
    let mut faults = relations::faults(&placed, &Required::default());
    for (number, it) in placed.iter().enumerate() {
        let of_pod = it.pod.iter().flat_map(|pod| {
            let standards = standards::faults(pod, Level::Restricted, NEWEST);
            standards
                .into_iter()
                .chain(workload::faults(&it.object, pod, &images, true))
                .chain(literal::in_environment(pod))
        });
        faults.extend(of_pod.chain(literal::in_data(&it.object)).map(|fault| (number, fault)));
    }
    for (number, fault) in faults {
        let finding = fault::finding(&fault, "a.yaml", &placed[number].object, true);
        let line = finding.locations[0].line.unwrap_or(1) as usize;
        assert!((1..=lines).contains(&line), "a fault is in no line of the file");
    }
}
