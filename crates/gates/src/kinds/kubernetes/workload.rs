//! What a container must say of itself: probes, resources, an image that stays the same, a file system that is not
//! written to; and where a workload keeps state.

use super::fault::{Fault, short};
use super::kustomize::Images;
use super::manifest::Object;
use super::node::Node;
use super::pod::{Container, Pod, Role, Runs};

/// Tags that mean another image from time to time, besides those with `latest` in them.
const MOVING: [&str; 18] = [
    "main",
    "master",
    "dev",
    "devel",
    "develop",
    "development",
    "edge",
    "nightly",
    "stable",
    "rolling",
    "unstable",
    "canary",
    "head",
    "snapshot",
    "lts",
    "mainline",
    "current",
    "trunk",
];

/// Judges a pod that is all there.
pub(super) fn faults<'a>(object: &Object<'a>, pod: &Pod<'a>, images: &Images, digests: bool) -> Vec<Fault<'a>> {
    let mut faults = Vec::new();
    for container in &pod.containers {
        let mut add = |code, at: Node<'a>, what: String| {
            faults.push(Fault::new(code, at, what).within(Some(container.name)));
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

/// A reference to an image, taken apart.
#[derive(Clone, Copy)]
struct Image<'t> {
    name: &'t str,
    tag: Option<&'t str>,
    has_digest: bool,
}

impl<'t> Image<'t> {
    fn of(text: &'t str) -> Self {
        let (tagged, has_digest) = text.split_once('@').map_or((text, false), |(tagged, _)| (tagged, true));
        // A colon before the last slash parts a registry from its port.
        let last = tagged.rfind('/').map_or(0, |slash| slash + 1);
        let colon = tagged[last..].find(':').map(|colon| last + colon);
        let (name, tag) = colon.map_or((tagged, None), |colon| (&tagged[..colon], Some(&tagged[colon + 1..])));
        Self { name, tag, has_digest }
    }

    fn is_moving(&self) -> bool {
        let Some(tag) = self.tag else { return true };
        let lower = tag.to_ascii_lowercase();
        MOVING.contains(&lower.as_str()) || lower.split(['-', '_', '.']).any(|word| word == "latest")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_what_follows_the_last_colon_behind_the_last_slash() {
        for (image, name, tag, has_digest, is_moving) in [
            ("nginx", "nginx", None, false, true),
            ("nginx:latest", "nginx", Some("latest"), false, true),
            ("nginx:1.27", "nginx", Some("1.27"), false, false),
            ("nginx:1.27-alpine", "nginx", Some("1.27-alpine"), false, false),
            ("localhost:5000/a/b", "localhost:5000/a/b", None, false, true),
            ("localhost:5000/a/b:v1", "localhost:5000/a/b", Some("v1"), false, false),
            ("a/b:main", "a/b", Some("main"), false, true),
            ("a/b:v2-latest", "a/b", Some("v2-latest"), false, true),
            ("a/b:LATEST", "a/b", Some("LATEST"), false, true),
            ("a/b:latestish", "a/b", Some("latestish"), false, false),
            ("a/b@sha256:0123", "a/b", None, true, true),
            ("a/b:v1@sha256:0123", "a/b", Some("v1"), true, false),
            ("", "", None, false, true),
        ] {
            let read = Image::of(image);
            assert_eq!(
                (read.name, read.tag, read.has_digest, read.is_moving()),
                (name, tag, has_digest, is_moving),
                "{image}"
            );
        }
    }
}
