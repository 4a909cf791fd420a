# METADATA
# title: Services stay within the cluster.
# custom:
#   documents:
#     - k8s/*.json
package services

deny[msg] {
  input.kind == "Service"
  input.spec.type == "LoadBalancer"
  msg = sprintf("%v is open to the world", [input.metadata.name])
}
