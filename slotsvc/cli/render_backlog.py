"""The backlog as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from slotsvc.cli.screen import Column, paragraph, table
from slotsvc.cli.words import (
    count_words,
    duration_words,
    enum_words,
    moment_words,
    row_words,
    short,
)

if TYPE_CHECKING:
    from rich.text import Text

    from slotsvc.cli.known_names import KnownNames
    from slotsvc.pb.v1.visit_service_pb2 import Visit

COLUMNS = (
    Column("Urgency", "right"),
    Column("When", style="bold"),
    Column("Why it waits"),
    Column("Lasts", "right"),
    Column("Where", gives=True),
)

WHY = {
    "UNPLACED_REASON_NEW": "new",
    "UNPLACED_REASON_PLANNER": "taken off a day",
    "UNPLACED_REASON_ABSENCE": "technician away",
}
NEXT = "Find a place: `slotsvc suggest --visit VISIT`, or `slotsvc move VISIT TECHNICIAN DAY`."
EMPTY = "Nothing waits for a place."


def backlog_lines(visits: Sequence[Visit], names: KnownNames, width: int) -> list[Text]:
    """A row for each visit, its id under it to give to other commands."""
    from rich.text import Text

    if not visits:
        return [Text(EMPTY)]
    head = f"{count_words(len(visits), 'visit')} without a place ({names.zone.key} time)"
    notes = [[f"{'':9}{short(visit.name)}"] for visit in visits]
    rows = [_row(visit, names) for visit in visits]
    next_ = paragraph(NEXT, width)
    return [
        Text(head, "bold"),
        *table(COLUMNS, rows, width, notes),
        *(Text(line, "dim") for line in next_),
    ]


def _row(visit: Visit, names: KnownNames) -> tuple[str, ...]:
    return (
        str(visit.priority),
        when_words(visit, names),
        why_words(visit),
        duration_words(visit.service_duration),
        names.where(visit),
    )


def when_words(visit: Visit, names: KnownNames) -> str:
    """What was told, wished or is due, the firmest first."""
    if visit.HasField("promise"):
        return f"told {row_words(visit.promise.window, names.zone)}"
    if visit.HasField("target_window"):
        return f"around {row_words(visit.target_window, names.zone)}"
    if visit.HasField("due_time"):
        return f"before {moment_words(visit.due_time, names.zone)}"
    return "any time"


def why_words(visit: Visit) -> str:
    """Such as "technician away"; a visit that is held somewhere says so."""
    from slotsvc.pb.v1.visit_service_pb2 import VISIT_STATE_HELD, UnplacedReason

    if visit.state == VISIT_STATE_HELD:
        return "held, not booked"
    name = UnplacedReason.Name(visit.unplaced_reason)
    return WHY.get(name) or enum_words(name, "UNPLACED_REASON_")
