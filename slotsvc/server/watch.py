"""``WatchTeam``: a team's events as answers, and positions as tokens.

A position is sealed: its number would tell how busy everybody else is. It is bound to the tenant,
not to the team or the caller, so that a colleague, or a key that was changed, goes on from it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from functools import lru_cache
from typing import Any

from slotsvc.domain.errors import (
    InvalidRequestError,
    LostPositionError,
    SlotTokenError,
    TooManyWatchesError,
)
from slotsvc.pb.v1 import plan_service_pb2 as pb
from slotsvc.scheduling.field_checks import Violations
from slotsvc.scheduling.ports import StoredEvent
from slotsvc.scheduling.team_events import subject_of, technician_of, visit_of
from slotsvc.scheduling.watch_team import TeamWatch, Told
from slotsvc.server import fields, names
from slotsvc.server.metrics import Metrics
from slotsvc.server.slot_tokens import SlotSealer

PURPOSE = "watch"
MOST_STREAMS = 200

_SEALS_KEPT = 1024
_NO_WORDS = re.compile(r"[A-Za-z0-9_.:/@+-]{0,200}")
"""Ids, numbers, instants and stable words; what people wrote has blanks and stays here."""


class TeamWatcher:
    """Behind ``PlanService.WatchTeam``.

    ``most_streams``: watches that may run at once; one tenant may have half of them, so that others
    find a place.
    """

    def __init__(
        self,
        watch: TeamWatch,
        sealer: SlotSealer,
        metrics: Metrics,
        most_streams: int = MOST_STREAMS,
    ) -> None:
        self._watch = watch
        self._sealer = sealer
        self._most_streams = most_streams
        self._active = metrics.watches_active
        self._most_of_a_tenant = max(most_streams // 2, 1)
        self._open: Counter[str] = Counter()
        self._all_ended = asyncio.Event()
        # watchers of a tenant are told the same positions: sealed once, not once for each
        self._sealed = lru_cache(_SEALS_KEPT)(self._seal)

    async def watch(
        self, request: pb.WatchTeamRequest, context: Any
    ) -> AsyncGenerator[pb.WatchTeamResponse]:
        """Answers until the caller leaves, its deadline passes, or the service ends."""
        with Violations() as wrong:
            tenant, team = names.TEAM.read(wrong, "team", request.team)
            position = self._position(wrong, tenant, request.position)
        with self._place(tenant), _position_named():
            async with aclosing(self._watch.events(tenant, team, position)) as steps:
                async for told in steps:
                    yield self._answer(tenant, told)

    async def drain(self, patience_s: float = 1.0) -> None:
        """Ends every watch with UNAVAILABLE; returns when all have ended, or lost patience."""
        self._watch.stop()
        if self._open:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._all_ended.wait()

    @contextmanager
    def _place(self, tenant: str) -> Iterator[None]:
        if self._open.total() >= self._most_streams:
            raise TooManyWatchesError(f"{self._open.total()} watches run already")
        if self._open[tenant] >= self._most_of_a_tenant:
            raise TooManyWatchesError(f"{self._open[tenant]} watches of the tenant run already")
        self._open[tenant] += 1
        self._all_ended.clear()
        try:
            with self._active.track_inprogress():
                yield
        finally:
            self._open[tenant] -= 1
            if not self._open[tenant]:
                del self._open[tenant]  # with auth off names are anybody's to make up
            if not self._open:
                self._all_ended.set()

    def _answer(self, tenant: str, told: Told) -> pb.WatchTeamResponse:
        answer = pb.WatchTeamResponse(position=self._sealed(tenant, told.position))
        if told.event is not None:
            answer.event.CopyFrom(_event(tenant, told.event))
        return answer

    def _seal(self, tenant: str, position: str) -> str:
        return self._sealer.seal(position.encode(), tenant=tenant, purpose=PURPOSE)

    def _position(self, wrong: Violations, tenant: str, token: str) -> str | None:
        if not token or not tenant:
            return None
        try:
            return self._sealer.open(token, purpose=PURPOSE, tenant=tenant).payload.decode()
        except SlotTokenError:
            wrong.add("position", "is not from an answer of WatchTeam in this tenant")
            return None


@contextmanager
def _position_named() -> Iterator[None]:
    """The store knows no field of the request: what it refuses is the position."""
    try:
        yield
    except LostPositionError:
        raise LostPositionError("position") from None
    except InvalidRequestError as error:
        with Violations() as wrong:
            for violation in error.violations:
                wrong.add("position", violation.reason)


def _event(tenant: str, stored: StoredEvent) -> pb.TeamEvent:
    event = stored.event
    visit, technician, subject = visit_of(event), technician_of(event), subject_of(event)
    told = pb.TeamEvent(
        kind=event.kind,
        time=fields.to_timestamp(stored.at),
        visit=names.VISIT.build(tenant, visit) if visit else "",
        technician=names.TECHNICIAN.build(tenant, technician) if technician else "",
        data=_data({**event.data, **({"subject": subject} if subject else {})}),
    )
    if event.route is not None:
        told.date.CopyFrom(fields.to_date(event.route.day))
        told.shift_number = event.route.shift
        told.route_version = event.version
    return told


def _data(data: Mapping[str, str | int]) -> dict[str, str]:
    texts = {key: str(value) for key, value in data.items()}
    return {key: text for key, text in texts.items() if _NO_WORDS.fullmatch(text)}
