"""Rules of the booking machine: what clients and those who serve them do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import (
    consumes,
    multiple,
    rule,
)

from slotsvc.domain.errors import (
    HoldExpiredError,
    HoldLimitError,
    SlotsvcError,
    WrongStateError,
)
from slotsvc.domain.visit import Pin, PlacementState
from slotsvc.scheduling.wish import HeldOffer, Wish
from tests.scheduling.booking_books import By
from tests.scheduling.booking_company import PLACES
from tests.scheduling.booking_model import (
    LONGEST_HOLD,
    PINS,
    SOME_DAY,
    TAKING,
    BookingModel,
    Hold,
    Known,
)
from tests.scheduling.booking_world import (
    TECHNICIANS,
    WORKS,
    work_at,
)


class Clients(BookingModel):
    """Search, hold, book, move, cancel."""

    offers, holds, visits = BookingModel.offers, BookingModel.holds, BookingModel.visits

    # --- searches -----------------------------------------------------------------------------

    @rule(
        target=offers,
        place=st.sampled_from(PLACES),
        work=st.sampled_from(WORKS),
        hours=st.sampled_from([0, 0.5, 1.5, 3]),
        who=st.sampled_from([*TECHNICIANS, ""]),
        day=SOME_DAY,
    )
    def search(self, place, work, hours, who, day):  # type: ignore[no-untyped-def]
        wish = replace(
            work_at(place, work, hours),
            allowed_dates=frozenset([self.world.day(day)]),
            required_technicians=frozenset([who] if who else []),
        )
        return multiple(*self.world.search(wish))

    @rule(target=offers, visit=visits, day=SOME_DAY, leave=st.booleans())
    def search_for_a_visit(self, visit, day, leave):  # type: ignore[no-untyped-def]
        days, known = frozenset([self.world.day(day)]), self.known[visit]
        wish = Wish(visit=visit, allowed_dates=days, leave_promise=leave)
        try:
            return multiple(*self.world.search(wish))
        except WrongStateError:
            assert known.placement or known.over, "what waits for a place can be given one"
            return multiple()

    @rule(
        target=visits,
        place=st.sampled_from(PLACES),
        work=st.sampled_from(WORKS),
        hours=st.sampled_from([0, 0.5, 3]),
        day=SOME_DAY,
        choice=st.integers(0, 3),
    )
    def search_and_book(self, place, work, hours, day, choice):  # type: ignore[no-untyped-def]
        found = self.found(work_at(place, work, hours), day)
        return self.taken(found[choice % len(found)]) if found else multiple()

    @rule(target=holds, place=st.sampled_from(PLACES), day=SOME_DAY, choice=st.integers(0, 3))
    def search_and_hold(self, place, day, choice):  # type: ignore[no-untyped-def]
        found = self.found(work_at(place), day)
        return self.hold_it(found[choice % len(found)], 15) if found else multiple()

    @rule(target=holds, visit=visits, day=SOME_DAY, choice=st.integers(0, 3))
    def search_and_hold_a_move(self, visit, day, choice):  # type: ignore[no-untyped-def]
        try:
            found = self.found(Wish(visit=visit), day)
        except WrongStateError:
            return multiple()
        return self.hold_it(found[choice % len(found)], 15) if found else multiple()

    @rule(target=visits, visit=visits, day=SOME_DAY, choice=st.integers(0, 3))
    def search_and_move(self, visit, day, choice):  # type: ignore[no-untyped-def]
        try:
            found = self.found(Wish(visit=visit), day)
        except WrongStateError:
            return multiple()
        held = any(h.visit == visit and self.live(h) for h in self.held.values())
        return self.taken(found[choice % len(found)]) if found and not held else multiple()

    def found(self, wish: Wish, day: int) -> tuple[HeldOffer, ...]:
        return self.world.search(replace(wish, allowed_dates=frozenset([self.world.day(day)])))

    def taken(self, offer: HeldOffer):  # type: ignore[no-untyped-def]
        """What was found just now can be had: nobody else was there in between."""
        old = self.known.get(offer.work.id)
        self.step(By.AUTOMATION, *([old.route] if old and old.route != offer.route else []))
        return self.stands(self.world.book(offer))

    # --- holds --------------------------------------------------------------------------------

    @rule(target=holds, offer=offers, minutes=st.sampled_from([1, 5, 15]))
    def hold(self, offer: HeldOffer, minutes: int):  # type: ignore[no-untyped-def]
        return self.hold_it(offer, minutes)

    def hold_it(self, offer: HeldOffer, minutes: int):  # type: ignore[no-untyped-def]
        self.step(By.AUTOMATION)
        try:
            placed = self.world.hold(offer, timedelta(minutes=minutes))
        except TAKING as refusal:
            self.check_refusal(offer, refusal)
            return multiple()
        placement = placed.stored.placed
        assert placement.expires == self.now + timedelta(minutes=minutes)
        visit = placed.stored.visit.id
        hold = Hold(
            placement.id, visit, placement.route, placement.expires, self.now, bool(offer.replaces)
        )
        self.held[hold.placement] = hold
        if not offer.work.id:
            self.known[visit] = Known(over=True)  # until it is confirmed
        return hold

    @rule(hold=holds, minutes=st.sampled_from([1, 10, 15]))
    def extend(self, hold: Hold, minutes: int) -> None:
        self.step(By.AUTOMATION)
        with self.only_while_live(hold, HoldLimitError if hold.extended else None):
            placed = self.world.extend(hold.placement, timedelta(minutes=minutes))
            expires = placed.stored.placed.expires
            assert expires is not None
            assert hold.expires <= expires <= hold.made + LONGEST_HOLD
            hold.expires, hold.extended = expires, True

    @rule(hold=consumes(holds))
    def release(self, hold: Hold) -> None:
        self.step(By.REMOVAL)
        try:
            self.world.release(hold.placement)
        except WrongStateError:
            assert hold.ended
        hold.ended = True

    @rule(target=visits, hold=holds, pin=PINS)
    def confirm(self, hold: Hold, pin: Pin):  # type: ignore[no-untyped-def]
        pin = Pin.NONE if hold.moves else pin
        known = self.known[hold.visit]
        self.step(By.AUTOMATION, known.route, hold.route)
        # a day that has no times has no start to pin; what has begun cannot move any more
        also = pin is Pin.START or known.state is not PlacementState.BOOKED
        with self.only_while_live(hold, WrongStateError if also else None):
            placed = self.world.confirm(hold.placement, pin, hold.visit if hold.moves else "")
            assert placed.stored.placed.state is PlacementState.BOOKED
            return self.stands(placed)
        return multiple()

    @contextmanager
    def only_while_live(self, hold: Hold, also: type[SlotsvcError] | None) -> Iterator[None]:
        """I5: what is done to a hold works before its expiry, and never afterwards. ``also``: may
        be raised all the same."""
        live = not hold.ended and self.now < hold.expires
        try:
            yield
        except (HoldExpiredError, WrongStateError, HoldLimitError) as refusal:
            note(f"refused: {refusal}")
            expected = also is not None and isinstance(refusal, also)
            assert expected or not live, "a hold is a promise"
        else:
            assert live, "a hold that is over was used"

    # --- bookings -----------------------------------------------------------------------------

    @rule(target=visits, offer=offers, pin=PINS)
    def book(self, offer: HeldOffer, pin: Pin):  # type: ignore[no-untyped-def]
        old = self.known.get(offer.work.id)
        self.step(By.AUTOMATION, *([old.route] if old and old.route != offer.route else []))
        try:
            placed = self.world.book(offer, Pin.NONE if offer.replaces else pin)
        except TAKING as refusal:
            self.check_refusal(offer, refusal)
            return multiple()
        return self.stands(placed)

    @rule(visit=visits)
    def cancel(self, visit: str) -> None:
        self.step(By.REMOVAL)
        known = self.known[visit]
        try:
            self.world.cancel(visit)
        except WrongStateError:
            assert known.over or known.state is PlacementState.DONE, "one can always cancel"
            return
        known.over, known.placement, known.route = True, "", None
        self.no_more_holds(visit)
