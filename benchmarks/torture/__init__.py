"""Bookings by many clients while the service is killed again and again, or its database and links
are harmed; then the books are checked. ``python -m benchmarks.torture --help``; a short dose of it
is in the tests."""
