package main

deny contains msg if {
	some a in input.items
	some b in input.items
	some c in input.items
	some d in input.items
	some e in input.items
	some f in input.items
	some g in input.items
	some h in input.items
	a + b + c + d + e + f + g + h == -1
	msg := "never"
}

warn contains "the kind is missing" if not input.kind
