//! The Pod Security Standards, control by control, as Kubernetes' own admission checks them
//! (<https://kubernetes.io/docs/concepts/security/pod-security-standards/>).
//!
//! Where a control of `restricted` is a stricter form of one of `baseline`, each fault comes under the weaker one that
//! forbids it, so nothing is told twice.

use super::pod::{Container, Pod};
use crate::yaml::fault::{Fault, short};
use crate::yaml::node::Node;

/// How strictly pods are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Baseline,
    Restricted,
}

/// A pod under judgement, by the rules of `level` in Kubernetes 1.`minor`.
struct Judged<'p, 'a> {
    pod: &'p Pod<'a>,
    level: Level,
    minor: u32,
    faults: Vec<Fault<'a>>,
}

/// Returns what a level forbids of a pod in Kubernetes 1.`minor`.
pub(super) fn faults<'a>(pod: &Pod<'a>, level: Level, minor: u32) -> Vec<Fault<'a>> {
    let mut judged = Judged { pod, level, minor, faults: Vec::new() };
    judged.host_namespaces();
    judged.volumes();
    judged.annotations();
    judged.sysctls();
    judged.security_context(None, pod.spec);
    for container in &pod.containers {
        judged.security_context(Some(container.name), container.node);
        judged.host_ports(container);
        judged.handler_hosts(container);
        judged.capabilities(container);
        judged.privilege_escalation(container);
    }
    judged.non_root();
    judged.seccomp();
    judged.faults
}

