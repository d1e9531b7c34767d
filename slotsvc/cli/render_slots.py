"""Ranked slots, rejections and the proof line as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from slotsvc.cli.screen import Column, paragraph, table
from slotsvc.cli.words import (
    change_words,
    clock_words,
    count_words,
    elapsed_words,
    enum_words,
    short,
    window_words,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.text import Text

    from slotsvc.pb.v1.slot_service_pb2 import Receipt, Rejection, Slot

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


def slot_lines(slots: Sequence[Slot], zone: ZoneInfo, width: int, *, indent: int = 0) -> list[Text]:
    """One row a slot, best first, with the reason of its rank under it."""
    columns = (*COLUMNS[:3], PLANNED, *COLUMNS[3:]) if width >= WIDE else COLUMNS
    rows = [[_cells(slot, zone)[column.title] for column in columns] for slot in slots]
    notes = [paragraph(_note(slot), width, indent + NOTE_INDENT) for slot in slots]
    return table(columns, rows, width, notes, indent)


def _cells(slot: Slot, zone: ZoneInfo) -> dict[str, str]:
    place = slot.place
    cells = (
        f"{slot.rank}",
        window_words(slot.window, zone),
        place.technician_display_name or short(place.technician),
        change_words(place.added_travel_seconds),
        change_words(place.added_waiting_seconds),
        str(_days_away(slot)),
        f"{slot.cost_millis / 1000:.0f}",
    )
    planned = f"{clock_words(place.start_time, zone)}-{clock_words(place.end_time, zone)}"
    titles = (column.title for column in COLUMNS)
    return {**dict(zip(titles, cells, strict=True)), PLANNED.title: planned}


def _days_away(slot: Slot) -> int:
    return sum(part.quantity for part in slot.components if part.name == "days_away")


def _note(slot: Slot) -> str:
    from slotsvc.pb.v1.types_pb2 import TRAVEL_PROVENANCE_ESTIMATE

    parts = [slot.why]
    if slot.travel_provenance == TRAVEL_PROVENANCE_ESTIMATE:
        parts.append("Driving is an estimate.")
    return " ".join(part for part in parts if part)


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
        lines += [Text(t, "dim") for t in paragraph(rejection.message, width, indent + NOTE_INDENT)]
    return lines


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
        map_words(receipt),
        elapsed_words(receipt.elapsed.seconds + receipt.elapsed.nanos / 1e9),
    ]
    return f"Proof: {proof}: " + "; ".join(rest)


def map_words(receipt: Receipt) -> str:
    """The map whose times were used, and whether any was an estimate."""
    from slotsvc.pb.v1.types_pb2 import TRAVEL_PROVENANCE_ESTIMATE

    estimated = receipt.travel_provenance == TRAVEL_PROVENANCE_ESTIMATE
    return f"map {receipt.map_id or 'none'}" + (", driving estimated" if estimated else "")
