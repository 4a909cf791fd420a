//! What objects have to do with one another: budgets, autoscalers, services, and two of one name.

use std::collections::BTreeMap;

use globset::GlobMatcher;

use super::manifest::Object;
use super::pod::{self, Pod};
use crate::yaml::fault::{Fault, short};
use crate::yaml::node::Node;

/// An object, the number of its file, and the pod that it makes.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) file: usize,
    pub(super) object: Object<'a>,
    pub(super) pod: Option<Pod<'a>>,
    /// Whether a kustomization calls it a patch.
    pub(super) is_patch: bool,
}

/// What the owners ask for.
#[derive(Debug, Clone, Default)]
pub(super) struct Required {
    pub(super) autoscaler: Vec<GlobMatcher>,
    pub(super) disruption_budget: Vec<GlobMatcher>,
}

/// Judges all objects of a project, and returns the faults with the number of the object each is about.
pub(super) fn faults<'a>(all: &[Placed<'a>], required: &Required) -> Vec<(usize, Fault<'a>)> {
    let of_kind = |group: &str, kind: &str| -> Vec<&Placed<'a>> {
        all.iter().filter(|it| it.object.group() == group && it.object.kind == kind).collect()
    };
    let (autoscalers, budgets) =
        (of_kind("autoscaling", "HorizontalPodAutoscaler"), of_kind("policy", "PodDisruptionBudget"));
    let mut faults = Vec::new();
    for (number, placed) in all.iter().enumerate() {
        let object = &placed.object;
        if let Some(pod) = &placed.pod {
            faults.extend(scaling(object, pod, &autoscalers, &budgets, required).into_iter().map(|it| (number, it)));
        }
        let found = match (object.group(), object.kind) {
            ("", "Service") => service(object, all),
            ("policy", "PodDisruptionBudget") => budget(object, all).into_iter().collect(),
            _ => Vec::new(),
        };
        faults.extend(found.into_iter().map(|fault| (number, fault)));
    }
    faults.extend(duplicates(all));
    faults
}

