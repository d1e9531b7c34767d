"""A setting that does not exist: which one was meant?"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def unknown_setting(name: str, known: Iterable[str]) -> str:
    """One line that names it, and the nearest of ``known`` if any is near."""
    near = get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return f"{name}: no such setting" + (f"; is it {near[0]}?" if near else "")
