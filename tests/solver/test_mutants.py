"""The list of mutants keeps up with the code: each place to break is there, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.mutants import MUTANTS, Mutant, mutated

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_each_mutant_changes_one_place(mutant: Mutant) -> None:
    """And what it makes of the source is still Python."""
    source = (ROOT / mutant.path).read_text()
    compile(mutated(source, mutant), str(mutant.path), "exec")


def test_there_are_enough_of_them() -> None:
    """At least twelve, in most modules of the search."""
    assert len(MUTANTS) >= 12
    assert len({mutant.file for mutant in MUTANTS}) >= 10
