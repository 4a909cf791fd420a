# METADATA
# custom: {documents: [a.toml]}
package main

deny contains "no" if input.a == 2
