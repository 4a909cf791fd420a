//! The keys that the Compose Specification knows (<https://github.com/compose-spec/compose-spec>,
//! `schema/compose-spec.json`), and those of a file that it does not.

use charter_host::nearest;

use crate::yaml::fault::{Fault, short};
use crate::yaml::node::Node;

const TOP: &[&str] = &["version", "name", "include", "services", "models", "networks", "volumes", "secrets", "configs"];
const SERVICE: &[&str] = &[
    "annotations",
    "attach",
    "blkio_config",
    "build",
    "cap_add",
    "cap_drop",
    "cgroup",
    "cgroup_parent",
    "command",
    "configs",
    "container_name",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "cpu_shares",
    "cpus",
    "cpuset",
    "credential_spec",
    "depends_on",
    "deploy",
    "develop",
    "device_cgroup_rules",
    "devices",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "extends",
    "external_links",
    "extra_hosts",
    "gpus",
    "group_add",
    "healthcheck",
    "hostname",
    "image",
    "init",
    "ipc",
    "isolation",
    "label_file",
    "labels",
    "links",
    "logging",
    "mac_address",
    "mem_limit",
    "mem_reservation",
    "mem_swappiness",
    "memswap_limit",
    "models",
    "network_mode",
    "networks",
    "oom_kill_disable",
    "oom_score_adj",
    "pid",
    "pids_limit",
    "platform",
    "ports",
    "post_start",
    "pre_stop",
    "privileged",
    "profiles",
    "provider",
    "pull_policy",
    "pull_refresh_after",
    "read_only",
    "restart",
    "runtime",
    "scale",
    "secrets",
    "security_opt",
    "shm_size",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "storage_opt",
    "sysctls",
    "tmpfs",
    "tty",
    "ulimits",
    "use_api_socket",
    "user",
    "userns_mode",
    "uts",
    "volumes",
    "volumes_from",
    "working_dir",
];
const BUILD: &[&str] = &[
    "additional_contexts",
    "args",
    "cache_from",
    "cache_to",
    "context",
    "dockerfile",
    "dockerfile_inline",
    "entitlements",
    "extra_hosts",
    "isolation",
    "labels",
    "network",
    "no_cache",
    "platforms",
    "privileged",
    "provenance",
    "pull",
    "sbom",
    "secrets",
    "shm_size",
    "ssh",
    "tags",
    "target",
    "ulimits",
];
const HEALTHCHECK: &[&str] = &["disable", "interval", "retries", "start_interval", "start_period", "test", "timeout"];
const DEPLOY: &[&str] = &[
    "endpoint_mode",
    "labels",
    "mode",
    "placement",
    "replicas",
    "resources",
    "restart_policy",
    "rollback_config",
    "update_config",
];
const NETWORK: &[&str] = &[
    "attachable",
    "driver",
    "driver_opts",
    "enable_ipv4",
    "enable_ipv6",
    "external",
    "internal",
    "ipam",
    "labels",
    "name",
];
const VOLUME: &[&str] = &["driver", "driver_opts", "external", "labels", "name"];
const SECRET: &[&str] =
    &["driver", "driver_opts", "environment", "external", "file", "labels", "name", "template_driver"];
const CONFIG: &[&str] = &["content", "environment", "external", "file", "labels", "name", "template_driver"];
const RESOURCES: &[&str] = &["limits", "reservations"];
const LIMITS: &[&str] = &["cpus", "memory", "pids"];

/// Finds the keys of the file that no part of Compose knows.
pub(super) fn of_file<'a>(root: Node<'a>) -> Vec<Fault<'a>> {
    let mut faults = Vec::new();
    check(root, TOP, "the file", None, &mut faults);
    let definitions = [("networks", NETWORK), ("volumes", VOLUME), ("secrets", SECRET), ("configs", CONFIG)];
    for (section, known) in definitions {
        for (name, node) in field(root, section).into_iter().flat_map(Node::fields) {
            let place = format!("`{}` in `{section}`", short(name.text().unwrap_or_default()));
            check(node, known, &place, None, &mut faults);
        }
    }
    faults
}

/// Finds the keys of a service that no part of Compose knows.
pub(super) fn of_service<'a>(name: &'a str, service: Node<'a>) -> Vec<Fault<'a>> {
    let mut faults = Vec::new();
    check(service, SERVICE, "it", Some(name), &mut faults);
    for (section, known) in [("build", BUILD), ("healthcheck", HEALTHCHECK), ("deploy", DEPLOY)] {
        if let Some(node) = field(service, section) {
            check(node, known, &format!("its `{section}`"), Some(name), &mut faults);
        }
    }
    let resources = field(service, "deploy").and_then(|deploy| field(deploy, "resources"));
    if let Some(resources) = resources {
        check(resources, RESOURCES, "its `resources`", Some(name), &mut faults);
        if let Some(limits) = field(resources, "limits") {
            check(limits, LIMITS, "its `limits`", Some(name), &mut faults);
        }
    }
    faults
}

fn check<'a>(node: Node<'a>, known: &[&str], place: &str, service: Option<&'a str>, faults: &mut Vec<Fault<'a>>) {
    for (key, _) in node.fields() {
        let Some(name) = key.text().filter(|name| !known.contains(name) && !name.starts_with("x-")) else { continue };
        let hint = nearest(name, known.iter().copied()).map(|meant| format!("; did you mean `{meant}`?"));
        let what = format!(
            "has the key `{}`, which Compose does not know in {place}{}",
            short(name),
            hint.unwrap_or_default()
        );
        faults.push(Fault::new("unknown-key", key, what).of(service));
    }
}

/// Returns a field that is not null, also one that is merged in.
pub(super) fn field<'a>(node: Node<'a>, name: &str) -> Option<Node<'a>> {
    let mut fields = node.fields().into_iter();
    fields.find(|(key, _)| key.text() == Some(name)).map(|(_, value)| value).filter(|value| !value.is_null())
}