impl<'a> Judged<'_, 'a> {
    fn add(&mut self, code: &'static str, container: Option<&'a str>, at: Node<'a>, what: impl Into<String>) {
        self.faults.push(Fault::new(code, at, what).of(container));
    }

    fn is_restricted(&self) -> bool {
        self.level == Level::Restricted
    }

    /// Pods for Windows cannot have what Linux restricts itself by.
    fn is_exempt(&self) -> bool {
        self.minor >= 25 && self.pod.is_windows()
    }

    /// Says whether the pod has users of its own, which are nobody on the node.
    fn has_own_users(&self) -> bool {
        self.minor >= 35 && self.pod.spec.get("hostUsers").and_then(Node::truth) == Some(false)
    }

    fn host_namespaces(&mut self) {
        for field in ["hostNetwork", "hostPID", "hostIPC"] {
            if let Some(value) = self.pod.spec.get(field).filter(|value| value.truth() == Some(true)) {
                self.add("host-namespaces", None, value, format!("shares the node's namespace (`{field}: true`)"));
            }
        }
    }

    fn volumes(&mut self) {
        const ALLOWED: [&str; 9] = [
            "configMap",
            "csi",
            "downwardAPI",
            "emptyDir",
            "ephemeral",
            "image",
            "persistentVolumeClaim",
            "projected",
            "secret",
        ];
        for volume in self.pod.volumes() {
            let name = volume.text_at(&["name"]).unwrap_or_default();
            if let Some(path) = volume.get("hostPath") {
                let what = format!("mounts a folder of the node (volume `{name}`)");
                self.add("host-path", None, path, what);
            } else if self.is_restricted() && !ALLOWED.iter().any(|kind| volume.get(kind).is_some()) {
                // A volume of no kind becomes an empty folder.
                if let Some((kind, _)) = volume.pairs().find(|(kind, _)| kind.text() != Some("name")) {
                    let what = format!("has a volume of the kind `{}` (`{name}`)", kind.text().unwrap_or_default());
                    self.add("volume-kind", None, volume, what);
                }
            }
        }
    }

    fn annotations(&mut self) {
        let annotations = self.pod.metadata.and_then(|metadata| metadata.get("annotations"));
        for (name, value) in annotations.into_iter().flat_map(Node::pairs) {
            let (Some(key), Some(profile)) = (name.text(), value.text()) else { continue };
            let is_usual = profile == "runtime/default" || profile.starts_with("localhost/");
            if key.starts_with("container.apparmor.security.beta.kubernetes.io/") && !profile.is_empty() && !is_usual {
                self.add("app-armor", None, name, format!("sets the AppArmor profile `{}`", short(profile)));
            }
            let of_seccomp = key == "seccomp.security.alpha.kubernetes.io/pod"
                || key
                    .strip_prefix("container.seccomp.security.alpha.kubernetes.io/")
                    .is_some_and(|of| self.pod.containers.iter().any(|container| container.name == of));
            if self.minor < 19 && of_seccomp && !is_usual && profile != "docker/default" {
                self.add("seccomp-unconfined", None, name, format!("sets the seccomp profile `{}`", short(profile)));
            }
        }
    }

    fn sysctls(&mut self) {
        /// What is safe, and since which version.
        const SAFE: [(&str, u32); 14] = [
            ("kernel.shm_rmid_forced", 0),
            ("net.ipv4.ip_local_port_range", 0),
            ("net.ipv4.tcp_syncookies", 0),
            ("net.ipv4.ping_group_range", 0),
            ("net.ipv4.ip_unprivileged_port_start", 0),
            ("net.ipv4.ip_local_reserved_ports", 27),
            ("net.ipv4.tcp_keepalive_time", 29),
            ("net.ipv4.tcp_fin_timeout", 29),
            ("net.ipv4.tcp_keepalive_intvl", 29),
            ("net.ipv4.tcp_keepalive_probes", 29),
            ("net.ipv4.tcp_rmem", 32),
            ("net.ipv4.tcp_wmem", 32),
            ("net.ipv4.tcp_slow_start_after_idle", 37),
            ("net.ipv4.tcp_notsent_lowat", 37),
        ];
        let sysctls = self.pod.spec.at(&["securityContext", "sysctls"]);
        for sysctl in sysctls.into_iter().flat_map(Node::items) {
            let name = sysctl.text_at(&["name"]).unwrap_or_default();
            if !SAFE.iter().any(|(safe, since)| *safe == name && *since <= self.minor) {
                self.add("sysctl", None, sysctl, format!("sets the kernel parameter `{}`", short(name)));
            }
        }
    }

    /// Judges what the pod and each container can say alike.
    fn security_context(&mut self, container: Option<&'a str>, holder: Node<'a>) {
        let Some(context) = holder.get("securityContext") else { return };
        // Only a container can be that; a pod with such a field would be refused.
        if let Some(value) =
            context.get("privileged").filter(|value| container.is_some() && value.truth() == Some(true))
        {
            self.add("privileged", container, value, "is privileged: it can do to the node what root can");
        }
        let windows = context.at(&["windowsOptions", "hostProcess"]);
        if let Some(value) = windows.filter(|value| value.truth() == Some(true)) {
            self.add("host-process", container, value, "runs as a process of the Windows node");
        }
        if let Some(profile) = context.get("appArmorProfile") {
            let kind = profile.text_at(&["type"]).unwrap_or_default();
            if !matches!(kind, "RuntimeDefault" | "Localhost") {
                self.add("app-armor", container, profile, format!("sets the AppArmor profile `{}`", short(kind)));
            }
        }
        if let Some(options) = context.get("seLinuxOptions") {
            let field = |name: &str| options.text_at(&[name]).unwrap_or_default();
            let kind = field("type");
            let usual = ["", "container_t", "container_init_t", "container_kvm_t"];
            let is_usual = usual.contains(&kind) || self.minor >= 31 && kind == "container_engine_t";
            if !is_usual {
                self.add("se-linux", container, options, format!("sets the SELinux type `{}`", short(kind)));
            }
            for name in ["user", "role"].into_iter().filter(|name| !field(name).is_empty()) {
                self.add("se-linux", container, options, format!("sets a {name} of SELinux"));
            }
        }
        if let Some(mount) = context.get("procMount").filter(|_| container.is_some()) {
            // Until 1.34 both levels forbade it, whatever the users.
            let is_relaxed = self.level == Level::Baseline && self.has_own_users();
            if mount.text() != Some("Default") && !is_relaxed {
                self.add("proc-mount", container, mount, "takes the masks off `/proc`");
            }
        }
        if self.is_restricted()
            && self.minor >= 23
            && !self.has_own_users()
            && let Some(user) = context.get("runAsUser").filter(|user| user.number() == Some(0))
        {
            self.add("root-user", container, user, "runs as root (`runAsUser: 0`)");
        }
    }

    fn host_ports(&mut self, container: &Container<'a>) {
        for port in container.node.get("ports").into_iter().flat_map(Node::items) {
            if let Some(port) = port.get("hostPort").filter(|port| port.number() != Some(0)) {
                let what = format!("takes the port `{}` of the node", short(port.text().unwrap_or_default()));
                self.add("host-port", Some(container.name), port, what);
            }
        }
    }

    fn handler_hosts(&mut self, container: &Container<'a>) {
        if self.minor < 34 {
            return;
        }
        const HANDLERS: [&[&str]; 5] = [
            &["livenessProbe"],
            &["readinessProbe"],
            &["startupProbe"],
            &["lifecycle", "postStart"],
            &["lifecycle", "preStop"],
        ];
        for handler in HANDLERS.into_iter().filter_map(|path| container.node.at(path)) {
            for kind in ["httpGet", "tcpSocket"] {
                let host = handler.at(&[kind, "host"]).filter(|host| host.text() != Some(""));
                if let Some(host) = host {
                    let what = format!("has the node ask `{}`", short(host.text().unwrap_or_default()));
                    self.add("probe-host", Some(container.name), host, what);
                }
            }
        }
    }

    fn capabilities(&mut self, container: &Container<'a>) {
        const USUAL: [&str; 13] = [
            "AUDIT_WRITE",
            "CHOWN",
            "DAC_OVERRIDE",
            "FOWNER",
            "FSETID",
            "KILL",
            "MKNOD",
            "NET_BIND_SERVICE",
            "SETFCAP",
            "SETGID",
            "SETPCAP",
            "SETUID",
            "SYS_CHROOT",
        ];
        let is_strict = self.is_restricted() && self.minor >= 22;
        if is_strict && self.is_exempt() {
            return;
        }
        let capabilities = container.node.at(&["securityContext", "capabilities"]);
        let list = |field: &str| capabilities.and_then(|all| all.get(field)).into_iter().flat_map(Node::items);
        for added in list("add") {
            let name = added.text().unwrap_or_default();
            if !USUAL.contains(&name) {
                self.add(
                    "added-capabilities",
                    Some(container.name),
                    added,
                    format!("gets the capability `{}`", short(name)),
                );
            } else if is_strict && name != "NET_BIND_SERVICE" {
                self.add("capabilities", Some(container.name), added, format!("gets the capability `{name}`"));
            }
        }
        if is_strict && !list("drop").any(|dropped| dropped.text() == Some("ALL")) {
            let at = capabilities.unwrap_or(container.node);
            self.add("capabilities", Some(container.name), at, "keeps capabilities that it was not asked about");
        }
    }

    fn privilege_escalation(&mut self, container: &Container<'a>) {
        if !self.is_restricted() || self.minor < 8 || self.is_exempt() {
            return;
        }
        let value = container.node.at(&["securityContext", "allowPrivilegeEscalation"]);
        if value.and_then(Node::truth) != Some(false) {
            let at = value.unwrap_or(container.node);
            let what = "may gain more rights than it began with (`allowPrivilegeEscalation` is not false)";
            self.add("privilege-escalation", Some(container.name), at, what);
        }
    }

    fn non_root(&mut self) {
        if !self.is_restricted() || self.has_own_users() {
            return;
        }
        let of = |holder: Node<'a>| holder.at(&["securityContext", "runAsNonRoot"]);
        let of_pod = of(self.pod.spec);
        if let Some(value) = of_pod.filter(|value| value.truth() == Some(false)) {
            self.add("run-as-non-root", None, value, "says that it may run as root (`runAsNonRoot: false`)");
        }
        let is_set = of_pod.and_then(Node::truth) == Some(true);
        for container in &self.pod.containers {
            match of(container.node) {
                Some(value) if value.truth() == Some(false) => {
                    let what = "says that it may run as root (`runAsNonRoot: false`)";
                    self.add("run-as-non-root", Some(container.name), value, what);
                }
                None if !is_set => {
                    let what = "may run as root: neither it nor its pod says `runAsNonRoot: true`";
                    self.add("run-as-non-root", Some(container.name), container.node, what);
                }
                _ => {}
            }
        }
    }

    fn seccomp(&mut self) {
        if self.minor < 19 || self.is_restricted() && self.is_exempt() {
            return;
        }
        let of = |holder: Node<'a>| holder.at(&["securityContext", "seccompProfile"]);
        let is_good = |profile: Node<'_>| matches!(profile.text_at(&["type"]), Some("RuntimeDefault" | "Localhost"));
        let of_pod = of(self.pod.spec);
        let all = self.pod.containers.iter().map(|container| (Some(container.name), of(container.node)));
        let bad: Vec<_> = std::iter::once((None, of_pod))
            .chain(all)
            .filter_map(|(container, profile)| Some((container, profile.filter(|profile| !is_good(*profile))?)))
            .collect();
        for (container, profile) in bad {
            let kind = short(profile.text_at(&["type"]).unwrap_or_default());
            self.add("seccomp-unconfined", container, profile, format!("sets the seccomp profile `{kind}`"));
        }
        if !self.is_restricted() || of_pod.is_some_and(is_good) {
            return;
        }
        for container in self.pod.containers.iter().filter(|container| of(container.node).is_none()) {
            let what = "has no seccomp profile, nor has its pod";
            self.add("seccomp", Some(container.name), container.node, what);
        }
    }
}
