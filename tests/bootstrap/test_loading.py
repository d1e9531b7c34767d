"""What a process does with its memory once all is loaded."""

from __future__ import annotations

import gc

from slotsvc.bootstrap.loading import settle


def test_what_a_start_leaves_behind_is_looked_at_once() -> None:
    """Afterwards the collector's lists are all but empty, and what it knows stays alive."""
    kept: list[object] = [[]]
    kept.append(kept)
    try:
        settle()
        assert gc.get_freeze_count() > 10_000
        assert sum(len(gc.get_objects(generation)) for generation in range(3)) < 10_000
        assert kept[1] is kept
    finally:
        gc.unfreeze()
