//! What kustomizations say of the files beside them: which are patches, and which images get another tag.

use std::collections::{BTreeMap, BTreeSet};

use crate::yaml;
use crate::yaml::node::Node;

/// What the kustomizations of a project say.
#[derive(Debug, Default)]
pub(super) struct Kustomizations {
    /// Paths of files that only change what other files say.
    pub(super) patches: BTreeSet<String>,
    pub(super) images: Images,
}

/// What images become, by their names.
#[derive(Debug, Default)]
pub(super) struct Images(BTreeMap<String, Replacement>);

/// The tag or digest that an image gets.
#[derive(Debug)]
pub(super) struct Replacement {
    pub(super) tag: Option<String>,
    pub(super) has_digest: bool,
}

impl Images {
    /// Returns what an image is replaced by.
    pub(super) fn replace(&self, name: &str) -> Option<&Replacement> {
        self.0.get(name)
    }
}

/// Says whether a file is one.
pub(super) fn is_one(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

impl Kustomizations {
    /// Adds what one says; one that cannot be read says nothing.
    pub(super) fn add(&mut self, path: &str, text: &str) {
        let Ok(document) = yaml::read(text) else { return };
        if document.expanded().is_none_or(|size| size > 100_000) {
            return;
        }
        let root = Node::root(&document);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let list = |field: &str| root.get(field).into_iter().flat_map(Node::items);
        let patches = ["patches", "patchesStrategicMerge", "patchesJson6902"].into_iter().flat_map(list);
        let files = patches.filter_map(|patch| patch.text_at(&["path"]).or(patch.text()));
        self.patches.extend(files.filter_map(|file| joined(folder, file)));
        for image in list("images") {
            let Some(name) = image.text_at(&["name"]) else { continue };
            let tag = image.text_at(&["newTag"]).map(str::to_owned);
            let has_digest = image.get("digest").is_some();
            if tag.is_some() || has_digest {
                let by = Replacement { tag, has_digest };
                let new = image.text_at(&["newName"]).unwrap_or(name);
                self.images.0.insert(new.to_owned(), Replacement { tag: by.tag.clone(), ..by });
                self.images.0.insert(name.to_owned(), by);
            }
        }
    }
}

/// Returns the path that a relative one leads to; none when it leads out of the project.
pub(super) fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_and_images_are_found() {
        let mut all = Kustomizations::default();
        let text = "patches:\n- path: ../p.yaml\n- patch: |-\n    a: b\npatchesStrategicMerge: [q.yaml, \"a: b\"]\nimages:\n- {name: web, newTag: v1}\n- {name: api, newName: r/api, digest: 'sha256:0'}\n- {name: other, newName: o}\n";
        all.add("k8s/overlay/kustomization.yaml", text);
        assert!(all.patches.contains("k8s/p.yaml") && all.patches.contains("k8s/overlay/q.yaml"));
        assert_eq!(all.images.replace("web").and_then(|by| by.tag.as_deref()), Some("v1"));
        assert!(all.images.replace("r/api").is_some_and(|by| by.has_digest));
        assert!(all.images.replace("other").is_none());
        assert_eq!(joined("a", "../../b"), None);
    }
}
