"""What happened to a visit so far, as its client was told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from slotsvc.portal.service.answers import Outcome, Visit, VisitState, Window


class EventKind(StrEnum):
    """What it was."""

    CREATED = "CREATED"
    BOOKED = "BOOKED"  # the first window told
    MOVED = "MOVED"  # a later one
    ON_THE_WAY = "ON_THE_WAY"
    STARTED = "STARTED"
    STEP = "STEP"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry. ``window``: of BOOKED and MOVED. ``step``: of STEP. ``outcome``: of DONE."""

    at: datetime
    kind: EventKind
    window: Window | None = None
    step: str = ""
    outcome: Outcome = Outcome.UNKNOWN


def history(visit: Visit) -> list[Event]:
    """Everything, oldest first."""
    return sorted(_events(visit), key=lambda event: event.at)


def steps_reached(visit: Visit) -> list[Event]:
    """The company-defined steps, oldest first."""
    return [Event(step.at, EventKind.STEP, step=step.step) for step in visit.steps]


def _events(visit: Visit) -> Iterator[Event]:
    yield Event(visit.created, EventKind.CREATED)
    yield from _told(visit)
    if visit.departed:
        yield Event(visit.departed, EventKind.ON_THE_WAY)
    if visit.started:
        yield Event(visit.started, EventKind.STARTED)
    yield from steps_reached(visit)
    if visit.ended:
        yield Event(visit.ended, EventKind.DONE, outcome=visit.outcome)
    if visit.state is VisitState.CANCELLED:
        yield Event(visit.updated, EventKind.CANCELLED)


def _told(visit: Visit) -> Iterator[Event]:
    """Each window that was told; the same one told again is no news."""
    last: Window | None = None
    for promise in visit.promises:
        if promise.told and promise.window != last:
            kind = EventKind.MOVED if last else EventKind.BOOKED
            yield Event(promise.told, kind, window=promise.window)
            last = promise.window
