package main

test_root_is_denied if count(deny) > 0 with input as {"kind": "Deployment", "metadata": {"name": "x"}}
