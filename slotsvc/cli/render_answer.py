"""A whole answer to "which slots?": head, slots, rejections, proof, what to type next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from slotsvc.cli.render_slots import cost_key, proof_words, rejection_lines, slot_lines
from slotsvc.cli.screen import paragraph
from slotsvc.cli.words import count_words, duration_words, place_words, short

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.text import Text

    from slotsvc.pb.v1.slot_service_pb2 import (
        SlotRequest,
        SuggestSlotsRequest,
        SuggestSlotsResponse,
    )
    from slotsvc.pb.v1.visit_service_pb2 import Visit

TAKE = "Take one: add --pick N and pipe into"


def answer_lines(
    answer: SuggestSlotsResponse,
    request: SuggestSlotsRequest,
    zone: ZoneInfo,
    width: int,
    *,
    found: Sequence[str] = (),
    head: str = "",
    next_: str | None = None,
    moving: Visit | None = None,
) -> list[Text]:
    """The lines, at most ``width`` long. ``found``: what an address turned out to be.
    ``head``: what was asked, in place of the request's own words. ``next_``: what to type next,
    None: the usual. ``moving``: the visit that moves; the slot where it is now is marked.
    """
    from rich.text import Text

    where = found[0] if found else where_words(request.request)
    asked = head or f"{what_words(request.request, moving)} at {where}"
    count = count_words(len(answer.slots), "slot") if answer.slots else "No slot"
    title = f"{count} for {asked} ({zone.key} time)"
    lines = [Text(line, "bold") for line in paragraph(title, width)]
    if answer.slots:
        lines += [Text(), *slot_lines(answer.slots, zone, width, moving=moving)]
        lines += [Text(), *cost_key(width)]
    if answer.rejections:
        lines += [Text(), Text("Not possible", "bold")]
        lines += rejection_lines(answer.rejections, zone, width, indent=2)
    proof = proof_words(answer.receipt).removeprefix("Proof: ")
    lines += [Text(), *map(Text, paragraph(proof, width, 7, "Proof: "))]
    if answer.slots:
        told = next_words(moving) if next_ is None else next_
        lines += [Text(line, "dim") for line in paragraph(told, width)]
    return lines


def next_words(moving: Visit | None) -> str:
    """How to take one of the slots."""
    if moving is None or not moving.HasField("place"):
        return f"{TAKE} `slotsvc hold -` or `slotsvc book -`."
    return f"{TAKE} `slotsvc reschedule {short(moving.name)} -`."


def what_words(request: SlotRequest, moving: Visit | None = None) -> str:
    """Such as "boiler-service", "60 min", "moving visit 4711", "visit 4711 of the backlog"."""
    if request.visit and moving is not None and not moving.HasField("place"):
        return f"visit {short(request.visit)} of the backlog"
    if request.visit:
        return f"moving visit {short(request.visit)}"
    length = (
        duration_words(request.service_duration) if request.HasField("service_duration") else ""
    )
    kind = short(request.activity_type)
    return f"{kind} ({length})" if kind and length else kind or length


def where_words(request: SlotRequest) -> str:
    """The site's id, the point, or the visit's own place."""
    if request.site:
        return short(request.site)
    return place_words(request.location) if request.HasField("location") else "its place"
