"""Clients of the simulated service: they search, hold, confirm, book, move and cancel."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from benchmarks.calls import Told
from benchmarks.history import Change
from slotsvc.pb.v1 import slot_service_pb2 as slots
from slotsvc.pb.v1 import visit_service_pb2 as visits
from tests.simulation.callers import (
    CALL_S,
    UNCLEAR,
    Caller,
    Hold,
    Shown,
    id_of,
    instant_of,
)


class Client(Caller):
    """Searches, holds, extends, releases, confirms, books, moves, cancels."""

    async def step(self) -> None:
        fate = self.chance.random()
        if fate < 0.15:
            await self.chance.choice((self.looks, self.pries))()
        elif fate < 0.65 or not self.known.visits:
            await self._takes_a_new_one()
        elif fate < 0.85:
            await self._moves(self.a_visit())
        else:
            await self._cancels(self.a_visit())

    async def _takes_a_new_one(self) -> None:
        found = await self.searched()
        if not found:
            return
        slot, reference = self.chance.choice(found), self.fresh("order")
        await self._pauses()
        if self.chance.random() < 0.4:
            await self._books(slot, reference)
            return
        hold = await self._holds(slot, reference)
        if hold is not None:
            await self._goes_on(hold)

    async def _goes_on(self, hold: Hold) -> None:
        fate = self.chance.random()
        if fate < 0.15:
            return  # forgotten
        await self._pauses()
        if fate < 0.3:
            await self._releases(hold)
            return
        if fate < 0.5:
            await self._extends(hold)
            await self._pauses()
        await self._confirms(hold)

    async def _pauses(self) -> None:
        """Mostly seconds; now and then a hold or an offer lapses meanwhile."""
        long = self.chance.random() < 0.08
        longest = 90.0 if long else self.tempo
        await asyncio.sleep(self.chance.uniform(0, longest))

    async def _books(self, slot: slots.Slot, reference: str) -> None:
        asked = visits.BookVisitRequest(
            token=slot.token, request_id=self.fresh("book"), external_ref=reference
        )
        answer = await self.changed(
            "VISIT_BOOKED",
            lambda: self.calls.visits.BookVisit(asked, timeout=CALL_S),
            lambda answer: answer.visit,
            reference=reference,
        )
        if not isinstance(answer, Told):
            self.known.visits.append(answer.visit.name)

    async def _holds(self, slot: slots.Slot, reference: str) -> Hold | None:
        asked = slots.HoldSlotRequest(
            token=slot.token, request_id=self.fresh("hold"), external_ref=reference
        )
        asked.hold_duration.FromTimedelta(timedelta(seconds=self.chance.choice((10, 60, 900))))
        return await self._held(asked, reference, moves=False)

    async def _held(
        self, asked: slots.HoldSlotRequest, reference: str, *, moves: bool, visit: str = ""
    ) -> Hold | None:
        answer = await self.changed(
            "VISIT_HELD",
            lambda: self.calls.slots.HoldSlot(asked, timeout=CALL_S),
            lambda answer: Shown(answer.hold.visit, answer.hold.place),
            visit=visit,
            reference=reference,
        )
        if isinstance(answer, Told):
            return None
        told = answer.hold
        hold = Hold(told.name, told.visit, instant_of(told.expire_time), moves, reference)
        self.known.holds.append(hold)
        return hold

    async def _extends(self, hold: Hold) -> None:
        asked = slots.ExtendHoldRequest(hold=hold.name, request_id=self.fresh("extend"))
        asked.hold_duration.FromTimedelta(timedelta(minutes=10))
        answer = await self.changed(
            "HOLD_EXTENDED",
            lambda: self.calls.slots.ExtendHold(asked, timeout=CALL_S),
            lambda answer: Shown(answer.hold.visit, answer.hold.place),
            visit=hold.visit,
        )
        if isinstance(answer, Told):
            self._is_a_promise(hold, answer, "extended")
        else:
            hold.expires = max(hold.expires, instant_of(answer.hold.expire_time))

    async def _releases(self, hold: Hold) -> None:
        asked = slots.ReleaseHoldRequest(hold=hold.name, request_id=self.fresh("release"))
        alone = hold.visit not in self.known.meddled
        self.known.meddled.add(hold.visit)
        begun = asyncio.get_running_loop().time()
        answer = await self.tried(lambda: self.calls.slots.ReleaseHold(asked, timeout=CALL_S))
        # one that is over is fine too, and leaves no event
        sure = alone and not isinstance(answer, Told) and self.now() < hold.expires
        ended = asyncio.get_running_loop().time() if sure else None
        self._note(Change(self.number, "HOLD_RELEASED", id_of(hold.visit), begun, ended))

    async def _confirms(self, hold: Hold) -> None:
        before = self.now()
        if hold.moves:
            moving = visits.RescheduleVisitRequest(
                name=hold.visit, hold=hold.name, request_id=self.fresh("confirm")
            )
            answer: Any = await self.changed(
                "VISIT_MOVED",
                lambda: self.calls.visits.RescheduleVisit(moving, timeout=CALL_S),
                lambda answer: answer.visit,
                visit=hold.visit,
            )
        else:
            booking = visits.BookVisitRequest(hold=hold.name, request_id=self.fresh("confirm"))
            answer = await self.changed(
                "VISIT_BOOKED",
                lambda: self.calls.visits.BookVisit(booking, timeout=CALL_S),
                lambda answer: answer.visit,
                visit=hold.visit,
                reference=hold.reference,
            )
        if isinstance(answer, Told):
            self._is_a_promise(hold, answer, "confirmed")
            return
        # an extension that was not answered may have been done; the judge knows the true expiry
        if before >= hold.expires and hold.visit not in self.known.meddled:
            self.known.wrong.append(f"{hold.name} was confirmed after {hold.expires}")
        if not hold.moves:
            self.known.visits.append(answer.visit.name)

    def _is_a_promise(self, hold: Hold, refusal: Told, what: str) -> None:
        """I5: refused while it is live is a promise broken, unless somebody meddled."""
        if refusal.code in UNCLEAR:
            self.known.meddled.add(hold.visit)  # it may have been done all the same
            return
        if self.now() < hold.expires and hold.visit not in self.known.meddled:
            text = f"{hold.name} could not be {what} at {self.now()}, before {hold.expires}"
            self.known.wrong.append(f"{text}: {refusal}")

    async def _moves(self, visit: str) -> None:
        found = await self.searched(visit=visit)
        if not found:
            return
        self.known.meddled.add(visit)
        slot = self.chance.choice(found)
        if self.chance.random() < 0.5:
            asked = visits.RescheduleVisitRequest(
                name=visit, token=slot.token, request_id=self.fresh("move")
            )
            await self.changed(
                "VISIT_MOVED",
                lambda: self.calls.visits.RescheduleVisit(asked, timeout=CALL_S),
                lambda answer: answer.visit,
                visit=visit,
            )
            return
        held = slots.HoldSlotRequest(token=slot.token, request_id=self.fresh("hold"))
        hold = await self._held(held, "", moves=True, visit=visit)
        if hold is not None:
            await self._goes_on(hold)

    async def _cancels(self, visit: str) -> None:
        self.known.meddled.add(visit)
        asked = visits.CancelVisitRequest(name=visit, request_id=self.fresh("cancel"))
        await self.changed(
            "VISIT_CANCELLED",
            lambda: self.calls.visits.CancelVisit(asked, timeout=CALL_S),
            lambda answer: Shown(visit),
            visit=visit,
        )
