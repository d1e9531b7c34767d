"""Clients book, move and cancel their visits: use cases, without words and without HTML."""
