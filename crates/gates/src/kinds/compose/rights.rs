//! What a service may do to the machine it runs on.

use super::container::Service;
use super::keys::field;
use crate::yaml::fault::{Fault, short};
use crate::yaml::node::Node;

/// Capabilities with which a container can take over its host, or look at or change what others do there.
const DANGEROUS: [&str; 17] = [
    "ALL",
    "BPF",
    "CHECKPOINT_RESTORE",
    "DAC_READ_SEARCH",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "NET_ADMIN",
    "PERFMON",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
];
/// Sockets by which a container commands what runs containers.
const SOCKETS: [&str; 5] = ["docker.sock", "docker_engine", "podman.sock", "containerd.sock", "crio.sock"];
/// Folders that are the host itself.
const OF_HOST: [&str; 14] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/proc",
    "/root",
    "/run",
    "/sys",
    "/usr",
    "/var",
    "/var/lib/docker",
];

/// Finds what a service may do and need not.
pub(super) fn faults<'a>(service: &Service<'a>) -> Vec<Fault<'a>> {
    let mut faults = Vec::new();
    let mut add = |code, at: Node<'a>, what: String| faults.push(Fault::new(code, at, what).of(Some(service.name)));
    let is_true = |node: &Node<'a>| {
        service.filled(*node).is_some_and(|text| matches!(text.as_str(), "true" | "True" | "TRUE" | "yes" | "on"))
    };
    if let Some(at) = service.get("privileged").filter(is_true) {
        add("privileged", at, "may do anything that its host may (`privileged`)".to_owned());
    }
    if let Some(at) = service.at(&["build", "privileged"]).filter(is_true) {
        add("privileged", at, "is built with all rights of its host (`build.privileged`)".to_owned());
    }
    for name in ["network_mode", "pid", "ipc", "uts", "userns_mode", "cgroup"] {
        let value = service.get(name).filter(|value| service.filled(*value).as_deref() == Some("host"));
        if let Some(at) = value {
            add("host-namespaces", at, format!("shares what its host has to itself (`{name}: host`)"));
        }
    }
    for at in service.items("cap_add") {
        let written = service.filled(at).unwrap_or_default().to_ascii_uppercase();
        let name = written.strip_prefix("CAP_").unwrap_or(&written);
        if DANGEROUS.contains(&name) {
            add("added-capabilities", at, format!("gets the capability `{name}`"));
        }
    }
    for at in service.items("security_opt") {
        let option = service.filled(at).unwrap_or_default();
        let (name, value) = option.split_once(['=', ':']).unwrap_or((&option, ""));
        let is_off = match name {
            "seccomp" | "apparmor" | "systempaths" => value == "unconfined",
            "label" => value == "disable",
            "no-new-privileges" => value == "false",
            _ => false,
        };
        if is_off {
            add("unconfined", at, format!("switches a protection off (`{}`)", short(&option)));
        }
    }
    mounts(service, &mut add);
    if let Some(at) = service.get("use_api_socket").filter(is_true) {
        add("docker-socket", at, "gets the socket of Docker (`use_api_socket`)".to_owned());
    }
    if let Some(at) = service.get("user") {
        let user = service.filled(at).unwrap_or_default();
        if matches!(user.split(':').next(), Some("root" | "0")) {
            add("root-user", at, format!("runs as root (`user: {}`)", short(&user)));
        }
    }
    faults
}

fn mounts<'a>(service: &Service<'a>, add: &mut impl FnMut(&'static str, Node<'a>, String)) {
    for at in service.items("volumes") {
        let Some(source) = source(service, at) else { continue };
        let last = source.rsplit(['/', '\\']).next().unwrap_or_default();
        if SOCKETS.contains(&last) {
            add("docker-socket", at, format!("gets the socket `{}`, and with it its host", short(&source)));
        } else if OF_HOST.contains(&if source.len() > 1 { source.trim_end_matches('/') } else { &source }) {
            add("host-path", at, format!("sees the folder `{source}` of its host"));
        }
    }
}

/// Returns what of the host is mounted.
fn source<'a>(service: &Service<'a>, mount: Node<'a>) -> Option<String> {
    if mount.is_mapping() {
        let is_bind = matches!(field(mount, "type").and_then(Node::text), Some("bind" | "npipe"));
        return service.filled(field(mount, "source").filter(|_| is_bind)?);
    }
    let text = service.filled(mount)?;
    // `C:\folder:/folder`.
    let drive = usize::from(text.get(1..3) == Some(":\\")) * 2;
    let (source, _) = text[drive..].split_once(':')?;
    Some(text[..drive].to_owned() + source)
}
