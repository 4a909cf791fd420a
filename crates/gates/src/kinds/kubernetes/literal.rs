//! Secrets that stand in a manifest as they are.

use super::manifest::Object;
use super::pod::Pod;
use crate::kinds::secrets::named::{is_stand_in, secret};
use crate::yaml::fault::{Fault, short};
use crate::yaml::node::Node;

/// Finds the values of environment variables that are secrets.
pub(super) fn in_environment<'a>(pod: &Pod<'a>) -> Vec<Fault<'a>> {
    let mut faults = Vec::new();
    for container in &pod.containers {
        for variable in container.node.get("env").into_iter().flat_map(Node::items) {
            let (Some(name), Some(at)) = (variable.text_at(&["name"]), variable.get("value")) else { continue };
            if let Some(why) = at.text().and_then(|value| secret(name, value)) {
                let what = format!("has a secret written out in the variable `{}`: {why}", short(name));
                faults.push(Fault::new("secret-in-env", at, what).of(Some(container.name)));
            }
        }
    }
    faults
}

/// Finds secrets in a ConfigMap, and a Secret whose values anyone can read.
pub(super) fn in_data<'a>(object: &Object<'a>) -> Vec<Fault<'a>> {
    match (object.group(), object.kind) {
        ("", "ConfigMap") => fields(object, &["data", "binaryData"])
            .filter_map(|(name, value)| {
                let key = name.text()?;
                let why = secret(key, value.text()?)?;
                let what = format!("has a secret written out in `{}`: {why}", short(key));
                Some(Fault::new("secret-in-config-map", name, what))
            })
            .collect(),
        // What SOPS encrypted says so.
        ("", "Secret") if object.root.get("sops").is_none() => {
            let is_open = |value: Node<'_>| value.text().is_some_and(|value| !is_stand_in(value));
            let first = fields(object, &["data", "stringData"]).find(|(_, value)| is_open(*value));
            let fault = first.map(|(name, _)| {
                let what = "holds its values for anyone who can read the repository: base64 hides nothing";
                Fault::new("committed-secret", name, what)
            });
            fault.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn fields<'a>(object: &Object<'a>, names: &'static [&'static str]) -> impl Iterator<Item = (Node<'a>, Node<'a>)> {
    let root = object.root;
    names.iter().filter_map(move |name| root.get(name)).flat_map(Node::pairs)
}
