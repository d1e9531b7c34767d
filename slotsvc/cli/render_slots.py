"""Ranked slots, rejections and the proof line as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from slotsvc.cli.screen import GAP, Column, paragraph, table
from slotsvc.cli.words import (
    MINUS,
    change_words,
    clock_words,
    count_words,
    elapsed_words,
    enum_words,
    row_words,
    short,
    window_words,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.text import Text

    from slotsvc.pb.v1.slot_service_pb2 import Receipt, Rejection, Slot
    from slotsvc.pb.v1.visit_service_pb2 import Visit

COLUMNS = (
    Column("#", "right", "bold"),
    Column("Window", style="bold"),
    Column("Technician", gives=True),
    Column("Driving", "right"),
    Column("Waiting", "right"),
    Column("Days", "right"),
    Column("Cost", "right"),
)
PLANNED = Column("Planned")
WIDE = 100
"""From this width on the planned times are shown too."""
NOTE_INDENT = 3
FAR_OFF_M = 100_000
"""From this distance on a place is rather mistyped than off the map."""


def slot_lines(
    slots: Sequence[Slot],
    zone: ZoneInfo,
    width: int,
    *,
    indent: int = 0,
    moving: Visit | None = None,
) -> list[Text]:
    """One row a slot, best first, with the reason of its rank under it.

    ``moving``: the visit that moves; the slot that is its present place is marked. A name is cut
    only when even without the days column (the reason says them too) there is no room for it.
    """
    columns = [*COLUMNS[:3], *([PLANNED] if width >= WIDE else []), *COLUMNS[3:]]
    cells = [_cells(slot, zone) for slot in slots]
    if _width(columns, cells) > width - indent:
        columns = [column for column in columns if column.title != "Days"]
    rows = [[row[column.title] for column in columns] for row in cells]
    notes = [paragraph(_note(slot, moving), width, indent + NOTE_INDENT) for slot in slots]
    return table(columns, rows, width, notes, indent)


def _width(columns: Sequence[Column], cells: Sequence[Mapping[str, str]]) -> int:
    """Of a table with nothing cut."""
    titles = [column.title for column in columns]
    sizes = (max(len(title), *(len(row[title]) for row in cells)) for title in titles)
    return sum(sizes) + GAP * (len(titles) - 1)


def _cells(slot: Slot, zone: ZoneInfo) -> dict[str, str]:
    place = slot.place
    cells = (
        f"{slot.rank}",
        row_words(slot.window, zone),
        place.technician_display_name or short(place.technician),
        change_words(place.added_travel_seconds),
        change_words(place.added_waiting_seconds),
        str(_days_away(slot)),
        f"{slot.cost_millis / 1000:.0f}".replace("-", MINUS),
    )
    planned = f"{clock_words(place.start_time, zone)}-{clock_words(place.end_time, zone)}"
    titles = (column.title for column in COLUMNS)
    return {**dict(zip(titles, cells, strict=True)), PLANNED.title: planned}


def _days_away(slot: Slot) -> int:
    return sum(part.quantity for part in slot.components if part.name == "days_away")


def _note(slot: Slot, moving: Visit | None) -> str:
    from slotsvc.pb.v1.types_pb2 import TRAVEL_PROVENANCE_ESTIMATE

    parts = ["Where it is now." if moving and is_place_of(slot, moving) else "", slot.why]
    if slot.travel_provenance == TRAVEL_PROVENANCE_ESTIMATE:
        parts.append("Driving is an estimate.")
    return " ".join(part for part in parts if part)


def is_place_of(slot: Slot, visit: Visit) -> bool:
    """Whether the slot is where the visit stands: the same person, day and promised window."""
    now, then = visit.place, slot.place
    same_route = (now.technician, now.date) == (then.technician, then.date)
    return same_route and visit.promise.window == slot.window


def cost_key(width: int) -> list[Text]:
    """What the columns of ``slot_lines`` mean."""
    from rich.text import Text

    text = (
        "Driving and waiting: added to the route. Days: after the first day asked for. "
        "Cost: weighted seconds, less is better."
    )
    return [Text(line, "dim") for line in paragraph(text, width)]


def rejection_lines(
    rejections: Sequence[Rejection], zone: ZoneInfo, width: int, *, indent: int = 0
) -> list[Text]:
    """Who or when it is not possible, why, and what would open it."""
    from rich.text import Text

    lines: list[Text] = []
    for rejection in rejections:
        head = Text(" " * indent)
        head.append(f"{_whom(rejection)}: ", "bold").append(_reason(rejection))
        if rejection.HasField("window"):
            head.append(f", {window_words(rejection.window, zone)}")
        head.append(f" ({count_words(rejection.cells, 'cell')})", "dim")
        lines.append(head)
        told = _far_off(rejection) or rejection.message
        lines += [Text(t, "dim") for t in paragraph(told, width, indent + NOTE_INDENT)]
    return lines


def _far_off(rejection: Rejection) -> str:
    """What to ask about a place on another part of the globe; "" for any other rejection."""
    from slotsvc.pb.v1.types_pb2 import REJECTION_REASON_OFF_MAP

    if rejection.reason != REJECTION_REASON_OFF_MAP or rejection.margin < FAR_OFF_M:
        return ""
    return (
        f"The nearest road of this map is {rejection.margin / 1000:,.0f} km away: "
        "did you swap LAT and LON?"
    )


def _whom(rejection: Rejection) -> str:
    return rejection.technician_display_name or short(rejection.technician) or "Everybody"


def _reason(rejection: Rejection) -> str:
    from slotsvc.pb.v1.types_pb2 import RejectionReason

    words = enum_words(RejectionReason.Name(rejection.reason), "REJECTION_REASON_")
    return f"{words} ({rejection.subject})" if rejection.subject else words


def proof_words(receipt: Receipt) -> str:
    """Such as "Proof: EXACT: 480 cells = 12 evaluated + 431 pruned by proof + 37 rejected; …"."""
    from slotsvc.pb.v1.types_pb2 import PROOF_BOUND, Proof

    proof = Proof.Name(receipt.proof).removeprefix("PROOF_")
    if receipt.proof == PROOF_BOUND:
        proof += f"(gap {receipt.gap_millis / 1000:g})"
    closed = (
        f"{receipt.cells} cells = {receipt.cells_evaluated} evaluated + "
        f"{receipt.cells_pruned} pruned by proof + {receipt.cells_rejected} rejected"
    )
    skipped = f" + {receipt.cells_skipped} skipped" if receipt.cells_skipped else ""
    rest = [
        closed + skipped,
        *([] if skipped else ["nothing skipped"]),
        *([] if receipt.complete else ["more time could change the answer"]),
        *([_in_order(receipt)] if receipt.routes_in_order else []),
        map_words(receipt),
        elapsed_words(receipt.elapsed.seconds + receipt.elapsed.nanos / 1e9),
    ]
    return f"Proof: {proof}: " + "; ".join(rest)


def _in_order(receipt: Receipt) -> str:
    """Days whose order was kept whatever was asked: told to technicians, under way or broken."""
    return f"order kept on {receipt.routes_in_order} of {count_words(receipt.routes, 'day')}"


def map_words(receipt: Receipt) -> str:
    """The map whose times were used, and whether any was an estimate."""
    from slotsvc.pb.v1.types_pb2 import TRAVEL_PROVENANCE_ESTIMATE

    estimated = receipt.travel_provenance == TRAVEL_PROVENANCE_ESTIMATE
    return f"map {receipt.map_id or 'none'}" + (", driving estimated" if estimated else "")
