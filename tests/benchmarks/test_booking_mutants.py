"""The list of mutants keeps up with the code; and one of them is broken, and noticed, each time."""

from __future__ import annotations

import itertools

import pytest

from benchmarks.booking_mutants import INSTRUMENTS, MUTANTS, Mutant, _is_killed, mutated


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_each_mutant_changes_its_places(mutant: Mutant) -> None:
    """What it makes of the sources is still Python, and an instrument is there to kill it."""
    for path, edits in itertools.groupby(mutant.edits, lambda edit: edit.path):
        compile(mutated(path.read_text(), list(edits)), str(path), "exec")
    assert mutant.instruments
    assert set(mutant.instruments) <= INSTRUMENTS.keys()


def test_there_are_twelve_of_them() -> None:
    """In all layers below the server."""
    assert len(MUTANTS) >= 12
    layers = {edit.file.partition("/")[0] for mutant in MUTANTS for edit in mutant.edits}
    assert layers == {"domain", "scheduling", "store"}


@pytest.mark.timeout(300)
def test_a_broken_lock_order_is_noticed() -> None:
    """The quickest of them, really broken; the rest by ``python -m benchmarks.booking_mutants``."""
    number = next(n for n, m in enumerate(MUTANTS) if m.instruments == ("locks",))
    assert _is_killed(number)
