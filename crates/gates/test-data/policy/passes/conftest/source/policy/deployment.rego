package main

import data.kubernetes

name := input.metadata.name

deny contains msg if {
	kubernetes.is_deployment
	not input.spec.template.spec.securityContext.runAsNonRoot

	msg := sprintf("Containers must not run as root in Deployment %s", [name])
}

deny_labels contains {"msg": msg, "details": {"name": name}} if {
	kubernetes.is_deployment
	not input.metadata.labels["app.kubernetes.io/name"]
	msg := sprintf("%s must have the recommended labels", [name])
}

exception contains rules if {
	name == "legacy"
	rules := ["labels"]
}
