"""Versions of routes carry the epoch, which grows when the store is restored from a copy.

``version = epoch * VERSIONS + changes``. Within an epoch it grows by one with each change; a
restore begins a higher epoch, so that no version is ever lower than one that somebody saw, though
the changes it counts were undone (``slotsvc.store.epoch`` begins one and says its number).
"""

from __future__ import annotations

VERSIONS = 10**6
"""More changes than a route ever sees."""


def epoch_of(version: int) -> int:
    """The epoch in which the route got this version; 0: before any restore."""
    return version // VERSIONS


def changes_of(version: int) -> int:
    """How many changes led to this version, over all epochs."""
    return version % VERSIONS


def untouched(epoch: int) -> int:
    """The version of a route that nothing happened to yet."""
    return epoch * VERSIONS


def in_epoch(version: int, epoch: int) -> int:
    """The same state in a later epoch."""
    return untouched(epoch) + changes_of(version)
