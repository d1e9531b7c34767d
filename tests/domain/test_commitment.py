"""What was told to clients: the narrowest promise that stands, and how telling goes on."""

from __future__ import annotations

import pytest

from slotsvc.domain.commitment import (
    Commitment,
    CommitmentKind,
    Promise,
    announced,
    promised,
    superseded,
)
from tests.solver.calendars import at, between

MORNING = between("8:00", "12:00")
TEN = between("10:00", "12:00")
EVENING = between("17:00", "19:00")


def told(*windows: object, when: str = "7:00", channel: str = "portal") -> Promise:
    return Promise(tuple(windows), at(when), channel)  # type: ignore[arg-type]


def test_nothing_told_is_nothing_promised() -> None:
    """None, which is another thing than a promise that cannot be kept."""
    assert promised(()) is None
    assert promised(superseded([told(MORNING)], at("7:30"))) is None


def test_the_narrowest_promise_holds() -> None:
    """Told "in the morning", later "from ten to twelve": both are kept from ten to twelve."""
    assert promised([told(MORNING), told(TEN)]) == (TEN,)
    assert promised([told(TEN), told(MORNING)]) == (TEN,)


def test_one_promise_may_have_several_windows() -> None:
    """Those that all live promises share; touching ones are one."""
    assert promised([told(MORNING, EVENING), told(TEN, EVENING)]) == (TEN, EVENING)
    assert promised([told(between("8:00", "10:00"), TEN)]) == (MORNING,)


def test_promises_that_contradict_each_other_leave_no_time() -> None:
    """An empty tuple, not None: something was promised."""
    assert promised([told(MORNING), told(EVENING)]) == ()


def test_announcements_append() -> None:
    """The earlier ones stay, and stand."""
    promises = announced([told(MORNING)], told(TEN, when="7:30"))
    assert [p.windows for p in promises] == [(MORNING,), (TEN,)]
    assert promised(promises) == (TEN,)


def test_told_instead_the_earlier_ones_no_longer_hold() -> None:
    """From the moment of telling; what was over before keeps its date."""
    once = announced([told(MORNING)], told(TEN, when="7:30"), instead=True)
    twice = announced(once, told(EVENING, when="7:45"), instead=True)
    assert [p.superseded for p in twice] == [at("7:30"), at("7:45"), None]
    assert promised(twice) == (EVENING,)


def test_the_same_told_twice_is_told_once() -> None:
    """By the same channel; by another one it is news."""
    before = (told(MORNING),)
    assert announced(before, told(MORNING, when="9:00")) == before
    assert len(announced(before, told(MORNING, when="9:00", channel="phone"))) == 2


@pytest.mark.parametrize("kind", CommitmentKind)
def test_due_and_target_fit_the_kind(kind: CommitmentKind) -> None:
    """A deadline needs its time, flexible work its target, and nothing else may have one."""
    flexible = kind is CommitmentKind.FLEXIBLE
    fits = Commitment(kind, due=at("12:00"), target=TEN if flexible else None)
    assert fits.kind is kind
    with pytest.raises(ValueError, match="flexible"):
        Commitment(kind, due=at("12:00"), target=None if flexible else TEN)
    if kind is CommitmentKind.DEADLINE:
        with pytest.raises(ValueError, match="due"):
            Commitment(kind)


def test_what_was_told_twice_needs_one_keeping_when_instead() -> None:
    """The client is told again what was told last, now instead of all before: only it stands."""
    promises = announced([told(EVENING), told(TEN)], told(TEN, when="9:00"), instead=True)
    assert promised(promises) == (TEN,)
