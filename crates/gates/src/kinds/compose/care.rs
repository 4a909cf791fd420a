//! What a service must say of itself: an image that stays the same, how to ask whether it works, what it may take,
//! what happens when it ends.

use super::container::{Service, Services, dockerfile};
use super::files::Commit;
use super::keys::field;
use crate::image::Image;
use crate::yaml::fault::{Fault, short};
use crate::yaml::node::Node;

/// Judges the image that a definition names; an error is what cannot be decided.
pub(super) fn image<'a>(
    service: &Service<'a>,
    services: &Services<'a>,
    require_digest: bool,
) -> Result<Option<Fault<'a>>, String> {
    // What is built here bears the name it is given.
    let is_built = || services.kin(service).iter().any(|one| one.get("build").is_some());
    let Some(at) = service.get("image").filter(|_| !is_built()) else { return Ok(None) };
    let Some(written) = service.filled(at) else { return Ok(None) };
    let fault = |code, what| Ok(Some(Fault::new(code, at, what).of(Some(service.name))));
    let (image, shown) = (Image::of(&written), short(&written));
    let last = written.rsplit('/').next().unwrap_or_default();
    if image.has_digest && !last.contains("@$") {
        return Ok(None);
    }
    if image.tag.map_or(last.contains("${"), |tag| tag.contains("${")) {
        let path = &service.file.path;
        return Err(format!(
            "`{path}`: which image `{}` runs is said outside of the commit: `{shown}`",
            short(service.name)
        ));
    }
    if image.is_moving() {
        let what = match image.tag {
            None => format!("runs `{shown}`, which has no tag and so means `latest`"),
            Some(_) => format!("runs `{shown}`, whose tag means another image from time to time"),
        };
        return fault("floating-tag", what);
    }
    if require_digest {
        fault("image-digest", format!("runs `{shown}`, which is named without its digest"))
    } else {
        Ok(None)
    }
}

/// Finds what nothing that is said of a service says.
pub(super) fn missing<'a>(service: &Service<'a>, services: &Services<'a>, commit: &Commit) -> Vec<Fault<'a>> {
    let kin = services.kin(service);
    if !services.is_told_of(service, &kin) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut add = |code, at: Node<'a>, what: &str| faults.push(Fault::new(code, at, what).of(Some(service.name)));
    let is_job = services.is_job(service, &kin);
    let says = |path: &[&str]| kin.iter().any(|one| one.at(path).is_some());
    match kin.iter().find_map(|one| Some((one, one.get("healthcheck")?))) {
        Some((one, check)) if is_off(check) => {
            // A line of another file would not be a line of this one.
            let at = if one.file.path == service.file.path { check } else { service.key };
            add("healthcheck", at, "switches its health check off");
        }
        Some(_) => {}
        None if is_job || dockerfile(&kin).is_some_and(|path| commit.checked.contains(&path)) => {}
        None => add("healthcheck", service.key, "has no `healthcheck`"),
    }
    if !says(&["deploy", "resources", "limits", "memory"]) && !says(&["mem_limit"]) {
        add("memory-limit", service.key, "may take all the memory of its host");
    }
    let cpus: [&[&str]; 5] =
        [&["deploy", "resources", "limits", "cpus"], &["cpus"], &["cpu_quota"], &["cpu_count"], &["cpu_percent"]];
    if !cpus.into_iter().any(says) {
        add("cpu-limit", service.key, "may take all the processors of its host");
    }
    if !is_job && !says(&["restart"]) && !says(&["deploy", "restart_policy"]) {
        add("restart", service.key, "stays away when it ends: it has no `restart`");
    }
    faults
}

fn is_off(check: Node<'_>) -> bool {
    let test = field(check, "test");
    let first = test.and_then(|test| test.items().next()).or(test).and_then(Node::text);
    field(check, "disable").and_then(Node::truth) == Some(true) || first == Some("NONE")
}

/// Says when a service shall run more than once under one name.
pub(super) fn named_replicas<'a>(service: &Service<'a>) -> Option<Fault<'a>> {
    let at = service.get("container_name")?;
    let number = |node: Node<'a>| service.filled(node)?.parse::<u64>().ok();
    let count = [service.at(&["deploy", "replicas"]), service.get("scale")].into_iter().flatten().find_map(number)?;
    let what = format!("shall run {count} times under the one name `{}`", short(at.text()?));
    (count > 1).then(|| Fault::new("named-replicas", at, what).of(Some(service.name)))
}