/// Judges whether a workload can grow, and be away from a node for a while.
fn scaling<'a>(
    object: &Object<'a>,
    pod: &Pod<'a>,
    autoscalers: &[&Placed<'a>],
    budgets: &[&Placed<'a>],
    required: &Required,
) -> Vec<Fault<'a>> {
    let is_scaled = matches!(object.kind, "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController");
    if !is_scaled {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let autoscaler = autoscalers.iter().find(|it| {
        let target = |field: &str| it.object.root.text_at(&["spec", "scaleTargetRef", field]);
        target("name") == Some(object.name) && target("kind") == Some(object.kind) && it.object.shares_namespace(object)
    });
    let wants = |globs: &[GlobMatcher]| globs.iter().any(|glob| glob.is_match(object.name));
    let at = object.root.get("kind").unwrap_or(object.root);
    if autoscaler.is_none() && wants(&required.autoscaler) {
        faults.push(Fault::new(
            "autoscaler",
            at,
            "has no HorizontalPodAutoscaler, and `require-autoscaler` asks for one",
        ));
    }
    let has_budget = || {
        budgets.iter().any(|it| {
            let selector = it.object.root.at(&["spec", "selector"]);
            let selects = selector.is_some_and(|selector| pod::selects(selector, pod.labels()));
            selects && it.object.shares_namespace(object)
        })
    };
    if wants(&required.disruption_budget) && !has_budget() {
        let what = "has no PodDisruptionBudget, and `require-disruption-budget` asks for one";
        faults.push(Fault::new("disruption-budget", at, what));
    }
    let replicas = object.root.at(&["spec", "replicas"]);
    let is_single = replicas.is_none_or(|replicas| replicas.number() == Some(1));
    let least = autoscaler.and_then(|it| it.object.root.at(&["spec", "minReplicas"])).and_then(Node::number);
    if is_single && least.unwrap_or(1) < 2 {
        let what = "has one replica, so nobody answers while it is replaced or its node is away";
        faults.push(Fault::new("single-replica", replicas.unwrap_or(at), what));
    }
    faults
}

fn service<'a>(object: &Object<'a>, all: &[Placed<'a>]) -> Vec<Fault<'a>> {
    let mut faults = Vec::new();
    let spec = |field: &str| object.root.at(&["spec", field]);
    if let Some(at) = spec("sessionAffinity").filter(|affinity| affinity.text() == Some("ClientIP")) {
        let what = "sends each client to one pod only, which is needed where pods keep sessions";
        faults.push(Fault::new("session-affinity", at, what));
    }
    let selector = spec("selector").filter(|selector| selector.pairs().next().is_some());
    let matched = |selector: Node<'a>| {
        all.iter().filter(|it| it.object.shares_namespace(object)).any(|it| {
            // Pods may be made by something that a resource of another kind describes, and carry its labels.
            let is_foreign = it.pod.is_none() && it.object.kind != "Service";
            let root = it.object.root;
            let labels = [["metadata", "labels"], ["spec", "labels"]].into_iter().map(|path| root.at(&path));
            let of_pods =
                [root.at(&["spec", "podMetadata", "labels"]), root.at(&["spec", "template", "metadata", "labels"])];
            it.pod.as_ref().is_some_and(|pod| pod::has_all(selector, pod.labels()))
                || is_foreign && labels.chain(of_pods).any(|labels| pod::has_all(selector, labels))
        })
    };
    if let Some(selector) = selector.filter(|selector| !matched(*selector)) {
        let labels: Vec<String> = selector
            .pairs()
            .take(5)
            .map(|(name, value)| {
                format!("{}={}", short(name.text().unwrap_or_default()), short(value.text().unwrap_or_default()))
            })
            .collect();
        let what = format!("leads to no pod of the project: none has the labels `{}`", labels.join(", "));
        faults.push(Fault::new("unmatched-service", selector, what));
    }
    faults
}

/// Finds a budget that lets no pod go, so that a node cannot be emptied.
fn budget<'a>(object: &Object<'a>, all: &[Placed<'a>]) -> Option<Fault<'a>> {
    let spec = |field: &str| object.root.at(&["spec", field]);
    let what = "lets no pod be evicted, so its node cannot be emptied";
    if let Some(at) = spec("maxUnavailable").filter(|value| matches!(value.text(), Some("0" | "0%"))) {
        return Some(Fault::new("blocked-eviction", at, what));
    }
    let at = spec("minAvailable")?;
    if at.text() == Some("100%") {
        return Some(Fault::new("blocked-eviction", at, what));
    }
    let (least, selector) = (at.number()?, spec("selector")?);
    let is_held = |it: &&Placed<'a>| {
        let chosen = it.pod.as_ref().is_some_and(|pod| pod::selects(selector, pod.labels()));
        chosen && it.object.shares_namespace(object)
    };
    let mut chosen = all.iter().filter(is_held);
    let (workload, None) = (chosen.next()?, chosen.next()) else { return None };
    let replicas = workload.object.root.at(&["spec", "replicas"]).map_or(Some(1), Node::number)?;
    let is_scaled = matches!(workload.object.kind, "Deployment" | "StatefulSet" | "ReplicaSet");
    (is_scaled && least >= replicas).then(|| Fault::new("blocked-eviction", at, what))
}

/// Finds objects that are in one file twice: the cluster keeps the last.
fn duplicates<'a>(all: &[Placed<'a>]) -> Vec<(usize, Fault<'a>)> {
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for (number, Placed { file, object, .. }) in all.iter().enumerate() {
        let is_named = object.root.at(&["metadata", "name"]).is_some();
        let identity =
            (*file, object.rendered_from.is_some(), object.group(), object.kind, object.namespace, object.name);
        if is_named && known.insert(identity, number).is_some() {
            let at = object.root.at(&["metadata", "name"]).unwrap_or(object.root);
            faults.push((number, Fault::new("duplicate", at, "is there twice, and the cluster keeps the last")));
        }
    }
    faults
}
