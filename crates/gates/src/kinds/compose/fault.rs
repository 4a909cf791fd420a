//! How what is wrong with a file is told.

use charter_deploy_model::{Finding, Location};

use crate::yaml::fault::{Fault, short};

/// Makes the finding; lines are given where the file is as it was committed.
pub(super) fn finding(fault: &Fault<'_>, path: &str, has_lines: bool) -> Finding {
    let Fault { code, part: service, place, what } = fault;
    let message = match service {
        Some(service) => format!("service `{}` in `{path}` {what}", short(service)),
        None => format!("`{path}` {what}"),
    };
    let key = [service.unwrap_or_default(), &fault.names()].join(":");
    let finding = Finding::new(format!("compose/{code}"), path, message).key(key).help(help(code));
    let location = Location::file(path).in_source();
    if has_lines { finding.at(location.line(place.line).column(place.column)) } else { finding }
}

/// Returns what puts right what comes under a code.
fn help(code: &str) -> &'static str {
    match code {
        "duplicate-key" => "delete one of the two",
        "unknown-key" => "correct its name; what is meant for another program begins with `x-`",
        "version" => "delete the line",
        "floating-tag" => "name a version, or better a digest: `image@sha256:…`",
        "image-digest" => "add the digest that the registry gives: `image:tag@sha256:…`",
        "privileged" => "take `privileged` out, and add the one capability that is needed",
        "host-namespaces" => "take it out; talk to other services over a network of the project",
        "docker-socket" => "take it out, or put a proxy before it that lets through only what is needed",
        "host-path" => "mount the one folder that is needed, or a volume",
        "added-capabilities" => "take it out of `cap_add`",
        "unconfined" => "take it out of `security_opt`, or name a profile of your own",
        "root-user" => "name another user, or take it out where the image names one",
        "secret-in-env" => "take the value out, and hand it over by `secrets` or from outside: `${NAME:?}`",
        "healthcheck" => "add a `healthcheck` that asks the service itself",
        "memory-limit" => "set `deploy.resources.limits.memory` or `mem_limit`",
        "cpu-limit" => "set `deploy.resources.limits.cpus` or `cpus`",
        "restart" => "set `restart` to `unless-stopped`, or to `\"no\"` where it shall not be started again",
        "published-database" => {
            "take the port out, for services of the project reach it anyway, or write `127.0.0.1:` before it"
        }
        "named-replicas" => "take `container_name` out",
        _ => "correct it, or leave it out with `exclude`",
    }
}
