"""Load from outside: calls that come when they come, whether the service keeps up or not.
``python -m benchmarks.load --help``; a short dose of it is in the tests."""
