//! What a container must say of itself: probes, resources, an image that stays the same, a file system that is not
//! written to; and where a workload keeps state.

use super::kustomize::Images;
use super::manifest::Object;
use super::pod::{Container, Pod, Role, Runs};
use crate::image::Image;
use crate::yaml::fault::{Fault, short};
use crate::yaml::node::Node;

/// Judges a pod that is all there.
pub(super) fn faults<'a>(object: &Object<'a>, pod: &Pod<'a>, images: &Images, digests: bool) -> Vec<Fault<'a>> {
    let mut faults = Vec::new();
    for container in &pod.containers {
        let mut add = |code, at: Node<'a>, what: String| {
            faults.push(Fault::new(code, at, what).of(Some(container.name)));
        };
        image(container, images, digests, &mut add);
        if container.role == Role::Ephemeral {
            continue;
        }
        if container.role == Role::Main && pod.runs == Runs::On {
            probes(container, &mut add);
        }
        resources(container, pod, &mut add);
        if !pod.is_windows() {
            let value = container.node.at(&["securityContext", "readOnlyRootFilesystem"]);
            if value.and_then(Node::truth) != Some(true) {
                let what = "can write to its own root file system (`readOnlyRootFilesystem` is not true)".to_owned();
                add("writable-root", value.unwrap_or(container.node), what);
            }
        }
    }
    faults.extend(state(object, pod));
    faults
}

fn probes<'a>(container: &Container<'a>, add: &mut impl FnMut(&'static str, Node<'a>, String)) {
    for (code, field) in [("liveness-probe", "livenessProbe"), ("readiness-probe", "readinessProbe")] {
        let probe = container.node.get(field);
        let asks = |probe: &Node<'_>| {
            ["httpGet", "exec", "tcpSocket", "grpc"].iter().any(|handler| probe.get(handler).is_some())
        };
        if probe.filter(asks).is_none() {
            add(code, probe.unwrap_or(container.node), format!("has no `{field}`"));
        }
    }
}

fn resources<'a>(container: &Container<'a>, pod: &Pod<'a>, add: &mut impl FnMut(&'static str, Node<'a>, String)) {
    // What the whole pod is given counts for each container.
    let set = |kind: &str, of: &str| {
        let amount = |holder: Node<'a>| holder.text_at(&["resources", kind, of]);
        [container.node, pod.spec].into_iter().filter_map(amount).any(|amount| amount != "0")
    };
    let at = container.node.get("resources").unwrap_or(container.node);
    let missing: Vec<&str> =
        ["cpu", "memory"].into_iter().filter(|of| !set("requests", of) && !set("limits", of)).collect();
    if !missing.is_empty() {
        add("requests", at, format!("requests no {}", missing.join(" and no ")));
    }
    if !set("limits", "memory") {
        add("memory-limit", at, "may take all the memory of its node".to_owned());
    }
    if !set("limits", "cpu") {
        add("cpu-limit", at, "may take all the processors of its node".to_owned());
    }
}

fn image<'a>(
    container: &Container<'a>,
    images: &Images,
    digests: bool,
    add: &mut impl FnMut(&'static str, Node<'a>, String),
) {
    let Some(at) = container.node.get("image") else { return };
    let Some(written) = at.text() else { return };
    // To be filled in by something else.
    if written.contains(['$', '{', '<', '%']) {
        return;
    }
    let image = Image::of(written);
    let image = images.replace(image.name).map_or(image, |by| Image {
        tag: by.tag.as_deref(),
        has_digest: by.has_digest,
        ..image
    });
    let shown = short(written);
    if image.has_digest {
        return;
    }
    if image.is_moving() {
        let what = match image.tag {
            None => format!("runs `{shown}`, which has no tag and so means `latest`"),
            Some(_) => format!("runs `{shown}`, whose tag means another image from time to time"),
        };
        add("floating-tag", at, what);
    } else if digests {
        add("image-digest", at, format!("runs `{shown}`, which is named without its digest"));
    }
}

/// Finds where a workload keeps what another copy of it could not see.
fn state<'a>(object: &Object<'a>, pod: &Pod<'a>) -> Vec<Fault<'a>> {
    let mut faults = Vec::new();
    for volume in pod.volumes() {
        let name = short(volume.text_at(&["name"]).unwrap_or_default());
        for kind in ["persistentVolumeClaim", "ephemeral"] {
            if let Some(at) = volume.get(kind) {
                faults.push(Fault::new("local-state", at, format!("keeps files in a volume of its own (`{name}`)")));
            }
        }
        if let Some(at) = volume.get("emptyDir").filter(|directory| directory.get("sizeLimit").is_none()) {
            let is_memory = at.text_at(&["medium"]) == Some("Memory");
            let place = if is_memory { "memory" } else { "disk" };
            let what = format!("may fill the {place} of its node through the volume `{name}`");
            faults.push(Fault::new("scratch-size", at, what));
        }
    }
    let claims = object.root.at(&["spec", "volumeClaimTemplates"]);
    for claim in claims.into_iter().flat_map(Node::items) {
        let name = short(claim.text_at(&["metadata", "name"]).unwrap_or_default());
        faults.push(Fault::new("local-state", claim, format!("keeps files in volumes of its own (`{name}`)")));
    }
    faults
}
