"""``SlotService``: ranked slots and holds."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from slotsvc.domain.errors import SlotGoneError, SlotsvcError
from slotsvc.domain.time_window import to_epoch
from slotsvc.pb.v1 import slot_service_pb2 as pb
from slotsvc.pb.v1.slot_service_pb2_grpc import SlotServiceServicer
from slotsvc.pb.v1.visit_service_pb2 import BookVisitRequest
from slotsvc.scheduling import hold_slot
from slotsvc.scheduling.desk import Desk
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.suggest_batch import SuggestBatch
from slotsvc.scheduling.suggest_slots import Suggestions, SuggestSlots
from slotsvc.scheduling.why_not import WhyNot
from slotsvc.scheduling.wish import HeldOffer
from slotsvc.server import fields, names
from slotsvc.server.calling import mutation_of
from slotsvc.server.interceptors.deadlines import seconds_left
from slotsvc.server.metrics import Metrics
from slotsvc.server.offer_tokens import OpenedOffer, open_offer
from slotsvc.server.slot_convert import (
    command_from,
    receipt_to_pb,
    rejection_to_pb,
    slots_to_pb,
)
from slotsvc.server.slot_tokens import SlotSealer
from slotsvc.server.suggest_batch import BatchAnswers
from slotsvc.server.visit_convert import hold_to_pb
from slotsvc.server.why_not import WhyNotAnswers

_log = structlog.get_logger(__name__)

SHORTEST_HOLD, LONGEST_HOLD = timedelta(seconds=10), timedelta(minutes=15)
RESERVE_S = 0.2
"""Left of a call's deadline for the answer itself when the search runs out of time."""
EQUIVALENTS = 3
LONGEST_LOOK_S = 2.0
"""Most time for finding what to offer instead of a slot that is gone."""
CROWDED_LOOK_S = 0.5
"""The same while ``CROWD`` others look too: in a rush for one place it matters more to be told."""
CROWD = 4


@dataclass(frozen=True, slots=True)
class MoreSearches:
    """Searches besides the ordinary one. ``longest_s``: most seconds of a batch whose caller names
    no deadline."""

    why_not: WhyNot
    batch: SuggestBatch
    longest_s: float


