//! What the gate says of itself.

charter_deploy_model::kind! {
    /// Judges the Compose files of the commit: images, rights, secrets, health, limits, open databases.
    ///
    /// It reads files called `compose.yaml`, `docker-compose.yml` or the like, with anything before the ending
    /// (`files`), the files that they include, and those with services that they extend. Of a name that says more
    /// than that, such as `compose.prod.yaml`, a file without `services` and `include` is passed over. Anchors,
    /// merge keys and `x-` fields are understood, lists and mappings alike. A variable stands for what `.env` next
    /// to the file says in the commit, else for its default.
    ///
    /// What must be there is asked once for each service, of all files of a folder together and of what it extends:
    /// what `compose.prod.yaml` says of a service counts for `compose.yaml`. What must not be there is asked of
    /// each file. A file that is there only to be extended need not be complete.
    ///
    /// ```toml
    /// [gates.compose]
    /// exclude = ["examples/**"]
    /// ```
    ///
    /// ```yaml,source=compose.yaml,passes
    /// services:
    ///   web:
    ///     image: registry.example.org/web:1.2.0
    ///     restart: unless-stopped
    ///     healthcheck: {test: [CMD, /web, --check]}
    ///     deploy: {resources: {limits: {cpus: "0.5", memory: 128M}}}
    ///     ports: ["127.0.0.1:8080:8080"]
    ///     environment: {DATABASE_PASSWORD: "${DATABASE_PASSWORD:?}"}
    /// ```
    pub static META: "compose", needs Source, lane Shared {
        /// A Compose file cannot be read, so nobody knows what it would start.
        ///
        /// It is no YAML, is not UTF-8, has more than one document, is nested too deep, or grows without end where
        /// its aliases are written out; or what must be a mapping is none. A bracket alone in its line may stand as
        /// far out as its key, as Compose has it. What has `{{`, `{%` or `<%` in it and is no YAML is taken for a
        /// template, and counted as such.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/syntax
        /// services:
        ///   web: nginx:1.27.3
        /// ```
        "compose/syntax": Error, principle Some(LocalValidation);
        /// A mapping has a key twice.
        ///
        /// Compose refuses the file. That is so for `<<`, too: merge a list, `<<: [*one, *two]`.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/duplicate-key
        /// services:
        ///   web:
        ///     image: nginx:1.27.3
        ///     restart: always
        ///     restart: unless-stopped
        /// ```
        "compose/duplicate-key": Error, principle Some(LocalValidation);
        /// A key is none that Compose knows.
        ///
        /// Compose refuses the file; a program of old, or another, passes over it without a word. Looked at are the
        /// file itself, services with their `build`, `healthcheck`, `deploy`, `resources` and `limits`, networks,
        /// volumes, secrets and configs. What begins with `x-` is for others.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/unknown-key
        /// services:
        ///   web:
        ///     image: nginx:1.27.3
        ///     enviroment: {THEME: dark}
        /// ```
        "compose/unknown-key": Error, principle Some(LocalValidation);
        /// A file says which version of the format it is in.
        ///
        /// Compose has not looked at it since 2020, and warns.
        ///
        /// ```yaml,source=compose.yaml,passes
        /// version: "3.9"
        /// services:
        ///   web:
        ///     image: registry.example.org/web:1.2.0
        ///     restart: unless-stopped
        ///     healthcheck: {test: [CMD, /web, --check]}
        ///     deploy: {resources: {limits: {cpus: "0.5", memory: 128M}}}
        /// ```
        "compose/version": Note, principle None;
        /// An image is named by a tag that means another image from time to time, or by none.
        ///
        /// Such as `latest`, `main` or `stable`: what is started tomorrow is not what was tried today, and going
        /// back is not possible. A digest is best. An image that a service builds bears whatever name it likes. Of
        /// a variable its default is judged, or what the file `.env` of the commit says; a tag that only the
        /// surroundings know leaves the gate undecided.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/floating-tag
        /// services:
        ///   web: {image: "nginx:${TAG:-latest}"}
        /// ```
        "compose/floating-tag": Error, principle None;
        /// An image is named without its digest, and `require-digest` asks for it.
        ///
        /// A tag can be moved by whoever may push to the registry; a digest cannot.
        ///
        /// ```toml
        /// [gates.compose]
        /// require-digest = true
        /// ```
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/image-digest
        /// services:
        ///   web: {image: "nginx:1.27.3"}
        /// ```
        "compose/image-digest": Error, principle None;
        /// A service may do anything that its host may.
        ///
        /// Whoever takes it over has the host. The same is asked of `build`.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/privileged
        /// services:
        ///   web: {image: "nginx:1.27.3", privileged: true}
        /// ```
        "compose/privileged": Error, principle None;
        /// A service shares what its host has to itself.
        ///
        /// `network_mode`, `pid`, `ipc`, `uts`, `userns_mode` or `cgroup` is `host`: it reaches what listens on the
        /// host alone, or sees and signals its processes.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/host-namespaces
        /// services:
        ///   web: {image: "nginx:1.27.3", network_mode: host}
        /// ```
        "compose/host-namespaces": Error, principle None;
        /// A service gets the socket of what runs containers.
        ///
        /// With it, it can start a container that may do anything: read-only or not, that is the host. Known are
        /// the sockets of Docker, Podman, containerd and CRI-O, and `use_api_socket`.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/docker-socket
        /// services:
        ///   web:
        ///     image: nginx:1.27.3
        ///     volumes:
        ///       - /var/run/docker.sock:/var/run/docker.sock:ro
        /// ```
        "compose/docker-socket": Error, principle None;
        /// A service sees a folder that is the host itself.
        ///
        /// Such as `/`, `/etc` or `/var/lib/docker`, also when it may only read: keys and passwords are there.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/host-path
        /// services:
        ///   web: {image: "nginx:1.27.3", volumes: ["/etc:/host/etc:ro"]}
        /// ```
        "compose/host-path": Warning, principle None;
        /// A service gets a capability with which it can take over its host, or look at what others do there.
        ///
        /// Such as `ALL`, `SYS_ADMIN`, `SYS_PTRACE` or `NET_ADMIN`.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/added-capabilities
        /// services:
        ///   web: {image: "nginx:1.27.3", cap_add: [SYS_ADMIN]}
        /// ```
        "compose/added-capabilities": Error, principle None;
        /// A service switches off a protection that Docker puts around it.
        ///
        /// `security_opt` has seccomp, AppArmor or the masks of `/proc` unconfined, labels of SELinux disabled, or
        /// `no-new-privileges` false.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/unconfined
        /// services:
        ///   web: {image: "nginx:1.27.3", security_opt: ["seccomp:unconfined"]}
        /// ```
        "compose/unconfined": Error, principle None;
        /// A service says that it runs as root.
        ///
        /// Where it says nothing the image decides, which is for `dockerfile/no-user` to judge.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/root-user
        /// services:
        ///   web: {image: "nginx:1.27.3", user: "0:0"}
        /// ```
        "compose/root-user": Warning, principle None;
        /// A secret stands in the file, as the value of a variable or of an argument of the build.
        ///
        /// Whoever can read the repository can read it, and the argument stands in the image, too. A variable is a
        /// secret when it is called one or looks like one. What is handed over from outside is none, but its
        /// default is.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/secret-in-env
        /// services:
        ///   db:
        ///     image: postgres:17.2
        ///     environment:
        ///       - POSTGRES_PASSWORD=hunter22
        /// ```
        "compose/secret-in-env": Error, principle Some(UserPreservation);
        /// A service does not say how to ask whether it works, or switches that off.
        ///
        /// The constitution makes health checks mandatory: without one, a process that hangs stays as it is, and
        /// what depends on it is started too soon. A Dockerfile of the commit with a `HEALTHCHECK` counts; whether
        /// an image from elsewhere brings one is not known, hence a warning. What is meant to end needs
        /// none: what others wait for to end, jobs, and what is not started again and has no `ports`.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/healthcheck
        /// services:
        ///   web: {image: "nginx:1.27.3"}
        /// ```
        "compose/healthcheck": Warning, principle None;
        /// A service may take all the memory of its host.
        ///
        /// When it leaks, the host runs out, and others are killed for it. `deploy.resources.limits.memory` counts,
        /// and `mem_limit`.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/memory-limit
        /// services:
        ///   web: {image: "nginx:1.27.3"}
        /// ```
        "compose/memory-limit": Error, principle None;
        /// A service may take all the processors of its host.
        ///
        /// `deploy.resources.limits.cpus` counts, and so do `cpus`, `cpu_quota`, `cpu_count` and `cpu_percent`.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/cpu-limit
        /// services:
        ///   web: {image: "nginx:1.27.3"}
        /// ```
        "compose/cpu-limit": Warning, principle None;
        /// A service does not say what happens when it ends.
        ///
        /// Then nobody starts it again: not after a crash, and not when the host has started anew. `restart: "no"`
        /// says so aloud, and is fine. What others wait for to end (`service_completed_successfully`) needs no
        /// word.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/restart
        /// services:
        ///   web: {image: "nginx:1.27.3"}
        /// ```
        "compose/restart": Warning, principle None;
        /// A port of a database is published on all interfaces of the host.
        ///
        /// Docker lets the network in ahead of the rules of most firewalls, so that it stands open to all who reach
        /// the host. The port within the container is what tells a database: 5432, 3306, 6379, 27017 and others
        /// that are usual. Publish it on `127.0.0.1`, or not at all.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/published-database
        /// services:
        ///   db: {image: "postgres:17.2", ports: ["5432:5432"]}
        /// ```
        "compose/published-database": Error, principle None;
        /// A service shall run more than once under one name.
        ///
        /// Compose refuses that: `container_name` is for one container.
        ///
        /// ```yaml,source=compose.yaml,blocks=compose/named-replicas
        /// services:
        ///   web: {image: "nginx:1.27.3", container_name: web, scale: 2}
        /// ```
        "compose/named-replicas": Error, principle Some(LocalValidation);
    }
}
