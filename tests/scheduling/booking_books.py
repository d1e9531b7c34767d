"""What stands after each step of the booking machine, and what must be true of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from slotsvc.domain.commitment import promised
from slotsvc.domain.visit import BEGUN, Placement, PlacementState, RouteKey, RouteState
from slotsvc.domain.working_time import NoShiftReason, Shift, WorkDay
from slotsvc.scheduling.placing import checked, replaced_pairs, without_replaced
from slotsvc.scheduling.ports import Event, ReadTx, StoredRoute
from slotsvc.scheduling.route_violations import on_record
from slotsvc.scheduling.travel_blocks import legs_among
from slotsvc.scheduling.under_way import rest_of
from slotsvc.scheduling.work_calendar import read_work_days
from slotsvc.solver.checker import Finding, FindingKind, check_route, no_shift, not_worse
from tests.scheduling.booking_company import DAYS, TECHNICIANS, TENANT
from tests.scheduling.booking_world import BookingWorld

SHOWN_EVERY = 20
"""A day is shown after one step in so many: that costs more than a step."""


class By(Enum):
    """Whose step it was. Automation must not make anything worse; the others may."""

    AUTOMATION = "AUTOMATION"
    REMOVAL = "REMOVAL"
    PEOPLE = "PEOPLE"
    NOBODY = "NOBODY"


@dataclass(frozen=True, slots=True)
class Seen:
    """A route and its shift. ``findings``: of the route as it goes; ``either``: also of the other
    side of an open move."""

    route: StoredRoute
    shift: Shift | NoShiftReason
    live: tuple[Placement, ...]
    findings: tuple[Finding, ...]
    either: tuple[Finding, ...]

    @property
    def under_way(self) -> bool:
        """Somebody reported something."""
        return any(p.state in BEGUN for p in self.live)


class Books:
    """Every route as it was after the last step, judged by the referee."""

    def __init__(self, world: BookingWorld) -> None:
        self._world = world
        self._shifts: tuple[int, Mapping[tuple[str, date], WorkDay]] = -1, {}
        self._looks = 0
        self._position = ""
        self.routes: dict[RouteKey, Seen] = {}
        self.disturbed: set[RouteKey] = set()
        """Routes that people, reports or the calendar may have broken."""

    def look(self, by: By, gives_up: Iterable[RouteKey] = ()) -> None:
        """After every step. ``gives_up``: routes that lose a visit in it."""
        before, now = self.routes, self._world.clock.now()
        self.routes, events = self._world.read(lambda tx: self._read(tx, now))
        touched = {
            key: (before.get(key), seen)
            for key, seen in self.routes.items()
            if key not in before or before[key].route.version != seen.route.version
        }
        self._looks += 1
        if self._looks % SHOWN_EVERY == 0:
            self._world.show(self.routes)
        self._every_version_has_its_event(touched, events)
        if by is By.PEOPLE:
            self.disturbed |= touched.keys()
        for key, (old, seen) in touched.items():
            self._everything_broken_is_on_record(key, seen)
            if by is By.AUTOMATION:
                self._nothing_got_worse(key, old, seen, key in set(gives_up))
                _order_is_kept(old, seen)
            _begun_keep_their_place(by, old, seen)
        for key, seen in self.routes.items():
            assert key in self.disturbed or not seen.either, (key, seen.either)

    def _read(
        self, tx: ReadTx, now: datetime
    ) -> tuple[dict[RouteKey, Seen], Mapping[RouteKey, list[Event]]]:
        first, last = self._world.day(-1), self._world.day(DAYS)
        versions = tx.route_versions(TENANT, TECHNICIANS, first, last)
        revision = tx.calendar_revision(TENANT)
        changed = [k for k, v in versions.items() if self._old(k, v, revision, now) is None]
        fresh = tx.routes_by_key(changed)
        seen = {}
        for key, version in versions.items():
            known = self._old(key, version, revision, now)
            seen[key] = known or self._judged(fresh[key], self._shift(tx, key, revision), now)
        events: dict[RouteKey, list[Event]] = defaultdict(list)
        for stored in tx.events_after(TENANT, self._position, 1_000):
            self._position = stored.position
            if stored.event.route is not None:
                events[stored.event.route].append(stored.event)
        return seen, events

    def _old(self, key: RouteKey, version: int, revision: int, now: datetime) -> Seen | None:
        """What is known of a route, if it is so still."""
        seen = self.routes.get(key)
        if seen is None or seen.route.version != version or self._shifts[0] != revision:
            return None
        same = not seen.under_way and seen.route.live(now) == seen.live
        return seen if same else None

    def _shift(self, tx: ReadTx, key: RouteKey, revision: int) -> Shift | NoShiftReason:
        if self._shifts[0] != revision:
            who = [one for id in TECHNICIANS if (one := tx.technician(TENANT, id))]
            days = self._world.day(-1), self._world.day(DAYS)
            self._shifts = revision, read_work_days(tx, TENANT, who, *days)
        work = self._shifts[1][key.technician, key.day]
        if isinstance(work, NoShiftReason):
            return work
        return next((s for s in work if s.number == key.shift), NoShiftReason.DAY_OFF)

    def _judged(self, route: StoredRoute, shift: Shift | NoShiftReason, now: datetime) -> Seen:
        live = route.live(now)
        known = on_record(route.violations)
        sides = [judged(route, shift, side, now, known) for side in _sides(live)]
        return Seen(route, shift, live, sides[0], tuple(f for side in sides for f in side))

    def _every_version_has_its_event(
        self,
        touched: Mapping[RouteKey, tuple[Seen | None, Seen]],
        events: Mapping[RouteKey, list[Event]],
    ) -> None:
        """I8: versions grow by one, each told of at least once, in order."""
        for key, (old, seen) in touched.items():
            begin = old.route.version if old else 0
            told = [event.version for event in events[key]]
            assert told == sorted(told), key
            assert set(told) == set(range(begin + 1, seen.route.version + 1)), (key, told)
        assert events.keys() <= touched.keys()

    def _everything_broken_is_on_record(self, key: RouteKey, seen: Seen) -> None:
        """What is stored is what the referee finds, with its size."""
        stored = {(v.kind, v.subject, v.size) for v in seen.route.violations}
        found = {(f.kind.value, f.subject, f.size) for f in seen.findings}
        assert stored == found, key
        assert all(v.cause for v in seen.route.violations)

    def _nothing_got_worse(self, key: RouteKey, old: Seen | None, seen: Seen, less: bool) -> None:
        """I1. A route that lost a visit in a move may be worse only if somebody disturbed it."""
        if less and key in self.disturbed:
            return
        before = old.findings if old else ()
        now = self._world.clock.now()
        found = judged(seen.route, seen.shift, without_replaced(seen.live), now, before)
        assert not_worse(before, found) == (), key


def judged(
    route: StoredRoute,
    shift: Shift | NoShiftReason,
    live: Sequence[Placement],
    now: datetime,
    known: Sequence[Finding],
) -> tuple[Finding, ...]:
    """The referee's word on what is left of a day."""
    if not live:
        return ()
    if isinstance(shift, NoShiftReason):
        return no_shift([p for p in live if p.reported.finished is None], shift)
    assert route.block is not None
    rest = rest_of(shift, live, route.block, now)
    places = [rest.shift.start_place, *(p.visit.location for p in rest.open)]
    legs = legs_among(route.block, [*places, rest.shift.end_place])
    found = check_route(rest.shift, [checked(p) for p in rest.open], legs, known=known)
    return (*found, *_broken_words(rest.open))


