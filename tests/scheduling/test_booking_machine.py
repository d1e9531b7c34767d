"""Random sequences of everything that changes a route, on a real store with a clock that is set.

After each step the invariants of the design: automation adds or worsens no violation, and every
one that exists is on record (I1, I7); a hold is a promise until its last second and nothing after
(I5, I6); every change of a route is one version with its events (I8); no visit gets lost; people
can always cancel, start, finish and move away.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import seed, settings
from hypothesis.stateful import (
    run_state_machine_as_test,
)

from tests.examples import MULTIPLIER, examples
from tests.scheduling.booking_again import Again
from tests.scheduling.booking_clients import Clients
from tests.scheduling.booking_planners import Planners
from tests.scheduling.booking_world import (
    BookingWorld,
    scratch,
    template,
)
from tests.scheduling.postgres_world import PostgresWorld


class BookingMachine(Clients, Planners, Again):
    """Everybody at once."""


def play(world: BookingWorld, directory: Path, part: int, sequences: int) -> None:
    """So many sequences of 40 steps; the same on every run, and each part another one."""
    BookingMachine.prepare(world, directory)
    machine = type(f"Machine{part}", (BookingMachine,), {})
    if MULTIPLIER == 1:
        seed(part)(machine)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples(sequences), stateful_step_count=40, derandomize=False
        ),
    )


@pytest.mark.timeout(900)  # under a minute on a quiet machine
@pytest.mark.parametrize("part", range(5))
def test_no_sequence_of_changes_breaks_an_invariant(part: int) -> None:
    """Hold, extend, release, confirm, book, move, cancel, place, unplace, announce, report,
    publish, time, sickness, other hours, in any order: 125 sequences of 40 steps in all."""
    with scratch() as directory, closing(BookingWorld(template(Path(directory)))) as world:
        play(world, Path(directory), part, 25)


@pytest.mark.timeout(900)
def test_none_does_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    """The same, in a small dose: five sequences of their own."""
    with closing(PostgresWorld(postgres_url)) as world:
        play(world, tmp_path, 5, 5)
