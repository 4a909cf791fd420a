//! What the gate says of itself.

charter_deploy_model::kind! {
    /// Judges the Kubernetes manifests of the commit: health, resources, rights, secrets, state, old APIs.
    ///
    /// It reads every YAML and JSON file whose documents have `apiVersion` and `kind`, each document by itself, lists
    /// unpacked. Whatever makes pods is judged by the pod it makes: Pod, Deployment, StatefulSet, DaemonSet,
    /// ReplicaSet, ReplicationController, Job, CronJob and PodTemplate. Documents of other shapes are passed over and
    /// counted, and so are templates. What only changes another manifest (a patch that a kustomization names, a pod
    /// whose containers have no image) is judged by what it says, and not by what it leaves out.
    ///
    /// A chart is rendered by `helm template` with the values it brings along, where `helm` is installed; else the
    /// gate says what to type and stays undecided. `helm` reads the work tree, so a chart that was edited since the
    /// commit is not rendered. Lines of templates are not known: a finding names the template.
    ///
    /// `pod-security` is the level of the Pod Security Standards that pods are held to, control by control as
    /// Kubernetes' own admission checks them in `kubernetes-version`. It is `restricted` unless the project says
    /// otherwise, because a service without state fits into it with six lines, and what it does not allow is there to
    /// be said aloud. What `baseline` forbids is an error; what only `restricted` forbids blocks under strict
    /// enforcement.
    ///
    /// ```toml
    /// [gates.kubernetes]
    /// kubernetes-version = "1.33"
    /// require-disruption-budget = ["*"]
    /// exclude = ["examples/**"]
    /// ```
    ///
    /// ```yaml,source=k8s/settings.yaml,passes
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: web}
    /// data: {theme: dark}
    /// ```
    ///
    /// ```yaml,source=k8s/web.yaml,passes
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   replicas: 2
    ///   selector: {matchLabels: {app: web}}
    ///   template:
    ///     metadata: {labels: {app: web}}
    ///     spec:
    ///       securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
    ///       containers:
    ///       - name: web
    ///         image: registry.example.org/web:1.2.0
    ///         livenessProbe: {httpGet: {path: /live, port: 8080}}
    ///         readinessProbe: {httpGet: {path: /ready, port: 8080}}
    ///         resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 500m, memory: 128Mi}}
    ///         securityContext:
    ///           allowPrivilegeEscalation: false
    ///           readOnlyRootFilesystem: true
    ///           capabilities: {drop: [ALL]}
    /// ```
    pub static META: "kubernetes", needs Source, lane Shared {
        /// A manifest cannot be read, so nobody knows what a cluster would be told.
        ///
        /// It has the first lines of a manifest and is no YAML, is not UTF-8, is nested too deep, or grows without end
        /// where its aliases are written out. What has `{{` in it and is no YAML is taken for a template, and counted
        /// as such.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/syntax
        /// apiVersion: v1
        /// kind: Pod
        /// spec: [
        /// ```
        "kubernetes/syntax": Error, principle Some(LocalValidation);
        /// A container that runs on has no `livenessProbe`.
        ///
        /// The constitution makes health checks mandatory: without this one a process that hangs stays as it is. Jobs,
        /// and pods that are not restarted, need none; neither do init containers and sidecars. A probe that asks
        /// nothing is none.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/liveness-probe
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     readinessProbe: {httpGet: {path: /ready, port: 8080}}
        /// ```
        "kubernetes/liveness-probe": Error, principle None;
        /// A container that runs on has no `readinessProbe`.
        ///
        /// Users are sent to it before it can answer, at each start and at each rollout.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/readiness-probe
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     livenessProbe: {httpGet: {path: /live, port: 8080}}
        /// ```
        "kubernetes/readiness-probe": Error, principle None;
        /// A container does not say how much processor and memory it needs.
        ///
        /// The scheduler puts it on a node that may be full, and a horizontal autoscaler has nothing to reckon with. A
        /// limit counts as a request, as it does for Kubernetes, and so does what is set for the whole pod.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/requests
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     resources: {requests: {cpu: 100m}}
        /// ```
        "kubernetes/requests": Error, principle None;
        /// A container may take all the memory of its node.
        ///
        /// When it leaks, the node runs out, and others are killed for it.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/memory-limit
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     resources: {requests: {cpu: 100m, memory: 64Mi}}
        /// ```
        "kubernetes/memory-limit": Error, principle None;
        /// A container may take all the processors of its node.
        ///
        /// A limit makes it slow and no other. Some leave it out on purpose, since a container is held to it even
        /// where the node has nothing else to do: then waive this.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/cpu-limit
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     resources: {requests: {cpu: 100m}, limits: {memory: 64Mi}}
        /// ```
        "kubernetes/cpu-limit": Warning, principle None;
        /// An image is named by a tag that means another image from time to time, or by none.
        ///
        /// Such as `latest`, `main` or `stable`: two pods of one workload may run different code, and going back is
        /// not possible. A digest is best. Where a kustomization of the project gives the image another tag or a
        /// digest, that is judged; a name with a placeholder in it, such as `$TAG`, is left to what fills it in.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/floating-tag
        /// apiVersion: v1
        /// kind: Pod
        /// spec:
        ///   containers:
        ///   - {name: web, image: nginx:latest}
        /// ```
        "kubernetes/floating-tag": Error, principle None;
        /// An image is named without its digest, and `require-digest` asks for it.
        ///
        /// A tag can be moved by whoever may push to the registry; a digest cannot.
        ///
        /// ```toml
        /// [gates.kubernetes]
        /// require-digest = true
        /// ```
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/image-digest
        /// apiVersion: v1
        /// kind: Pod
        /// spec:
        ///   containers:
        ///   - {name: web, image: nginx:1.27.3}
        /// ```
        "kubernetes/image-digest": Error, principle None;
        /// A container can write to its own root file system.
        ///
        /// What it writes is lost with it and seen by no other copy, and whoever breaks in can change the program. Set
        /// `readOnlyRootFilesystem` and mount an `emptyDir` where it must write.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/writable-root
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     securityContext: {readOnlyRootFilesystem: false}
        /// ```
        "kubernetes/writable-root": Error, principle None;
        /// A container is privileged, which the Pod Security Standard `baseline` forbids.
        ///
        /// It can do to its node whatever root can. Control: Privileged Containers.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/privileged
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     securityContext: {privileged: true}
        /// ```
        "kubernetes/privileged": Error, principle None;
        /// A pod shares the network, processes or memory of its node, which `baseline` forbids.
        ///
        /// Control: Host Namespaces (`hostNetwork`, `hostPID`, `hostIPC`).
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/host-namespaces
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   hostNetwork: true
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        /// ```
        "kubernetes/host-namespaces": Error, principle None;
        /// A pod mounts a folder of its node, which `baseline` forbids.
        ///
        /// It sees what others left there, and may write what the node believes. Control: HostPath Volumes.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/host-path
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   volumes: [{name: socket, hostPath: {path: /var/run/docker.sock}}]
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        /// ```
        "kubernetes/host-path": Error, principle None;
        /// A container takes a port of its node, which `baseline` forbids.
        ///
        /// No second copy fits on the node, and network policies do not hold. Control: Host Ports.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/host-port
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     ports: [{containerPort: 80, hostPort: 80}]
        /// ```
        "kubernetes/host-port": Error, principle None;
        /// A pod runs as a process of its Windows node, which `baseline` forbids.
        ///
        /// Control: HostProcess (`windowsOptions.hostProcess`).
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/host-process
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     securityContext: {windowsOptions: {hostProcess: true}}
        /// ```
        "kubernetes/host-process": Error, principle None;
        /// A pod switches AppArmor off or sets a profile of its own, which `baseline` forbids.
        ///
        /// `RuntimeDefault`, `Localhost` and nothing at all are allowed. Control: AppArmor.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/app-armor
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     securityContext: {appArmorProfile: {type: Unconfined}}
        /// ```
        "kubernetes/app-armor": Error, principle None;
        /// A pod sets a type, a user or a role of SELinux, which `baseline` forbids.
        ///
        /// The types of containers are allowed. Control: SELinux.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/se-linux
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     securityContext: {seLinuxOptions: {type: spc_t}}
        /// ```
        "kubernetes/se-linux": Error, principle None;
        /// A container takes the masks off `/proc`, which `baseline` forbids.
        ///
        /// From Kubernetes 1.35 on `baseline` allows it where the pod has users of its own (`hostUsers: false`).
        /// Control: /proc Mount Type.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/proc-mount
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     securityContext: {procMount: Unmasked}
        /// ```
        "kubernetes/proc-mount": Error, principle None;
        /// A pod sets a kernel parameter that is not safe, which `baseline` forbids.
        ///
        /// Safe are those that no other pod can notice; which they are depends on `kubernetes-version`. Control:
        /// Sysctls.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/sysctl
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   securityContext: {sysctls: [{name: kernel.msgmax, value: "65536"}]}
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        /// ```
        "kubernetes/sysctl": Error, principle None;
        /// A probe or handler asks another host, which `baseline` forbids from Kubernetes 1.34 on.
        ///
        /// The node would ask it, from inside the network of the cluster. Control: Host Probes / Lifecycle Hooks.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/probe-host
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     livenessProbe: {httpGet: {host: 10.0.0.1, path: /, port: 80}}
        /// ```
        "kubernetes/probe-host": Error, principle None;
        /// A pod switches seccomp off, which `baseline` forbids.
        ///
        /// Every system call of the node is open to it. Control: Seccomp.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/seccomp-unconfined
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     securityContext: {seccompProfile: {type: Unconfined}}
        /// ```
        "kubernetes/seccomp-unconfined": Error, principle None;
        /// A container gets a capability beyond the usual ones, which `baseline` forbids.
        ///
        /// Such as `SYS_ADMIN` or `NET_ADMIN`, which are next to root on the node. Control: Capabilities.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/added-capabilities
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     securityContext: {capabilities: {add: [SYS_ADMIN]}}
        /// ```
        "kubernetes/added-capabilities": Error, principle None;
        /// A container keeps or gets capabilities that `restricted` forbids.
        ///
        /// It must drop `ALL` and may add `NET_BIND_SERVICE`. Control: Capabilities.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/capabilities
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     securityContext: {capabilities: {drop: [NET_RAW]}}
        /// ```
        "kubernetes/capabilities": Warning, principle None;
        /// A pod mounts a volume of a kind that `restricted` forbids.
        ///
        /// Such as `nfs` or `iscsi`, whose drivers run in the kernel of the node. Control: Volume Types.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/volume-kind
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   volumes: [{name: shared, nfs: {server: files.example.org, path: /}}]
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        /// ```
        "kubernetes/volume-kind": Warning, principle None;
        /// A container may gain more rights than it began with, which `restricted` forbids.
        ///
        /// `allowPrivilegeEscalation` must be false, so that no set-user-ID program makes it root. Control: Privilege
        /// Escalation.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/privilege-escalation
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     securityContext: {allowPrivilegeEscalation: true}
        /// ```
        "kubernetes/privilege-escalation": Warning, principle None;
        /// A container may run as root, which `restricted` forbids.
        ///
        /// `runAsNonRoot: true` at the pod or at each container has the node refuse such an image. Control: Running as
        /// Non-root.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/run-as-non-root
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     securityContext: {runAsNonRoot: false}
        /// ```
        "kubernetes/run-as-non-root": Warning, principle None;
        /// A pod says that it runs as root, which `restricted` forbids.
        ///
        /// `runAsUser: 0` is allowed from Kubernetes 1.35 on where the pod has users of its own (`hostUsers: false`).
        /// Control: Running as Non-root user.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/root-user
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     securityContext: {runAsUser: 0}
        /// ```
        "kubernetes/root-user": Warning, principle None;
        /// A container has no seccomp profile, which `restricted` asks for.
        ///
        /// Set `RuntimeDefault` for the pod. Control: Seccomp.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/seccomp
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     securityContext: {runAsNonRoot: true}
        /// ```
        "kubernetes/seccomp": Warning, principle None;
        /// A secret stands in a manifest as the value of an environment variable.
        ///
        /// It is judged by the name of the variable, such as `DB_PASSWORD`, and by what the gate `secrets` knows of
        /// the look of secrets. The value is never shown.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/secret-in-env
        /// apiVersion: v1
        /// kind: Pod
        /// metadata:
        ///   name: web
        /// spec:
        ///   containers:
        ///   - name: web
        ///     image: web:1.2.0
        ///     env: [{name: DB_PASSWORD, value: vK8qLw2Zr5}]
        /// ```
        "kubernetes/secret-in-env": Error, principle Some(UserPreservation);
        /// A secret stands in a ConfigMap, which everybody in the namespace may read.
        ///
        /// It is judged by the name of the key, and by what the gate `secrets` knows of the look of secrets. The value
        /// is never shown.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/secret-in-config-map
        /// apiVersion: v1
        /// kind: ConfigMap
        /// metadata: {name: web}
        /// data:
        ///   api-token: vK8qLw2Zr5
        /// ```
        "kubernetes/secret-in-config-map": Error, principle Some(UserPreservation);
        /// A Secret is committed with its values, and base64 hides nothing.
        ///
        /// Whoever has the repository has them. Have them made in the cluster: External Secrets, a vault, or Sealed
        /// Secrets. Values that are placeholders, and files that SOPS encrypted, are no fault.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/committed-secret
        /// apiVersion: v1
        /// kind: Secret
        /// metadata: {name: web}
        /// data:
        ///   password: dks4cUx3MlpyNQ==
        /// ```
        "kubernetes/committed-secret": Error, principle Some(UserPreservation);
        /// A workload keeps files in volumes of its own.
        ///
        /// The constitution wants services without state, and all that lasts in the database. Another copy does not
        /// see these files, and a rollback does not bring them back.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/local-state
        /// apiVersion: apps/v1
        /// kind: Deployment
        /// metadata: {name: web}
        /// spec:
        ///   replicas: 2
        ///   selector: {matchLabels: {app: web}}
        ///   template:
        ///     metadata: {labels: {app: web}}
        ///     spec:
        ///       volumes: [{name: uploads, persistentVolumeClaim: {claimName: uploads}}]
        ///       containers:
        ///       - name: web
        ///         image: web:1.2.0
        /// ```
        "kubernetes/local-state": Warning, principle Some(UserPreservation);
        /// An `emptyDir` has no `sizeLimit`, so it may fill the disk of its node.
        ///
        /// An `emptyDir` itself is no state: it goes with the pod, and a read-only root file system needs one to write
        /// to.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/scratch-size
        /// apiVersion: apps/v1
        /// kind: Deployment
        /// metadata: {name: web}
        /// spec:
        ///   replicas: 2
        ///   selector: {matchLabels: {app: web}}
        ///   template:
        ///     metadata: {labels: {app: web}}
        ///     spec:
        ///       volumes: [{name: tmp, emptyDir: {}}]
        ///       containers:
        ///       - name: web
        ///         image: web:1.2.0
        /// ```
        "kubernetes/scratch-size": Note, principle None;
        /// A Service sends each client to the same pod.
        ///
        /// That is needed where pods keep sessions, which the constitution forbids: keep them where every pod can read
        /// them.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/session-affinity
        /// apiVersion: v1
        /// kind: Service
        /// metadata: {name: web}
        /// spec: {sessionAffinity: ClientIP, ports: [{port: 80}]}
        /// ```
        "kubernetes/session-affinity": Warning, principle None;
        /// A workload has one replica and no autoscaler that keeps two.
        ///
        /// Nobody answers while it is replaced or its node is away.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/single-replica
        /// apiVersion: apps/v1
        /// kind: Deployment
        /// metadata: {name: web}
        /// spec:
        ///   selector: {matchLabels: {app: web}}
        ///   template:
        ///     metadata: {labels: {app: web}}
        ///     spec:
        ///       containers:
        ///       - name: web
        ///         image: web:1.2.0
        /// ```
        "kubernetes/single-replica": Note, principle None;
        /// A workload has no HorizontalPodAutoscaler, and `require-autoscaler` asks for one.
        ///
        /// One counts when its `scaleTargetRef` names the workload, and their namespaces do not differ.
        ///
        /// ```toml
        /// [gates.kubernetes]
        /// require-autoscaler = ["web*"]
        /// ```
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/autoscaler
        /// apiVersion: apps/v1
        /// kind: Deployment
        /// metadata: {name: web}
        /// spec:
        ///   replicas: 2
        ///   selector: {matchLabels: {app: web}}
        ///   template:
        ///     metadata: {labels: {app: web}}
        ///     spec:
        ///       containers:
        ///       - name: web
        ///         image: web:1.2.0
        /// ```
        "kubernetes/autoscaler": Error, principle None;
        /// A workload has no PodDisruptionBudget, and `require-disruption-budget` asks for one.
        ///
        /// One counts when its selector matches the labels of the pods. Without it all copies may be evicted at once
        /// when nodes are emptied.
        ///
        /// ```toml
        /// [gates.kubernetes]
        /// require-disruption-budget = ["*"]
        /// ```
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/disruption-budget
        /// apiVersion: apps/v1
        /// kind: Deployment
        /// metadata: {name: web}
        /// spec:
        ///   replicas: 2
        ///   selector: {matchLabels: {app: web}}
        ///   template:
        ///     metadata: {labels: {app: web}}
        ///     spec:
        ///       containers:
        ///       - name: web
        ///         image: web:1.2.0
        /// ```
        "kubernetes/disruption-budget": Error, principle None;
        /// A PodDisruptionBudget lets no pod go, so nodes cannot be emptied.
        ///
        /// `maxUnavailable: 0`, `minAvailable: 100%`, or a `minAvailable` of all replicas: updates of the cluster wait
        /// for ever.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/blocked-eviction
        /// apiVersion: policy/v1
        /// kind: PodDisruptionBudget
        /// metadata: {name: web}
        /// spec: {maxUnavailable: 0, selector: {matchLabels: {app: web}}}
        /// ```
        "kubernetes/blocked-eviction": Warning, principle None;
        /// A manifest is written for an API that Kubernetes took away.
        ///
        /// A cluster of `kubernetes-version` refuses it.
        ///
        /// ```yaml,source=k8s/ingress.yaml,blocks=kubernetes/removed-api
        /// apiVersion: networking.k8s.io/v1beta1
        /// kind: Ingress
        /// metadata: {name: web}
        /// ```
        "kubernetes/removed-api": Error, principle Some(LocalValidation);
        /// A manifest is written for an API that Kubernetes deprecated.
        ///
        /// A cluster of `kubernetes-version` still takes it; the finding says until when, where that is known.
        ///
        /// ```toml
        /// [gates.kubernetes]
        /// kubernetes-version = "1.24"
        /// ```
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/deprecated-api
        /// apiVersion: batch/v1beta1
        /// kind: CronJob
        /// metadata: {name: web}
        /// ```
        "kubernetes/deprecated-api": Warning, principle None;
        /// A Service leads to no pod of the project.
        ///
        /// No pod, and nothing that may make pods, has all the labels of its selector. Where the pods come from
        /// elsewhere, waive this.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/unmatched-service
        /// apiVersion: v1
        /// kind: Service
        /// metadata: {name: web}
        /// spec: {selector: {app: wbe}, ports: [{port: 80}]}
        /// ```
        "kubernetes/unmatched-service": Warning, principle None;
        /// A file has an object twice, and the cluster keeps the last.
        ///
        /// What the first said is lost without a word. Two files may say the same thing in two ways, as for two
        /// environments.
        ///
        /// ```yaml,source=k8s/web.yaml,blocks=kubernetes/duplicate
        /// apiVersion: v1
        /// kind: ConfigMap
        /// metadata: {name: web}
        /// ---
        /// apiVersion: v1
        /// kind: ConfigMap
        /// metadata: {name: web}
        /// data: {mode: dark}
        /// ```
        "kubernetes/duplicate": Error, principle None;
    }
}
