//! Workloads and the pods that they make.

use super::manifest::Object;
use crate::yaml::node::Node;

/// More containers in a pod are not judged.
pub(super) const CONTAINER_LIMIT: usize = 500;

/// What pods are made from.
#[derive(Debug, Clone)]
pub(super) struct Pod<'a> {
    pub(super) metadata: Option<Node<'a>>,
    pub(super) spec: Node<'a>,
    pub(super) containers: Vec<Container<'a>>,
    pub(super) runs: Runs,
}

/// How long a pod is meant to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    /// Until it is taken away.
    On,
    /// Until its work is done.
    ToCompletion,
}

/// A container of a pod.
#[derive(Debug, Clone, Copy)]
pub(super) struct Container<'a> {
    pub(super) node: Node<'a>,
    pub(super) name: &'a str,
    pub(super) role: Role,
}

/// When a container runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Before the others.
    Init,
    /// As long as the pod, begun before the others.
    Sidecar,
    /// As long as the pod.
    Main,
    /// When somebody looks into the pod.
    Ephemeral,
}

/// The fields with containers, in the order in which Kubernetes goes through them.
const LISTS: [(&str, Role); 3] =
    [("initContainers", Role::Init), ("containers", Role::Main), ("ephemeralContainers", Role::Ephemeral)];

/// Returns the pod that an object is or makes; none when it makes no pods.
pub(super) fn of<'a>(object: &Object<'a>) -> Option<Pod<'a>> {
    let template: &[&str] = match (object.group(), object.kind) {
        ("", "Pod") => &[],
        ("", "PodTemplate") => &["template"],
        ("", "ReplicationController")
        | ("apps" | "extensions", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job") => &["spec", "template"],
        ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template"],
        _ => return None,
    };
    let root = object.root.at(template)?;
    let spec = root.get("spec")?;
    let mut containers = Vec::new();
    for (field, role) in LISTS {
        for node in spec.get(field).into_iter().flat_map(Node::items).take(CONTAINER_LIMIT + 1) {
            let is_sidecar = role == Role::Init && node.text_at(&["restartPolicy"]) == Some("Always");
            let role = if is_sidecar { Role::Sidecar } else { role };
            containers.push(Container { node, name: node.text_at(&["name"]).unwrap_or_default(), role });
        }
    }
    let ends = matches!(object.kind, "Job" | "CronJob")
        || object.kind == "Pod" && matches!(spec.text_at(&["restartPolicy"]), Some("Never" | "OnFailure"));
    let runs = if ends { Runs::ToCompletion } else { Runs::On };
    Some(Pod { metadata: root.get("metadata"), spec, containers, runs })
}

impl<'a> Pod<'a> {
    /// Says whether the pod is all there: a patch names only what it changes.
    pub(super) fn is_whole(&self) -> bool {
        let has_image = |container: &Container<'_>| container.node.get("image").is_some();
        self.containers.iter().any(|container| container.role == Role::Main) && self.containers.iter().all(has_image)
    }

    /// Returns the pod's volumes.
    pub(super) fn volumes(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.spec.get("volumes").into_iter().flat_map(Node::items)
    }

    /// Returns the pod's labels.
    pub(super) fn labels(&self) -> Option<Node<'a>> {
        self.metadata?.get("labels")
    }

    /// Says whether the pod is for nodes that run Windows.
    pub(super) fn is_windows(&self) -> bool {
        self.spec.text_at(&["os", "name"]) == Some("windows")
    }
}

/// Says whether a selector chooses what has these labels; an empty one chooses everything.
pub(super) fn selects(selector: Node<'_>, labels: Option<Node<'_>>) -> bool {
    let label = |name: &str| labels.and_then(|labels| labels.get(name)).and_then(Node::text);
    let equal = selector.get("matchLabels").is_none_or(|wanted| has_all(wanted, labels));
    let holds = |expression: Node<'_>| {
        let value = label(expression.text_at(&["key"]).unwrap_or_default());
        let is_listed = || {
            let mut values = expression.get("values").into_iter().flat_map(Node::items);
            value.is_some_and(|value| values.any(|listed| listed.text() == Some(value)))
        };
        match expression.text_at(&["operator"]) {
            Some("In") => is_listed(),
            Some("NotIn") => !is_listed(),
            Some("Exists") => value.is_some(),
            Some("DoesNotExist") => value.is_none(),
            _ => false,
        }
    };
    equal && selector.get("matchExpressions").is_none_or(|all| all.items().all(holds))
}

/// Labels that Kubernetes puts on pods by itself, so that no manifest has them.
const SET_BY_KUBERNETES: [&str; 9] = [
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/job-name",
    "controller-revision-hash",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// Says whether all of some labels are there, or will be.
pub(super) fn has_all(wanted: Node<'_>, labels: Option<Node<'_>>) -> bool {
    let own = |name: Node<'_>| !name.text().is_some_and(|name| SET_BY_KUBERNETES.contains(&name));
    wanted.pairs().filter(|(name, _)| own(*name)).all(|(name, value)| {
        let found = name.text().and_then(|name| labels?.get(name)).and_then(Node::text);
        found.is_some() && found == value.text()
    })
}
