"""Broken days: what is on record may stand, and nothing may be made worse.

Every violated limit has a recorded size. ``relaxed`` moves the limits out by it, so that the day
can be planned on as it is; ``not_worse`` compares what was wrong before a change with what is wrong
after it. With ``check_route(…, known=before)`` the two say the same: the changed route has no
findings on the relaxed day exactly when nothing is worse on the day itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, replace
from datetime import timedelta
from typing import Any, ClassVar, Protocol

from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.working_time import Break, Shift
from slotsvc.solver.findings import Finding, FindingKind, break_name

Limit = tuple[FindingKind, str]
"""A limit of a day: the kind and the subject of the findings that break it."""


class Windowed(Protocol):
    """A data class with an id and a start window: ``Placement`` or ``CheckedVisit``."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def id(self) -> str: ...
    @property
    def start_window(self) -> TimeWindow: ...


def recorded(findings: Iterable[Finding]) -> Mapping[Limit, int]:
    """The size on record for every violated limit, the largest where there are several."""
    sizes: dict[Limit, int] = {}
    for finding in findings:
        limit = limit_of(finding)
        sizes[limit] = max(finding.size, sizes.get(limit, 0))
    return sizes


def limit_of(finding: Finding) -> Limit:
    """A window that is over and a start after it exceed the same limit: the window's end."""
    kind = FindingKind.LATE if finding.kind is FindingKind.PAST else finding.kind
    return kind, finding.subject


def relaxed[V: Windowed](
    shift: Shift, visits: Sequence[V], findings: Iterable[Finding]
) -> tuple[Shift, tuple[V, ...]]:
    """The day with every violated limit moved out to its recorded size, order kept.

    Moved: start windows, the hard end, break begins, most driving, most visits. What has no size
    (no road, tags, sector, another technician) stays as it is.
    """
    sizes = recorded(findings)
    technician = shift.technician
    driving = sizes.get((FindingKind.MAX_TRAVEL, technician), 0)
    count = sizes.get((FindingKind.MAX_VISITS, technician), 0)
    wider = replace(
        shift,
        overtime=shift.overtime + _seconds(sizes.get((FindingKind.SHIFT_END, technician), 0)),
        breaks=tuple(_later_break(b, n, sizes) for n, b in enumerate(shift.breaks)),
        max_travel=None if shift.max_travel is None else shift.max_travel + _seconds(driving),
        max_visits=None if shift.max_visits is None else shift.max_visits + count,
    )
    return wider, tuple(_later_visit(visit, sizes) for visit in visits)


def not_worse(before: Iterable[Finding], after: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of ``after`` that are new or bigger than in ``before``; empty: not worse.

    Both must speak of the same instant, and ``after`` be found with ``known=before``: else it may
    name another of several equally broken ways to do the day.
    """
    sizes = recorded(before)
    return tuple(f for f in after if f.size > sizes.get(limit_of(f), -1))


def _later_break(pause: Break, number: int, sizes: Mapping[Limit, int]) -> Break:
    size = sizes.get((FindingKind.BREAK, break_name(number)), 0)
    return replace(pause, begins=_longer(pause.begins, size)) if size else pause


def _later_visit[V: Windowed](visit: V, sizes: Mapping[Limit, int]) -> V:
    size = sizes.get((FindingKind.LATE, visit.id), 0)
    return replace(visit, start_window=_longer(visit.start_window, size)) if size else visit


def _longer(window: TimeWindow, size: int) -> TimeWindow:
    return TimeWindow(window.start, window.end + _seconds(size))


def _seconds(size: int) -> timedelta:
    return timedelta(seconds=size)
