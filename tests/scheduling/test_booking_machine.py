"""Random sequences of everything that changes a route, on a real store with a clock that is set.

After each step the invariants of the design: automation adds or worsens no violation, and every
one that exists is on record (I1, I7); a hold is a promise until its last second and nothing after
(I5, I6); every change of a route is one version with its events (I8); no visit gets lost; people
can always cancel, start, finish and move away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

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

from slotsvc.domain.commitment import Commitment, CommitmentKind
from slotsvc.domain.errors import (
    HoldExpiredError,
    HoldLimitError,
    InvalidRequestError,
    PlanWorseError,
    SlotExpiredError,
    SlotGoneError,
    SlotsvcError,
    WrongStateError,
)
from slotsvc.domain.technician import Technician
from slotsvc.domain.time_window import TimeWindow
from slotsvc.domain.visit import Outcome, Pin, PlacementState, RouteKey, Standing, Visit
from slotsvc.scheduling.backlog import BacklogFilter
from slotsvc.scheduling.desk import Placed
from slotsvc.scheduling.hand_moves import HandMove
from slotsvc.scheduling.report_visit import Report, ReportKind
from slotsvc.scheduling.wish import HeldOffer, Wish
from tests.examples import examples
from tests.scheduling.booking_books import Books, By
from tests.scheduling.booking_company import NOON, PLACES, technicians, two_shifts, week, whole_day
from tests.scheduling.booking_world import (
    DAYS,
    TECHNICIANS,
    TENANT,
    WORKS,
    BookingWorld,
    Memory,
    local,
    scratch,
    template,
    work_at,
)

LONGEST_HOLD = timedelta(minutes=15)
TAKING = (SlotGoneError, SlotExpiredError, HoldLimitError, WrongStateError)
PINS = st.sampled_from([Pin.NONE, Pin.NONE, Pin.TECHNICIAN, Pin.START])
SOME_DAY = st.integers(0, DAYS - 1)
HOURS = st.sampled_from([(6, 9), (9, 11), (12, 14), (16, 20), (0, 23)])
DOING = {
    "longer": lambda who: replace(who, working_time=week(whole_day(until=19))),
    "shorter": lambda who: replace(who, working_time=week(whole_day(NOON, until=15))),
    "two shifts": lambda who: replace(who, working_time=week(two_shifts())),
    "no gas": lambda who: replace(who, tags=frozenset(), certificates=()),
    "as before": lambda who: next(t for t in technicians() if t.id == who.id),
}


@dataclass
class Hold:
    """What the client of a hold knows of it."""

    placement: str
    visit: str
    route: RouteKey
    expires: datetime
    made: datetime
    moves: bool
    extended: bool = False
    ended: bool = False


@dataclass
class Known:
    """What the model knows of a visit. ``placement`` "": it waits in the backlog."""

    placement: str = ""
    route: RouteKey | None = None
    state: PlacementState = PlacementState.BOOKED
    over: bool = False


@dataclass(frozen=True)
class Start:
    """Where a sequence begins, and what is known of it."""

    memory: Memory
    known: dict[str, Known]


class BookingMachine(RuleBasedStateMachine):
    """The model is small on purpose: who holds what until when, and which visits stand where."""

    world: ClassVar[BookingWorld]
    starts: ClassVar[tuple[Start, ...]]
    offers = Bundle("offers")
    holds = Bundle("holds")
    visits = Bundle("visits")
    absences = Bundle("absences")

    @initialize(target=visits, number=st.sampled_from([0, 1, 1, 1]))
    def begin(self, number):  # type: ignore[no-untyped-def]
        start = self.starts[number]
        self.world.renew(start.memory)
        self.books = Books(self.world)
        self.known = {visit: replace(known) for visit, known in start.known.items()}
        self.held: dict[str, Hold] = {}
        self.by, self.gives_up = By.NOBODY, set[RouteKey]()
        return multiple(*self.known)

    @classmethod
    def prepare(cls, world: BookingWorld, directory: Path) -> None:
        """All sequences play in one world, which is put back in between."""
        cls.world = world
        empty = Start(world.keep(directory / "empty.db"), {})
        cls.starts = empty, filled(world, directory / "filled.db")

    def teardown(self) -> None:
        if hasattr(self, "books"):
            self.no_visit_got_lost()
            self.world.show(self.books.routes)

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def step(self, by: By, *gives_up: RouteKey | None) -> None:
        """What the step that now comes is; routes that lose a visit in it."""
        self.by, self.gives_up = by, {key for key in gives_up if key is not None}

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
        wish = Wish(visit=visit, activity_type="service", allowed_dates=days, leave_promise=leave)
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

    @rule(target=visits, visit=visits, day=SOME_DAY, choice=st.integers(0, 3))
    def search_and_move(self, visit, day, choice):  # type: ignore[no-untyped-def]
        try:
            found = self.found(Wish(visit=visit, activity_type="service"), day)
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

    def stands(self, placed: Placed):  # type: ignore[no-untyped-def]
        visit, placement = placed.stored.visit.id, placed.stored.placed
        known = visit in self.known and not self.known[visit].over
        self.known[visit] = Known(placement.id, placement.route)
        self.no_more_holds(visit)
        return multiple() if known else visit

    def no_more_holds(self, visit: str) -> None:
        for hold in self.held.values():
            hold.ended |= hold.visit == visit

    def check_refusal(self, offer: HeldOffer, refusal: SlotsvcError) -> None:
        note(f"refused: {refusal}")
        if isinstance(refusal, SlotExpiredError):
            late = offer.window.start_window.end <= self.now
            assert late or offer.expires <= self.now
        if isinstance(refusal, WrongStateError):
            assert offer.work.id, "a new visit can be in no wrong state"

    # --- the backlog --------------------------------------------------------------------------

    @rule(
        target=visits,
        place=st.sampled_from(PLACES),
        kind=st.sampled_from(CommitmentKind),
        day=SOME_DAY,
        gas=st.booleans(),
    )
    def create(self, place, kind, day, gas):  # type: ignore[no-untyped-def]
        self.step(By.NOBODY)
        on = self.world.day(day)
        due = local(on, 12) if kind is CommitmentKind.DEADLINE else None
        flexible = kind is CommitmentKind.FLEXIBLE
        target = TimeWindow(local(on, 9), local(on, 14)) if flexible else None
        work = Visit(
            "", place, timedelta(hours=1), frozenset(["gas"] if gas else []),
            activity_type="service", access=timedelta(minutes=5), commitment=Commitment(kind, due, target),
        )  # fmt: skip
        visit = self.world.create(work).stored.visit.id
        self.known[visit] = Known()
        return visit

    @rule(visit=visits)
    def unplace(self, visit: str) -> None:
        self.step(By.REMOVAL)
        known = self.known[visit]
        try:
            self.world.unplace(visit)
        except WrongStateError:
            booked = known.placement and known.state is PlacementState.BOOKED
            assert not booked, "one can always take a booked visit off its route"
            return
        self.back_to_the_backlog(visit)

    def back_to_the_backlog(self, visit: str) -> None:
        self.known[visit] = Known()
        self.no_more_holds(visit)

    @rule(
        visit=visits,
        day=SOME_DAY,
        hours=st.lists(st.sampled_from([8, 10, 13, 15]), min_size=1, max_size=2, unique=True),
        instead=st.booleans(),
    )
    def announce(self, visit, day, hours, instead):  # type: ignore[no-untyped-def]
        self.step(By.PEOPLE)
        on, known = self.world.day(day), self.known[visit]
        windows = tuple(TimeWindow(local(on, h), local(on, h + 2)) for h in sorted(hours))
        try:
            self.world.announce(visit, windows, instead=instead)
        except WrongStateError:
            assert known.over or known.state is PlacementState.DONE

    # --- by hand ------------------------------------------------------------------------------

    @rule(
        visit=visits,
        who=st.sampled_from(TECHNICIANS),
        day=SOME_DAY,
        shift=st.sampled_from([0, 0, 1]),
        position=st.sampled_from([None, None, 0, 1]),
        hour=st.sampled_from([None, 9, 14]),
        reason=st.sampled_from(["", "", "the client begs"]),
    )
    def move(self, visit, who, day, shift, position, hour, reason):  # type: ignore[no-untyped-def]
        on, known = self.world.day(day), self.known[visit]
        window = TimeWindow(local(on, hour), local(on, hour + 2)) if hour else None
        move = HandMove(visit, who, on, shift, position, window)
        self.step(By.PEOPLE if reason else By.AUTOMATION, known.route)
        try:
            placed, routes = self.world.move(move, reason)
        except (WrongStateError, PlanWorseError, InvalidRequestError) as refusal:
            note(f"refused: {refusal}")
            self.check_refused_move(visit, move, reason, refusal)
            return
        assert reason or not any(route.worse for route in routes)
        assert placed.stored.placed.route == RouteKey(TENANT, who, on, shift)
        self.stands(placed)
        self.books.disturbed |= {route.key for route in routes}

    def check_refused_move(
        self, visit: str, move: HandMove, reason: str, refusal: SlotsvcError
    ) -> None:
        known = self.known[visit]
        if isinstance(refusal, PlanWorseError):
            assert not reason
        elif isinstance(refusal, InvalidRequestError):
            assert move.position is not None
        else:
            held = any(h.visit == visit and self.live(h) for h in self.held.values())
            begun = known.placement and known.state is not PlacementState.BOOKED
            assert known.over or held or begun

    def live(self, hold: Hold) -> bool:
        return not hold.ended and self.now < hold.expires

    @rule(who=st.sampled_from([*TECHNICIANS, ""]), day=SOME_DAY, withdraw=st.booleans())
    def publish(self, who: str, day: int, withdraw: bool) -> None:
        self.step(By.NOBODY)
        on = self.world.day(day)
        try:
            self.world.publish(who, on, on, withdraw=withdraw)
        except InvalidRequestError:
            assert on < (self.now + timedelta(hours=2)).date()

    # --- from the road ------------------------------------------------------------------------

    @rule(
        visit=visits,
        kind=st.sampled_from(ReportKind),
        late=st.sampled_from([0, 0, 60, 1200, 7200]),
        outcome=st.sampled_from(Outcome),
    )
    def report(self, visit, kind, late, outcome):  # type: ignore[no-untyped-def]
        self.step(By.PEOPLE)
        known = self.known[visit]
        at = self.now - timedelta(seconds=late) if late else None
        done = outcome if kind is ReportKind.FINISHED else None
        try:
            placed = self.world.report(visit, Report(kind, at, "checked", done))
        except WrongStateError:
            departs = kind is ReportKind.DEPARTED and known.state is PlacementState.STARTED
            assert not known.placement or known.state is PlacementState.DONE or departs
            return
        except InvalidRequestError:
            assert late, "what happens now can be reported"
            return
        for other in self.known.values():
            if other.route == known.route and other.state is PlacementState.EN_ROUTE:
                other.state = PlacementState.BOOKED  # who set out for another visit came back
        known.state = placed.stored.placed.state

    # --- the world goes on --------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 60, 300, 900, 900, 3600, 2 * 3600, 4 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.step(By.NOBODY)
        self.world.clock.pass_(timedelta(seconds=seconds))

    @rule(
        target=absences,
        who=st.sampled_from(TECHNICIANS),
        day=SOME_DAY,
        hours=HOURS,
        sick=st.booleans(),
    )
    def somebody_is_away(self, who, day, hours, sick):  # type: ignore[no-untyped-def]
        """Sick: the visits go back to the backlog."""
        self.step(By.PEOPLE)
        self.disturbed_on(who)
        on = self.world.day(day)
        window = TimeWindow(local(on, hours[0], 5), local(on, hours[1]))
        if not sick:
            return who, self.world.leave(who, window)
        absence, returned = self.world.fall_ill(who, window)
        for visit in returned:
            assert self.known[visit].state is PlacementState.BOOKED
            self.back_to_the_backlog(visit)
        return who, absence

    @rule(absence=consumes(absences))
    def somebody_comes_back(self, absence: tuple[str, str]) -> None:
        self.step(By.PEOPLE)
        self.disturbed_on(absence[0])
        self.world.come_back(*absence)

    @rule(who=st.sampled_from(TECHNICIANS), change=st.sampled_from(sorted(DOING)))
    def the_calendar_changes(self, who: str, change: str) -> None:
        self.step(By.PEOPLE)
        self.disturbed_on(who)
        self.world.change(Technician, who, DOING[change])

    def disturbed_on(self, who: str) -> None:
        self.books.disturbed |= {key for key in self.books.routes if key.technician == who}

    # --- what must always hold ----------------------------------------------------------------

    @invariant()
    def the_books_are_right(self) -> None:
        self.books.look(self.by, self.gives_up)
        self.exactly_what_was_promised_stands()
        self.by, self.gives_up = By.NOBODY, set()

    def exactly_what_was_promised_stands(self) -> None:
        """I3, I5, I6: bookings, and holds until their expiry; nothing else."""
        live = {p.id: p.state for route in self.books.routes.values() for p in route.live}
        booked = {k.placement: k.state for k in self.known.values() if k.placement}
        held = {h: PlacementState.HELD for h, hold in self.held.items() if self.live(hold)}
        assert live == booked | held

    def no_visit_got_lost(self) -> None:
        """Placed, unplaced and cancelled ones are all that were ever made."""
        for visit, known in self.known.items():
            standing = self.world.visit(visit).standing
            assert (standing is Standing.UNPLACED) == (not known.placement and not known.over)
        waiting = {v for v, k in self.known.items() if not k.placement and not k.over}
        waiting -= {h.visit for h in self.held.values() if self.live(h)}
        assert self.world.backlog(BacklogFilter(TENANT, limit=1000)) == waiting


def filled(world: BookingWorld, path: Path) -> Start:
    """Two visits for each technician on either day, and one in the backlog."""
    known: dict[str, Known] = {}
    for day in range(DAYS):
        for number, who in enumerate((*TECHNICIANS, *TECHNICIANS)):
            wish = replace(
                work_at(PLACES[(number + day) % len(PLACES)], WORKS[number % len(WORKS)]),
                service=timedelta(hours=1),
                allowed_dates=frozenset([world.day(day)]),
                required_technicians=frozenset([who]),
            )
            if offers := world.search(wish):
                stored = world.book(offers[-1]).stored
                known[stored.visit.id] = Known(stored.placed.id, stored.placed.route)
    return Start(world.keep(path), known)


def test_no_sequence_of_changes_breaks_an_invariant() -> None:
    """Hold, extend, release, confirm, book, move, cancel, place, unplace, announce, report,
    publish, time, sickness, other hours, in any order."""
    with scratch() as directory, closing(BookingWorld(template(Path(directory)))) as world:
        BookingMachine.prepare(world, Path(directory))
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            BookingMachine,
            settings=settings(max_examples=examples(500), stateful_step_count=40),
        )
