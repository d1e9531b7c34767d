"""Ranking with proof, and its referee. Pure: whole seconds in, orders and costs out."""
