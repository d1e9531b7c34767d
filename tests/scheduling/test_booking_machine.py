"""Random sequences of everything that changes a route, on a real store with a clock that is set.

After each step the invariants of the design: nobody overlaps, driving and breaks included, whatever
lapses or is cancelled (I1); a hold is a promise until its last second and nothing after (I5, I6);
every change of a route is one version with one event (I8).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from slotsvc.domain.errors import (
    HoldExpiredError,
    HoldLimitError,
    SlotExpiredError,
    SlotGoneError,
    SlotsvcError,
    WrongStateError,
)
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Pin, PlacementState, RouteKey
from slotsvc.scheduling.desk import Placed
from slotsvc.scheduling.wish import HeldOffer, Wish
from tests.examples import examples
from tests.scheduling.booking_world import (
    DAYS,
    PLACES,
    TECHNICIANS,
    BookingWorld,
    Seen,
    local,
    template,
)

LONGEST_HOLD = timedelta(minutes=15)
TAKING = (SlotGoneError, SlotExpiredError, HoldLimitError, WrongStateError)
PINS = st.sampled_from([Pin.NONE, Pin.NONE, Pin.TECHNICIAN, Pin.START])


@dataclass
class Hold:
    """What the client of a hold knows of it."""

    placement: str
    visit: str
    expires: datetime
    made: datetime
    moves: bool
    extended: bool = False
    ended: bool = False


class BookingMachine(RuleBasedStateMachine):
    """The model is small on purpose: who holds what until when, and which visits stand."""

    empty_database: Path
    offers = Bundle("offers")
    holds = Bundle("holds")
    visits = Bundle("visits")
    absences = Bundle("absences")

    @initialize()
    def begin(self) -> None:
        self.world = BookingWorld(self.empty_database)
        self.standing: dict[str, str] = {}
        self.held: dict[str, Hold] = {}
        self.before: dict[RouteKey, Seen] = {}
        self.calendar_changed = False

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    # --- searches -----------------------------------------------------------------------------

    @rule(
        target=offers,
        place=st.sampled_from(PLACES),
        hours=st.sampled_from([0.5, 1, 1.5, 2, 3]),
        technician=st.sampled_from([*TECHNICIANS, ""]),
        day=st.integers(0, DAYS - 1),
    )
    def search(self, place, hours, technician, day):  # type: ignore[no-untyped-def]
        wish = Wish(
            location=place,
            activity_type="service",
            service=timedelta(hours=hours),
            allowed_dates=frozenset([self.world.first_day + timedelta(days=day)]),
            required_technicians=frozenset([technician] if technician else []),
        )
        return multiple(*self.world.search(wish))

    @rule(target=offers, visit=visits, day=st.integers(0, DAYS - 1))
    def search_for_a_move(self, visit, day):  # type: ignore[no-untyped-def]
        days = frozenset([self.world.first_day + timedelta(days=day)])
        try:
            return multiple(*self.world.search(Wish(visit=visit, allowed_dates=days)))
        except WrongStateError:
            return multiple()

    # --- holds --------------------------------------------------------------------------------

    @rule(target=holds, offer=offers, minutes=st.sampled_from([1, 5, 15]))
    def hold(self, offer: HeldOffer, minutes: int):  # type: ignore[no-untyped-def]
        try:
            placed = self.world.hold(offer, timedelta(minutes=minutes))
        except TAKING as refusal:
            self.check_refusal(offer, refusal)
            return multiple()
        placement = placed.stored.placement
        assert placement.expires == self.now + timedelta(minutes=minutes)
        hold = Hold(
            placement.id, placed.stored.visit.id, placement.expires, self.now, bool(offer.replaces)
        )
        self.held[hold.placement] = hold
        return hold

    @rule(hold=holds, minutes=st.sampled_from([1, 10, 15]))
    def extend(self, hold: Hold, minutes: int) -> None:
        with self.only_while_live(hold, HoldLimitError if hold.extended else None):
            placed = self.world.extend(hold.placement, timedelta(minutes=minutes))
            expires = placed.stored.placement.expires
            assert expires is not None
            assert hold.expires <= expires <= hold.made + LONGEST_HOLD
            hold.expires, hold.extended = expires, True

    @rule(hold=consumes(holds))
    def release(self, hold: Hold) -> None:
        try:
            self.world.release(hold.placement)
        except WrongStateError:
            assert hold.placement in self.standing.values() or hold.ended
        hold.ended = True

    @rule(target=visits, hold=holds, pin=PINS)
    def confirm(self, hold: Hold, pin: Pin):  # type: ignore[no-untyped-def]
        pin = Pin.NONE if hold.moves else pin
        with self.only_while_live(hold, WrongStateError if pin is Pin.START else None):
            placed = self.world.confirm(hold.placement, pin, hold.visit if hold.moves else "")
            assert placed.stored.placement.state is PlacementState.BOOKED
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
        try:
            placed = self.world.book(offer, Pin.NONE if offer.replaces else pin)
        except TAKING as refusal:
            self.check_refusal(offer, refusal)
            return multiple()
        return self.stands(placed)

    @rule(visit=consumes(visits))
    def cancel(self, visit: str) -> None:
        try:
            self.world.cancel(visit)
        except WrongStateError:
            assert visit not in self.standing, "one can always cancel"
        self.standing.pop(visit, None)
        for hold in self.held.values():
            hold.ended |= hold.visit == visit

    def stands(self, placed: Placed):  # type: ignore[no-untyped-def]
        visit = placed.stored.visit.id
        known = visit in self.standing
        self.standing[visit] = placed.stored.placement.id
        for hold in self.held.values():
            hold.ended |= hold.visit == visit
        return multiple() if known else visit

    def check_refusal(self, offer: HeldOffer, refusal: SlotsvcError) -> None:
        note(f"refused: {refusal}")
        if isinstance(refusal, SlotExpiredError):
            late = offer.window.start_window.end <= self.now
            assert late or offer.expires <= self.now
        if isinstance(refusal, HoldLimitError | WrongStateError):
            assert offer.replaces, "a new visit has no limit here"

    # --- the world goes on --------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 59, 60, 300, 899, 900, 3600, 4 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.pass_(timedelta(seconds=seconds))

    @rule(
        target=absences,
        technician=st.sampled_from(TECHNICIANS),
        day=st.integers(0, DAYS - 1),
        hours=st.sampled_from([(6, 9), (9, 11), (12, 14), (16, 20), (0, 23)]),
    )
    def somebody_is_away(self, technician, day, hours):  # type: ignore[no-untyped-def]
        on = self.world.first_day + timedelta(days=day)
        window = TimeWindow(local(on, hours[0], 5), local(on, hours[1]))
        self.calendar_changed = True
        return technician, self.world.leave(technician, window)

    @rule(absence=consumes(absences))
    def somebody_comes_back(self, absence: tuple[str, str]) -> None:
        self.calendar_changed = True
        self.world.come_back(*absence)

    # --- what must always hold ----------------------------------------------------------------

    @invariant()
    def the_books_are_right(self) -> None:
        self.nobody_overlaps()
        self.exactly_what_was_promised_stands()
        self.every_version_has_its_event()
        self.world.days_can_be_shown()

    def nobody_overlaps(self) -> None:
        """I1, and on a broken day: nothing that is done makes it worse."""
        seen = dict(self.world.seen())
        for key, route in seen.items():
            known = self.before.get(key)
            broken = bool(known and known.findings) or self.calendar_changed
            if not broken:
                assert route.findings == (), key
            elif known and not self.calendar_changed:
                assert len(route.findings) <= max(len(known.findings), 1), key
        self.before, self.calendar_changed = seen, False

    def exactly_what_was_promised_stands(self) -> None:
        """I3, I5, I6: bookings, and holds until their expiry; nothing else."""
        live = {p.id for route in self.before.values() for p in route.live}
        booked = set(self.standing.values())
        held = {h.placement for h in self.held.values() if not h.ended and self.now < h.expires}
        assert live == booked | held

    def every_version_has_its_event(self) -> None:
        """I8: versions grow by one, without gaps and without repeats."""
        versions: dict[RouteKey, list[int]] = defaultdict(list)
        for event in self.world.events():
            if event.route is not None:
                versions[event.route].append(event.version)
        for key, route in self.before.items():
            assert versions[key] == list(range(1, route.route.version + 1))


def test_no_sequence_of_changes_breaks_an_invariant() -> None:
    """Hold, extend, release, confirm, book, move, cancel, time, sickness, in any order."""
    with TemporaryDirectory(prefix="slotsvc-machine-") as scratch:
        BookingMachine.empty_database = template(Path(scratch))
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            BookingMachine,
            settings=settings(max_examples=examples(20), stateful_step_count=40),
        )