def _words(placement: Placement) -> Iterator[Sequence[tuple[datetime, datetime]]]:
    """From when to when it may start by what was promised, by its due time, by what was wished for.
    What is only held was not told yet."""
    wanted = placement.visit.commitment
    held = placement.state is PlacementState.HELD
    told = None if held else promised(placement.visit.promises)
    if told is not None:
        yield [(w.start, w.end) for w in told]
    if wanted.due is not None:
        yield [(placement.start_window.start, wanted.due)]
    if wanted.target is not None:
        yield [(wanted.target.start, wanted.target.end)]


def _broken_words(placements: Sequence[Placement]) -> Iterator[Finding]:
    """One for each visit whose window sticks out of all that its first broken word allows."""
    for placement in placements:
        window = placement.start_window
        for word in _words(placement):
            out = [int(max(a - window.start, window.end - b).total_seconds()) for a, b in word]
            if all(seconds > 0 for seconds in out):
                yield Finding(FindingKind.PROMISE, placement.id, min(out, default=0), "")
                break


def _sides(live: Sequence[Placement]) -> Iterator[tuple[Placement, ...]]:
    """The route as it will be when its open move is confirmed, and as it is without the move."""
    yield without_replaced(live)
    new = {hold for _, hold in replaced_pairs(live)}
    if new:
        yield tuple(p for p in live if p.id not in new)


def _order_is_kept(old: Seen | None, seen: Seen) -> None:
    """What was told to technicians keeps its order, whatever comes in between."""
    if old is None or old.route.state is RouteState.DRAFT:
        return
    before = [p.id for p in old.live]
    after = [p.id for p in seen.live]
    assert [i for i in before if i in after] == [i for i in after if i in before]


def _begun_keep_their_place(by: By, old: Seen | None, seen: Seen) -> None:
    """In front, begun before not begun; nobody but the road changes who they are."""
    states = [p.state in BEGUN for p in seen.live]
    assert states == sorted(states, reverse=True), seen.route.key
    if by is By.AUTOMATION and old is not None:
        begun = [p.id for p in old.live if p.state in BEGUN]
        assert [p.id for p in seen.live[: len(begun)]] == begun
