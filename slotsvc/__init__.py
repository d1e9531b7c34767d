"""Which appointment slots can we offer this client, best first, and why?

Imports point downwards: cli, bootstrap, config, server, pb, store and travel, scheduling, solver,
domain. README.md has the picture; docs/concepts.md the words.
"""
