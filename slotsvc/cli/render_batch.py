"""Answers to many searches: one line each, and how many there were of each kind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slotsvc.cli.render_answer import what_words, where_words
from slotsvc.cli.screen import paragraph
from slotsvc.cli.words import (
    change_words,
    count_words,
    elapsed_words,
    short,
    window_words,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from slotsvc.pb.v1.slot_service_pb2 import (
        SuggestSlotsBatchResponse,
        SuggestSlotsRequest,
        SuggestSlotsResponse,
    )

INDENT = 5


@dataclass(slots=True)
class BatchCounts:
    """How many requests got slots, none, or an error, since when."""

    offered: int = 0
    empty: int = 0
    refused: int = 0
    begun: float = field(default_factory=time.monotonic)

    def add(self, answer: SuggestSlotsBatchResponse) -> None:
        """Counts one."""
        refused = answer.WhichOneof("result") == "error"
        offered = not refused and bool(answer.answer.slots)
        self.refused += refused
        self.offered += offered
        self.empty += not refused and not offered

    def words(self) -> str:
        """Such as "12 requests in 0.3 s: 10 with slots, 1 without, 1 refused."."""
        total = count_words(self.offered + self.empty + self.refused, "request")
        took = elapsed_words(time.monotonic() - self.begun)
        kinds = f"{self.offered} with slots, {self.empty} without, {self.refused} refused"
        return f"{total} in {took}: {kinds}."


def answer_line(
    answer: SuggestSlotsBatchResponse,
    request: SuggestSlotsRequest,
    zone: ZoneInfo | None,
    width: int,
) -> Iterator[str]:
    """The best slot of one request, or why there is none. Numbers count from 1. ``zone``: the
    team's, None for an error."""
    asked = f"{what_words(request.request) or 'a visit'} at {where_words(request.request)}"
    told = _refused(answer, request) if zone is None else _best(answer.answer, zone)
    yield from paragraph(f"{asked}: {told}", width, INDENT, f"{answer.index + 1:>4}")


def _best(answer: SuggestSlotsResponse, zone: ZoneInfo) -> str:
    if not answer.slots:
        why = f" {answer.rejections[0].message}" if answer.rejections else ""
        return f"no slot.{why}"
    slot, others = answer.slots[0], len(answer.slots) - 1
    who = slot.place.technician_display_name or short(slot.place.technician)
    driving = change_words(slot.place.added_travel_seconds)
    more = f"; {count_words(others, 'more slot')}" if others else ""
    return f"{window_words(slot.window, zone)}, {who}, {driving} driving{more}"


def _refused(answer: SuggestSlotsBatchResponse, request: SuggestSlotsRequest) -> str:
    from slotsvc.cli.rpc_failure import failure_in

    failure = failure_in(answer.error, request)
    wrong = [f"{path.removeprefix('request.')}: {text}" for path, text in failure.violations]
    return f"refused. {'; '.join(wrong) or failure.message}"
