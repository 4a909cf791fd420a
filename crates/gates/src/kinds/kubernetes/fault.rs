//! How what is wrong with an object is told.

use charter_deploy_model::{Finding, Location};

use super::manifest::Object;
use crate::yaml::fault::{Fault, short};

/// Makes the finding. `path` is what it is told of; a location is given where the file is as it was committed.
pub(super) fn finding(fault: &Fault<'_>, path: &str, object: &Object<'_>, has_lines: bool) -> Finding {
    let Fault { code, part: container, place, what } = fault;
    let (title, at_end) = (short(&object.title()), if object.rendered_from.is_some() { ", as rendered," } else { "" });
    let message = match container {
        Some(container) => format!("container `{}` of `{title}` in `{path}`{at_end} {what}", short(container)),
        None => format!("`{title}` in `{path}`{at_end} {what}"),
    };
    let key = [&object.key(), container.unwrap_or_default(), &fault.names()].join(":");
    let mut finding = Finding::new(format!("kubernetes/{code}"), path, message).key(key).help(help(code));
    if has_lines {
        let location = Location::file(path).in_source();
        finding = finding.at(match object.rendered_from {
            Some(_) => location,
            None => location.line(object.line(*place)).column(place.column),
        });
    }
    finding
}

/// Returns what puts right what comes under a code.
fn help(code: &str) -> &'static str {
    match code {
        "liveness-probe" => "give it a `livenessProbe` that fails only when a restart would help",
        "readiness-probe" => "give it a `readinessProbe`, so that nobody is sent to it before it can answer",
        "requests" => "set `resources.requests` to what it needs on an ordinary day",
        "memory-limit" => "set `resources.limits.memory`",
        "cpu-limit" => "set `resources.limits.cpu`, or waive this where throttling is worse than a busy node",
        "floating-tag" => "name a version, or better a digest: `image@sha256:…`",
        "image-digest" => "add the digest that the registry gives: `image:tag@sha256:…`",
        "privileged" => "take `privileged` out, and add the one capability that is needed",
        "host-namespaces" => "take it out; talk to other pods over the network",
        "host-path" => "use a volume of another kind",
        "host-port" => "take `hostPort` out, and let a Service lead to the pod",
        "host-process" => "take `windowsOptions.hostProcess` out",
        "app-armor" => "take it out, or set it to `RuntimeDefault`",
        "se-linux" => "take it out, or set the type to `container_t`",
        "proc-mount" => "take `procMount` out",
        "sysctl" => "take it out, or set it for the whole node where all can see it",
        "probe-host" => "take `host` out: the pod itself is asked",
        "seccomp-unconfined" => "set `seccompProfile.type` to `RuntimeDefault`",
        "seccomp" => "set `securityContext.seccompProfile.type` of the pod to `RuntimeDefault`",
        "added-capabilities" => "take it out of `capabilities.add`",
        "capabilities" => "set `capabilities.drop` to `[\"ALL\"]`, and add no more than `NET_BIND_SERVICE`",
        "volume-kind" => "use a persistent volume claim, a CSI volume or another kind that is allowed",
        "privilege-escalation" => "set `securityContext.allowPrivilegeEscalation` to false",
        "run-as-non-root" => "set `securityContext.runAsNonRoot` of the pod to true",
        "root-user" => "set `runAsUser` to another number, or take it out",
        "writable-root" => {
            "set `securityContext.readOnlyRootFilesystem` to true, and mount an `emptyDir` where it writes"
        }
        "secret-in-env" => "take the value out, and read it with `valueFrom.secretKeyRef`",
        "secret-in-config-map" => "move it into a Secret that is made outside the repository",
        "committed-secret" => "revoke what is in it, and have it made by a vault, External Secrets or Sealed Secrets",
        "local-state" => "keep it in the database or an object store, so that any copy can answer",
        "scratch-size" => "set `emptyDir.sizeLimit`",
        "session-affinity" => "take `sessionAffinity` out, and keep sessions where every copy can read them",
        "single-replica" => "set `replicas` to 2 or more",
        "autoscaler" => "add a HorizontalPodAutoscaler that names it in `scaleTargetRef`",
        "disruption-budget" => "add a PodDisruptionBudget whose selector matches its pods",
        "blocked-eviction" => "let at least one pod go: `maxUnavailable: 1`",
        "removed-api" | "deprecated-api" => "write it for the newer API",
        "unmatched-service" => "correct the selector or the labels of the pods",
        "duplicate" => "delete one, or give it another name",
        _ => "correct it, or leave it out",
    }
}
