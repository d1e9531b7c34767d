"""Bookings by many clients while the service is killed again and again; then the books are
checked. ``python -m benchmarks.torture --help``; a short dose of it is in the tests."""
