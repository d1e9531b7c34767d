"""``SuggestSlotsBatch`` between proto and use case: a stream of answers, one for each request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from google.rpc import status_pb2

from slotsvc.domain.errors import InvalidRequestError, NotFoundError
from slotsvc.pb.v1 import slot_service_pb2 as pb
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.suggest_batch import Question, Result, SuggestBatch
from slotsvc.scheduling.suggest_slots import Suggestions
from slotsvc.server import names
from slotsvc.server.interceptors.deadlines import DeadlineError, seconds_left
from slotsvc.server.interceptors.failures import status_of
from slotsvc.server.policies import PACKAGE
from slotsvc.server.slot_convert import command_from, receipt_to_pb, rejection_to_pb, slots_to_pb
from slotsvc.server.slot_tokens import SlotSealer

MOST_REQUESTS = 500
RESERVE_S, RESERVE_EACH_S = 0.3, 0.002
"""Left of the call's deadline for telling what was not searched: in any case, and a request."""

_SERVICE, _METHOD = f"{PACKAGE}.SlotService", "SuggestSlotsBatch"


class BatchAnswers:
    """Behind ``SlotService.SuggestSlotsBatch``.

    ``longest_s``: most seconds of a call that names no deadline. ``measure``: is shown each answer.
    """

    def __init__(
        self,
        suggest: SuggestBatch,
        sealer: SlotSealer,
        longest_s: float,
        measure: Callable[[Suggestions], None],
    ) -> None:
        self._suggest, self._sealer = suggest, sealer
        self._longest_s, self._measure = longest_s, measure

    async def answers(
        self, request: pb.SuggestSlotsBatchRequest, context: Any
    ) -> AsyncGenerator[pb.SuggestSlotsBatchResponse]:
        """One for each request, in their order. Raises ``InvalidRequestError``."""
        begun = time.monotonic()
        with Violations() as wrong:
            (tenant,) = names.TENANT.read(wrong, "parent", request.parent)
            wrong.count("requests", request.requests, MOST_REQUESTS, 1)
        left = min(seconds_left(), self._longest_s)
        reserve = RESERVE_S + RESERVE_EACH_S * len(request.requests)
        until = begun + max(left - reserve, left / 2)
        requests: Sequence[pb.SuggestSlotsRequest] = request.requests
        questions = [_question(tenant, one, until) for one in requests]
        async with aclosing(self._suggest(questions, until)) as results:
            for index, search in enumerate(requests):
                found = await anext(results)
                elapsed = timedelta(seconds=time.monotonic() - begun)
                yield await self._answer(index, tenant, search, found, elapsed)

    async def _answer(
        self,
        index: int,
        tenant: str,
        search: pb.SuggestSlotsRequest,
        found: Result,
        elapsed: timedelta,
    ) -> pb.SuggestSlotsBatchResponse:
        if not isinstance(found, Suggestions):
            return pb.SuggestSlotsBatchResponse(index=index, error=_status(found))
        self._measure(found)
        slots = await asyncio.to_thread(slots_to_pb, found, self._sealer, search)
        answer = pb.SuggestSlotsResponse(
            slots=slots,
            rejections=[rejection_to_pb(tenant, r) for r in found.answer.rejections],
            receipt=receipt_to_pb(found.answer, elapsed),
        )
        return pb.SuggestSlotsBatchResponse(index=index, answer=answer)


def _question(tenant: str, request: pb.SuggestSlotsRequest, until: float) -> Question:
    try:
        command = command_from(request, until)
    except InvalidRequestError as error:
        return error
    return command if command.tenant == tenant else NotFoundError("no such team")


def _status(error: Exception | None) -> status_pb2.Status:
    late = DeadlineError("the deadline of the call left no time for this request")
    return status_of(late if error is None else error, _SERVICE, _METHOD)
