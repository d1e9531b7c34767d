"""How firmly a time is given, and what the client was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from slotsvc.domain.time_window import TimeWindow, merge


class CommitmentKind(Enum):
    """APPOINTMENT: the client waits in the promised window. DEADLINE: any time until ``due``.

    FLEXIBLE: inside ``target``, the wished time with its tolerance. INTERNAL: nobody was told.
    """

    APPOINTMENT = "APPOINTMENT"
    DEADLINE = "DEADLINE"
    FLEXIBLE = "FLEXIBLE"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True)
class Commitment:
    """``due``: service must start before it; required for DEADLINE, optional otherwise.

    ``target``: FLEXIBLE only, required there: service starts inside it.
    Raises ``ValueError`` when they do not fit the kind.
    """

    kind: CommitmentKind = CommitmentKind.APPOINTMENT
    due: datetime | None = None
    target: TimeWindow | None = None

    def __post_init__(self) -> None:
        if self.kind is CommitmentKind.DEADLINE and self.due is None:
            raise ValueError("a deadline needs a due time")
        if (self.kind is CommitmentKind.FLEXIBLE) != (self.target is not None):
            raise ValueError("a flexible commitment, and no other, has a target")


@dataclass(frozen=True, slots=True)
class Promise:
    """One announcement: the visit starts in one of ``windows`` (sorted, disjoint, at least one).

    ``told``: when; ``channel``: "" unknown, else "portal", "phone" … ``superseded``: no longer
    holds since then (the visit was moved with the client's consent); None: live.
    """

    windows: tuple[TimeWindow, ...]
    told: datetime
    channel: str = ""
    superseded: datetime | None = None


def promised(promises: Sequence[Promise]) -> tuple[TimeWindow, ...] | None:
    """The windows in which every live promise is kept: the narrowest; None: nothing was promised.

    () when live promises contradict each other.
    """
    live = [p for p in promises if p.superseded is None]
    if not live:
        return None
    kept = merge(live[0].windows)
    for promise in live[1:]:
        both = (a.intersect(b) for a in kept for b in promise.windows)
        kept = merge(w for w in both if w is not None)
    return kept


def announced(
    promises: Sequence[Promise], told: Promise, *, instead: bool = False
) -> tuple[Promise, ...]:
    """``told`` appended. ``instead``: earlier promises no longer hold, the client agreed.

    Telling once more exactly what was told last changes nothing.
    """
    live = [p for p in promises if p.superseded is None]
    alone = not instead or len(live) == 1
    if live and alone and (live[-1].windows, live[-1].channel) == (told.windows, told.channel):
        return tuple(promises)
    before = superseded(promises, told.told) if instead else tuple(promises)
    return (*before, told)


def superseded(promises: Sequence[Promise], at: datetime) -> tuple[Promise, ...]:
    """None of them holds any more from ``at`` on."""
    return tuple(p if p.superseded else replace(p, superseded=at) for p in promises)
