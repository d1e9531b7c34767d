"""The truth: routes, visits, events and audit on SQLite or PostgreSQL."""
