"""Use cases, and the ports they need from store and roads."""
