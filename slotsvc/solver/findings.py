"""What the referee can find wrong with a route, and how it says it to planners."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class FindingKind(Enum):
    """Which rule is broken."""

    LATE = "LATE"
    EARLY = "EARLY"
    SHIFT_END = "SHIFT_END"
    BREAK = "BREAK"
    MAX_TRAVEL = "MAX_TRAVEL"
    MAX_VISITS = "MAX_VISITS"
    UNROUTABLE = "UNROUTABLE"
    TAG = "TAG"
    SECTOR = "SECTOR"
    NOT_TECHNICIAN = "NOT_TECHNICIAN"
    NO_SHIFT = "NO_SHIFT"
    PAST = "PAST"
    DRIVE = "DRIVE"
    SERVICE = "SERVICE"
    STOPS = "STOPS"
    REMOVAL = "REMOVAL"
    PROMISE = "PROMISE"


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule.

    ``subject``: the visit's id, ``"break 2"`` (counted from 1, absences inside the shift too), or
    the technician for what concerns the whole day. ``size``: by how many seconds (MAX_VISITS: by
    how many visits); 0 where a rule has no size. ``cause``: a sentence for planners, without places
    or names.
    """

    kind: FindingKind
    subject: str
    size: int
    cause: str


_CAUSES = {
    FindingKind.LATE: "service starts {} after the last moment of its start window",
    FindingKind.EARLY: "service starts {} before arrival or before its start window opens",
    FindingKind.SHIFT_END: "the end place is reached {} after the end of the shift",
    FindingKind.BREAK: "the break begins {} after the last moment it may begin",
    FindingKind.MAX_TRAVEL: "the day has {} more driving than the shift allows",
    FindingKind.DRIVE: "arrival is {} earlier than the drive and the breaks before it allow",
    FindingKind.SERVICE: "the time between start and finish is {} off the service duration",
}

_AWAY = "work goes on {} into an absence"


def timed(kind: FindingKind, subject: str, seconds: int, *, away: bool = False) -> Finding:
    """A limit exceeded by so many seconds. ``away``: the break is an absence inside the shift."""
    sentence = _AWAY if away else _CAUSES[kind]
    return Finding(kind, subject, seconds, sentence.format(spoken(seconds)))


def counted(subject: str, over: int) -> Finding:
    """So many visits too many."""
    visits = "1 visit" if over == 1 else f"{over} visits"
    return Finding(
        FindingKind.MAX_VISITS, subject, over, f"the day has {visits} more than the shift allows"
    )


def plain(kind: FindingKind, subject: str, cause: str) -> Finding:
    """A rule without a size."""
    return Finding(kind, subject, 0, cause)


def break_name(number: int) -> str:
    """The subject of a break; ``number`` counts from 0."""
    return f"break {number + 1}"


def spoken(seconds: int) -> str:
    """A length of time in words: "1 h 5 min"."""
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