class SlotService(SlotServiceServicer):
    """Thin: converts, calls a use case, converts back."""

    def __init__(
        self,
        desk: Desk,
        suggest: SuggestSlots,
        sealer: SlotSealer,
        metrics: Metrics,
        more: MoreSearches,
    ) -> None:
        self._desk, self._suggest = desk, suggest
        self._sealer, self._metrics = sealer, metrics
        self._looking = 0
        self._why_not = WhyNotAnswers(more.why_not, sealer)
        self._batch = BatchAnswers(more.batch, sealer, more.longest_s, self._measure)

    async def SuggestSlots(self, request: pb.SuggestSlotsRequest, context: Any) -> Any:  # noqa: N802
        """Ranks."""
        begun = time.monotonic()
        command = command_from(request, _deadline())
        found = await self._suggest(command)
        elapsed = time.monotonic() - begun
        self._measure(found)
        # sealing fifty offers takes milliseconds that others would wait for
        slots = await asyncio.to_thread(slots_to_pb, found, self._sealer, request)
        return pb.SuggestSlotsResponse(
            slots=slots,
            rejections=[rejection_to_pb(command.tenant, r) for r in found.answer.rejections],
            receipt=receipt_to_pb(found.answer, timedelta(seconds=elapsed)),
        )

    def SuggestSlotsBatch(self, request: pb.SuggestSlotsBatchRequest, context: Any) -> Any:  # noqa: N802
        """Ranks for many."""
        return self._batch.answers(request, context)

    async def WhyNot(self, request: pb.WhyNotRequest, context: Any) -> Any:  # noqa: N802
        """Explains."""
        return await self._why_not.answer(request, _deadline())

    async def HoldSlot(self, request: pb.HoldSlotRequest, context: Any) -> Any:  # noqa: N802
        """Reserves."""
        with Violations() as wrong:
            wrong.request_id(request.request_id)
            length = _length(wrong, request)
            wrong.text("token", request.token, 4096, required=True)
            wrong.text("external_ref", request.external_ref, 200)
            wrong.text("note", request.note, 2000, lines=True)
        opened = open_offer(self._sealer, request.token)
        refuse_new_texts(opened.offer, request)
        mutation = mutation_of(opened.offer.tenant, "HoldSlot", request, request.request_id)
        try:
            answer = await hold_slot.hold_slot(
                self._desk,
                mutation,
                opened.offer,
                length,
                lambda placed: pb.HoldSlotResponse(hold=hold_to_pb(placed)).SerializeToString(),
                external_ref=request.external_ref,
                note=request.note,
            )
        except SlotGoneError as gone:
            raise await self.with_alternatives(gone, opened) from gone
        self._metrics.bookings.labels(result="held").inc()
        return pb.HoldSlotResponse.FromString(answer)

    async def ExtendHold(self, request: pb.ExtendHoldRequest, context: Any) -> Any:  # noqa: N802
        """Prolongs."""
        with Violations() as wrong:
            tenant, hold = names.HOLD.read(wrong, "hold", request.hold)
            wrong.request_id(request.request_id)
            length = _length(wrong, request)
        answer = await hold_slot.extend_hold(
            self._desk,
            mutation_of(tenant, "ExtendHold", request, request.request_id),
            hold,
            length,
            lambda placed: pb.ExtendHoldResponse(hold=hold_to_pb(placed)).SerializeToString(),
        )
        return pb.ExtendHoldResponse.FromString(answer)

    async def ReleaseHold(self, request: pb.ReleaseHoldRequest, context: Any) -> Any:  # noqa: N802
        """Gives back."""
        with Violations() as wrong:
            tenant, hold = names.HOLD.read(wrong, "hold", request.hold)
            wrong.request_id(request.request_id)
        mutation = mutation_of(tenant, "ReleaseHold", request, request.request_id)
        await hold_slot.release_hold(self._desk, mutation, hold)
        return pb.ReleaseHoldResponse()

    def _measure(self, found: Suggestions) -> None:
        for stage, seconds in found.stages:
            self._metrics.slot_search_seconds.labels(stage=stage).observe(seconds)
        self._metrics.slots_returned.observe(len(found.answer.offers))
        disputed = found.answer.disputed
        if disputed is not None:
            self._metrics.referee_checks.inc()
            self._metrics.referee_disagreements.inc(disputed)
            if disputed:
                _log.error("the referee disagrees with an answer", offers=disputed)

    async def with_alternatives(self, gone: SlotGoneError, opened: OpenedOffer) -> SlotGoneError:
        """The same error with the nearest equivalents: the same search again, nearest windows
        first. A search that fails, or has to wait too long, leaves the error as it is."""
        self._metrics.booking_conflicts.inc()
        search = pb.SuggestSlotsRequest()
        search.CopyFrom(opened.search)
        if not search.team:
            return gone
        search.max_slots = 20
        longest = LONGEST_LOOK_S if self._looking < CROWD else CROWDED_LOOK_S
        self._looking += 1
        try:
            until = min(_deadline(), time.monotonic() + longest)
            async with asyncio.timeout(until - time.monotonic()):
                found = await self._suggest(command_from(search, until))
        except (SlotsvcError, TimeoutError):
            return gone
        finally:
            self._looking -= 1
        wanted = to_epoch(opened.offer.window.promise.start)
        slots = [
            slot
            for slot in slots_to_pb(found, self._sealer, opened.search)
            if not _same(slot, opened.offer)
        ]
        slots.sort(key=lambda s: (abs(s.window.start_time.seconds - wanted), s.rank))
        return SlotGoneError(gone.message, slots[:EQUIVALENTS])


def refuse_new_texts(offer: HeldOffer, request: pb.HoldSlotRequest | BookVisitRequest) -> None:
    """A stored visit stays what it is. Raises ``InvalidRequestError``."""
    if offer.work.id and (request.external_ref or request.note):
        with Violations() as wrong:
            text = "the slot is for a stored visit, which keeps its external_ref and note"
            wrong.add("token", text)


def _same(slot: pb.Slot, offer: HeldOffer) -> bool:
    """The very slot that is gone: it may look free to a search and still not be had."""
    who = names.TECHNICIAN.build(offer.tenant, offer.technician)
    same_start = slot.window.start_time == fields.to_timestamp(offer.window.promise.start)
    same_shift = slot.place.shift_number == offer.shift
    return same_start and same_shift and slot.place.technician == who


def _length(
    wrong: Violations, request: pb.HoldSlotRequest | pb.ExtendHoldRequest
) -> timedelta | None:
    if not request.HasField("hold_duration"):
        return None
    return fields.duration(
        wrong, "hold_duration", request.hold_duration, SHORTEST_HOLD, LONGEST_HOLD
    )


def _deadline() -> float:
    """Monotonic seconds until which the search may go on."""
    left = seconds_left()
    return time.monotonic() + max(left - RESERVE_S, left / 2)
