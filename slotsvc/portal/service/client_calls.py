"""What a client may ask the engine: the portal's key, on behalf of that one client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from google.type.date_pb2 import Date

from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import types_pb2 as types
from slotsvc.pb.v1 import visit_service_pb2 as visits
from slotsvc.pb.v1.slot_service_pb2_grpc import SlotServiceStub
from slotsvc.pb.v1.visit_service_pb2_grpc import VisitServiceStub
from slotsvc.portal.service.answers import Hold, Slot, Visit, VisitState, Window
from slotsvc.portal.service.channel import READ_S, SEARCH_S, WRITE_S, Line, Metadata, bearer
from slotsvc.portal.service.reading import hold_of, slot_of, visit_of

_PAGE = 1000
MOST_PAGES = 100
"""Lists of one client are read to their end, where the newest are; so many pages of 1000 are none
of a client, but a defect."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for: a stored visit (to place or to move), or a new one of
    ``activity_type`` at ``site``. Unset dates: today, the horizon's end; both included.
    """

    team: str
    visit: str = ""
    site: str = ""
    activity_type: str = ""
    first_date: date | None = None
    last_date: date | None = None
    dates: tuple[date, ...] = ()
    windows: tuple[Window, ...] = ()
    max_slots: int = 50
    max_slots_per_day: int = 8


class ClientCalls:
    """The calls of one client, by the engine's reference. All raise ``ServiceError``.

    ``key`` None: the engine asks nobody, and keeps nothing apart; callers look at
    ``Visit.client``, too.
    """

    def __init__(self, line: Line, tenant: str, key: str | None, client: str) -> None:
        self._line = line
        self._tenant = tenant
        self._client = client
        self._slots = SlotServiceStub(line.channel)
        self._visits = VisitServiceStub(line.channel)
        self._metadata: Metadata = bearer(key)
        if key:
            self._metadata += (("slotsvc-on-behalf-of", f"clients/{quote(client, safe='')}"),)

    async def search(self, search: Search) -> list[Slot]:
        """Offers, best first. Empty is an answer."""
        request = slots.SlotRequest(
            client=self._client,
            visit=search.visit,
            activity_type=search.activity_type,
            allowed_dates=[_date(day) for day in search.dates],
            allowed_windows=[_window(window) for window in search.windows],
        )
        if search.site:
            request.site = search.site
        if search.first_date:
            request.first_date.CopyFrom(_date(search.first_date))
        if search.last_date:
            request.last_date.CopyFrom(_date(search.last_date))
        asked = slots.SuggestSlotsRequest(
            team=search.team,
            request=request,
            max_slots=search.max_slots,
            max_slots_per_day=search.max_slots_per_day,
        )
        answer = await self._call(self._slots.SuggestSlots, asked, SEARCH_S)
        return [slot_of(slot) for slot in answer.slots]

    async def hold(self, token: str, request_id: str, note: str = "") -> Hold:
        """Keeps a slot for five minutes. ``note``: for the technician, of new visits only."""
        asked = slots.HoldSlotRequest(token=token, request_id=request_id, note=note)
        return hold_of((await self._call(self._slots.HoldSlot, asked, WRITE_S)).hold)

    async def extend(self, hold: str, request_id: str) -> Hold:
        """Five more minutes from now, once."""
        asked = slots.ExtendHoldRequest(hold=hold, request_id=request_id)
        return hold_of((await self._call(self._slots.ExtendHold, asked, WRITE_S)).hold)

    async def release(self, hold: str, request_id: str) -> None:
        """Gives a hold back; one that ended in any way but a booking may be given back, too."""
        asked = slots.ReleaseHoldRequest(hold=hold, request_id=request_id)
        await self._call(self._slots.ReleaseHold, asked, WRITE_S)

    async def book(self, hold: str, request_id: str) -> Visit:
        """Makes a held place the appointment of a visit that had none."""
        asked = visits.BookVisitRequest(hold=hold, request_id=request_id)
        return visit_of((await self._call(self._visits.BookVisit, asked, WRITE_S)).visit)

    async def reschedule(self, visit: str, hold: str, request_id: str) -> Visit:
        """Moves a booked visit to the place held for it; the old place is free then."""
        asked = visits.RescheduleVisitRequest(name=visit, hold=hold, request_id=request_id)
        return visit_of((await self._call(self._visits.RescheduleVisit, asked, WRITE_S)).visit)

    async def cancel(
        self, visit: str, request_id: str, *, cause: str = "", etag: str = ""
    ) -> Visit:
        """Cancels a visit. ``etag`` "": whatever became of it meanwhile."""
        asked = visits.CancelVisitRequest(name=visit, request_id=request_id, cause=cause, etag=etag)
        return visit_of((await self._call(self._visits.CancelVisit, asked, WRITE_S)).visit)

    async def visit(self, name: str) -> Visit:
        """One visit; NOT_FOUND for another client's."""
        asked = visits.GetVisitRequest(name=name)
        return visit_of((await self._call(self._visits.GetVisit, asked, READ_S)).visit)

    async def visits(
        self, state: VisitState | None = None, first_date: date | None = None
    ) -> list[Visit]:
        """Those in ``state``, by date; None: all still to be done that have a place.

        ``first_date``: only from this service date on; None: no limit.
        """
        asked = visits.ListVisitsRequest(
            parent=self._tenant, client=self._client, page_size=_PAGE, state=_state(state)
        )
        if first_date:
            asked.first_date.CopyFrom(_date(first_date))
        return await self._all(self._visits.ListVisits, asked)

    async def unplaced(self) -> list[Visit]:
        """Those without a place, the most urgent first."""
        asked = visits.ListUnplacedRequest(
            parent=self._tenant, client=self._client, page_size=_PAGE
        )
        return await self._all(self._visits.ListUnplaced, asked)

    async def open_visits(self) -> list[Visit]:
        """All that is still to be done: those with a place, by date, then those without."""
        placed, unplaced = await asyncio.gather(self.visits(), self.unplaced())
        return [*placed, *unplaced]

    async def all_visits(self) -> list[Visit]:
        """Open ones, then done ones, then cancelled ones."""
        found = await asyncio.gather(
            self.open_visits(), self.visits(VisitState.DONE), self.visits(VisitState.CANCELLED)
        )
        return [visit for group in found for visit in group]

    async def _all(self, method: Callable[..., Any], asked: Any) -> list[Visit]:
        found: list[Visit] = []
        for _ in range(MOST_PAGES):
            answer = await self._call(method, asked, READ_S)
            found += map(visit_of, answer.visits)
            if not answer.next_page_token:
                break
            asked.page_token = answer.next_page_token
        return found

    async def _call(self, method: Callable[..., Any], request: Any, seconds: float) -> Any:
        return await self._line.call(method, request, self._metadata, seconds)


def _state(state: VisitState | None) -> visits.VisitState.ValueType:
    name = f"VISIT_STATE_{state.value}" if state else "VISIT_STATE_UNSPECIFIED"
    return visits.VisitState.Value(name)


def _date(day: date) -> Date:
    return Date(year=day.year, month=day.month, day=day.day)


def _window(window: Window) -> types.TimeWindow:
    asked = types.TimeWindow()
    asked.start_time.FromDatetime(window.start)
    asked.end_time.FromDatetime(window.end)
    return asked
