//! APIs that Kubernetes took away or will
//! (<https://kubernetes.io/docs/reference/using-api/deprecation-guide/>).

use super::manifest::Object;
use crate::yaml::fault::Fault;

/// A version of some kinds' API.
struct Api {
    version: &'static str,
    kinds: &'static [&'static str],
    /// The minor versions of Kubernetes 1 that called it deprecated and that served it no more.
    deprecated: u32,
    removed: Option<u32>,
    /// What is served instead.
    instead: &'static str,
}

const fn api(
    version: &'static str,
    kinds: &'static [&'static str],
    (deprecated, removed): (u32, Option<u32>),
    instead: &'static str,
) -> Api {
    Api { version, kinds, deprecated, removed, instead }
}

const WORKLOADS: &[&str] = &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ControllerRevision"];
const HOOKS: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
const REVIEWS: &[&str] =
    &["LocalSubjectAccessReview", "SelfSubjectAccessReview", "SubjectAccessReview", "SelfSubjectRulesReview"];
const RIGHTS: &[&str] = &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];
const FLOWS: &[&str] = &["FlowSchema", "PriorityLevelConfiguration"];

static APIS: [Api; 38] = [
    api("extensions/v1beta1", WORKLOADS, (8, Some(16)), "`apps/v1`"),
    api("extensions/v1beta1", &["NetworkPolicy"], (9, Some(16)), "`networking.k8s.io/v1`"),
    api("extensions/v1beta1", &["PodSecurityPolicy"], (10, Some(16)), "Pod Security admission"),
    api("extensions/v1beta1", &["Ingress"], (14, Some(22)), "`networking.k8s.io/v1`"),
    api("apps/v1beta1", WORKLOADS, (9, Some(16)), "`apps/v1`"),
    api("apps/v1beta2", WORKLOADS, (9, Some(16)), "`apps/v1`"),
    api("batch/v2alpha1", &["CronJob"], (8, Some(21)), "`batch/v1`"),
    api("admissionregistration.k8s.io/v1beta1", HOOKS, (16, Some(22)), "`admissionregistration.k8s.io/v1`"),
    api("apiextensions.k8s.io/v1beta1", &["CustomResourceDefinition"], (16, Some(22)), "`apiextensions.k8s.io/v1`"),
    api("apiregistration.k8s.io/v1beta1", &["APIService"], (10, Some(22)), "`apiregistration.k8s.io/v1`"),
    api("authentication.k8s.io/v1beta1", &["TokenReview"], (19, Some(22)), "`authentication.k8s.io/v1`"),
    api("authorization.k8s.io/v1beta1", REVIEWS, (19, Some(22)), "`authorization.k8s.io/v1`"),
    api("certificates.k8s.io/v1beta1", &["CertificateSigningRequest"], (19, Some(22)), "`certificates.k8s.io/v1`"),
    api("coordination.k8s.io/v1beta1", &["Lease"], (19, Some(22)), "`coordination.k8s.io/v1`"),
    api("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], (19, Some(22)), "`networking.k8s.io/v1`"),
    api("rbac.authorization.k8s.io/v1alpha1", RIGHTS, (17, Some(22)), "`rbac.authorization.k8s.io/v1`"),
    api("rbac.authorization.k8s.io/v1beta1", RIGHTS, (17, Some(22)), "`rbac.authorization.k8s.io/v1`"),
    api("scheduling.k8s.io/v1alpha1", &["PriorityClass"], (14, Some(22)), "`scheduling.k8s.io/v1`"),
    api("scheduling.k8s.io/v1beta1", &["PriorityClass"], (14, Some(22)), "`scheduling.k8s.io/v1`"),
    api(
        "storage.k8s.io/v1beta1",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
        (19, Some(22)),
        "`storage.k8s.io/v1`",
    ),
    api("batch/v1beta1", &["CronJob"], (21, Some(25)), "`batch/v1`"),
    api("discovery.k8s.io/v1beta1", &["EndpointSlice"], (21, Some(25)), "`discovery.k8s.io/v1`"),
    api("events.k8s.io/v1beta1", &["Event"], (22, Some(25)), "`events.k8s.io/v1`"),
    api("autoscaling/v2beta1", &["HorizontalPodAutoscaler"], (22, Some(25)), "`autoscaling/v2`"),
    api("policy/v1beta1", &["PodDisruptionBudget"], (21, Some(25)), "`policy/v1`"),
    api("policy/v1beta1", &["PodSecurityPolicy"], (21, Some(25)), "Pod Security admission"),
    api("node.k8s.io/v1alpha1", &["RuntimeClass"], (20, Some(24)), "`node.k8s.io/v1`"),
    api("node.k8s.io/v1beta1", &["RuntimeClass"], (22, Some(25)), "`node.k8s.io/v1`"),
    api("autoscaling/v2beta2", &["HorizontalPodAutoscaler"], (23, Some(26)), "`autoscaling/v2`"),
    api("flowcontrol.apiserver.k8s.io/v1alpha1", FLOWS, (20, Some(24)), "`flowcontrol.apiserver.k8s.io/v1`"),
    api("flowcontrol.apiserver.k8s.io/v1beta1", FLOWS, (23, Some(26)), "`flowcontrol.apiserver.k8s.io/v1`"),
    api("flowcontrol.apiserver.k8s.io/v1beta2", FLOWS, (26, Some(29)), "`flowcontrol.apiserver.k8s.io/v1`"),
    api("flowcontrol.apiserver.k8s.io/v1beta3", FLOWS, (29, Some(32)), "`flowcontrol.apiserver.k8s.io/v1`"),
    api("storage.k8s.io/v1beta1", &["CSIStorageCapacity"], (24, Some(27)), "`storage.k8s.io/v1`"),
    api("v1", &["ComponentStatus"], (19, None), "the health endpoints of the parts"),
    api("v1", &["Endpoints"], (33, None), "`discovery.k8s.io/v1` EndpointSlice"),
    api("settings.k8s.io/v1alpha1", &["PodPreset"], (19, Some(20)), "an admission webhook"),
    api("auditregistration.k8s.io/v1alpha1", &["AuditSink"], (18, Some(19)), "the audit webhook of the API server"),
];

/// Says when an object's API is gone, or going, in Kubernetes 1.`minor`.
pub(super) fn fault<'a>(object: &Object<'a>, minor: u32) -> Option<Fault<'a>> {
    let api = APIS.iter().find(|api| api.version == object.api_version && api.kinds.contains(&object.kind))?;
    let at = object.root.get("apiVersion")?;
    let Api { version, instead, .. } = api;
    match api.removed {
        Some(removed) if removed <= minor => {
            let what =
                format!("is written for `{version}`, which Kubernetes 1.{removed} took away in favour of {instead}");
            Some(Fault::new("removed-api", at, what))
        }
        removed if api.deprecated <= minor => {
            let end = removed.map(|removed| format!(" and 1.{removed} takes away")).unwrap_or_default();
            let what = format!(
                "is written for `{version}`, which Kubernetes 1.{} deprecated{end} in favour of {instead}",
                api.deprecated
            );
            Some(Fault::new("deprecated-api", at, what))
        }
        _ => None,
    }
}
