"""What the booking machine knows, and what must be true after every step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
)

from slotsvc.domain.errors import (
    HoldLimitError,
    SlotExpiredError,
    SlotGoneError,
    SlotsvcError,
    WrongStateError,
)
from slotsvc.domain.visit import Pin, PlacementState, RouteKey, Standing
from slotsvc.scheduling.backlog import BacklogFilter
from slotsvc.scheduling.desk import Placed
from slotsvc.scheduling.wish import HeldOffer
from slotsvc.store.examination import examine
from tests.scheduling.booking_books import Books, By
from tests.scheduling.booking_company import PLACES
from tests.scheduling.booking_world import (
    DAYS,
    TECHNICIANS,
    TENANT,
    WORKS,
    BookingWorld,
    Memory,
    work_at,
)

LONGEST_HOLD = timedelta(minutes=15)
TAKING = (SlotGoneError, SlotExpiredError, HoldLimitError, WrongStateError)
PINS = st.sampled_from([Pin.NONE, Pin.NONE, Pin.TECHNICIAN, Pin.START])
SOME_DAY = st.integers(0, DAYS - 1)
HOURS = st.sampled_from([(6, 9), (9, 11), (12, 14), (16, 20), (0, 23)])


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


class BookingModel(RuleBasedStateMachine):
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
            self.the_whole_history_adds_up()

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def step(self, by: By, *gives_up: RouteKey | None) -> None:
        """What the step that now comes is; routes that lose a visit in it."""
        self.by, self.gives_up = by, {key for key in gives_up if key is not None}

    def stands(self, placed: Placed):  # type: ignore[no-untyped-def]
        visit, placement = placed.stored.visit.id, placed.stored.placed
        known = visit in self.known and not self.known[visit].over
        self.known[visit] = Known(placement.id, placement.route)
        self.no_more_holds(visit)
        return multiple() if known else visit

    def no_more_holds(self, visit: str) -> None:
        for hold in self.held.values():
            hold.ended |= hold.visit == visit

    def live(self, hold: Hold) -> bool:
        return not hold.ended and self.now < hold.expires

    def back_to_the_backlog(self, visit: str) -> None:
        self.known[visit] = Known()
        self.no_more_holds(visit)

    def disturbed_on(self, who: str) -> None:
        self.books.disturbed |= {key for key in self.books.routes if key.technician == who}

    def check_refusal(self, offer: HeldOffer, refusal: SlotsvcError) -> None:
        note(f"refused: {refusal}")
        if isinstance(refusal, SlotExpiredError):
            late = offer.window.start_window.end <= self.now
            assert late or offer.expires <= self.now
        if isinstance(refusal, WrongStateError):
            assert offer.work.id, "a new visit can be in no wrong state"

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

    def the_whole_history_adds_up(self) -> None:
        """I8, I11, I16: audit, events and tables say the same, from the first change on."""
        found = self.world.read(lambda tx: examine(tx, {}, lambda *_: None))
        assert found.troubles == []

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
