"""Rules of the booking machine: calls that come twice, and what the service does by itself."""

from __future__ import annotations

import itertools

from hypothesis import note
from hypothesis.stateful import multiple, rule

from slotsvc.domain.errors import IdempotencyKeyReusedError
from slotsvc.domain.visit import Pin
from slotsvc.scheduling import book_visit
from slotsvc.scheduling.desk import Placed
from slotsvc.scheduling.mutation import Mutation
from slotsvc.scheduling.running_days import judge_running_days
from slotsvc.scheduling.wish import HeldOffer
from tests.scheduling.booking_books import By
from tests.scheduling.booking_model import TAKING, BookingModel
from tests.scheduling.booking_world import TENANT


class Again(BookingModel):
    """I4: one effect and one answer for one request_id; and days under way are judged."""

    offers, visits = BookingModel.offers, BookingModel.visits
    _calls = itertools.count()

    @rule(target=visits, offer=offers)
    def book_twice(self, offer: HeldOffer):  # type: ignore[no-untyped-def]
        old = self.known.get(offer.work.id)
        self.step(By.AUTOMATION, *([old.route] if old and old.route != offer.route else []))
        number = next(self._calls)
        told: list[Placed] = []

        def book(payload: bytes) -> bytes:
            call = Mutation(TENANT, "twice", f"twice-{number}", payload)
            return self.world.run(
                book_visit.book_slot(
                    self.world._desk, call, offer, Pin.NONE, lambda p: told.append(p) or b"told"
                )
            )

        try:
            assert book(b"the same") == book(b"the same") == b"told"
        except TAKING as refusal:
            note(f"refused: {refusal}")
            self.check_refusal(offer, refusal)
            assert not told, "what was answered once is refused"
            return multiple()
        assert len(told) == 1, "one request_id had two effects"
        try:
            book(b"another")
        except IdempotencyKeyReusedError:
            return self.stands(told[0])
        raise AssertionError("another payload was answered")

    @rule()
    def the_service_judges_days_under_way(self) -> None:
        self.step(By.NOBODY)
        self.world.run(judge_running_days(self.world.store))
