package main

deny contains msg if {
	not startswith(input.metadata.name, "shop-")
	msg := sprintf("%s is not called shop-…", [input.metadata.name])
}

violation contains {"msg": "a port is no number", "_loc": {"line": 2}} if {
	some port in input.spec.ports
	not is_number(port)
}
