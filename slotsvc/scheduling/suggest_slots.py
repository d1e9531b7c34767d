"""Which slots can be offered, best first, and why: reads, asks roads, calls the pure core."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import count
from zoneinfo import ZoneInfo

import numpy as np

from slotsvc.domain.errors import (
    InvalidRequestError,
    NotFoundError,
    TravelError,
    Violation,
    WrongStateError,
)
from slotsvc.domain.offer_windows import offered_windows
from slotsvc.domain.offering import ActivityType, OfferGrid, Site
from slotsvc.domain.place import Location
from slotsvc.domain.technician import Team
from slotsvc.domain.visit import Pin, PlacementState
from slotsvc.scheduling.live_calendar import LiveCalendar
from slotsvc.scheduling.ports import ReadTx, Store, StoredVisit
from slotsvc.scheduling.travel_port import Provenance, TravelTimes, TravelUnavailableError
from slotsvc.scheduling.wish import HeldOffer, SuggestCommand, Wish
from slotsvc.solver.params import Freedom, SearchParams
from slotsvc.solver.query import Answer, AskedWindow, Legs, Offer, SlotQuery
from slotsvc.solver.suggest import suggest
from slotsvc.solver.team_calendar import TeamCalendar, without

DEFAULT_HORIZON = timedelta(days=28)
LONGEST_PERIOD = timedelta(days=366)
REFEREE_EVERY = 16
"""One search in so many has its offers checked by the independent referee."""


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """``snap_m``: a place further from any road is off the map. ``offer_for``: life of an offer.

    ``longest``: most between the first and the last day of a search. ``label_budget``: None means
    the solver's own.
    """

    snap_m: float = 500.0
    offer_for: timedelta = timedelta(minutes=15)
    longest: timedelta = LONGEST_PERIOD
    label_budget: int | None = None


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The answer, and what each offer needs to be held (same order). ``zone``: the team's.

    ``stages``: (load, travel or rank, seconds spent).
    """

    answer: Answer
    held: tuple[HeldOffer, ...]
    zone: str
    stages: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """The wish with every name looked up."""

    team: Team
    site: Site | None
    activity: ActivityType | None
    moved: StoredVisit | None
    now: datetime


class SuggestSlots:
    """The use case; one instance per process."""

    def __init__(
        self, store: Store, travel: TravelTimes, calendar: LiveCalendar, limits: SearchLimits
    ) -> None:
        self._store, self._travel = store, travel
        self._calendar, self._limits = calendar, limits
        self._searches = count()

    async def __call__(self, command: SuggestCommand) -> Suggestions:
        """Ranks the slots of one request.

        Raises ``NotFoundError``, ``InvalidRequestError``, ``WrongStateError``, ``TravelError``.
        """
        begun = time.perf_counter()
        asked = await self._store.read(lambda tx: _look_up(tx, command))
        query = _query(command.wish, asked, self._limits.longest)
        days = [a.day for a in query.windows] or [query.first_day]
        weights = (command.params.weights.travel, command.params.weights.waiting)
        calendar, snapshot = await self._calendar.read(
            command.tenant, command.team, min(days), max(days), weights
        )
        if asked.moved is not None:
            placement = asked.moved.placement.id
            calendar = await asyncio.to_thread(without, calendar, placement, weights)
        loaded = time.perf_counter()
        legs = await self._legs(query.location, calendar)
        driven = time.perf_counter()
        answer = await asyncio.to_thread(
            suggest,
            calendar,
            query,
            legs,
            self._params(command),
            snapshot.now,
            command.max_rejections,
            _out_of_time(command.deadline),
            next(self._searches) % REFEREE_EVERY == 0,
        )
        held = tuple(self._held(command, asked, query, offer) for offer in answer.offers)
        ranked = time.perf_counter()
        stages = (("load", loaded - begun), ("travel", driven - loaded), ("rank", ranked - driven))
        return Suggestions(answer, held, asked.team.zone, stages)

    def _params(self, command: SuggestCommand) -> SearchParams:
        budget = self._limits.label_budget
        return replace(command.params, label_budget=budget) if budget else command.params

    async def _legs(self, place: Location, calendar: TeamCalendar) -> Legs:
        places = calendar.arrays.places
        if not places:
            nothing = np.zeros(0, np.int32)
            return Legs(nothing, nothing, 0.0, self._limits.snap_m, self._travel.map_id, False)
        try:
            out, into = await asyncio.gather(
                self._travel.table([place], places), self._travel.table(places, [place])
            )
        except TravelUnavailableError as error:
            raise TravelError("no travel time can be had") from error
        return Legs(
            into=into.seconds[:, 0],
            out=out.seconds[0],
            snap_m=float(out.source_snap_m[0]),
            snap_limit_m=self._limits.snap_m,
            map_id=out.map_id,
            estimated=Provenance.ESTIMATE in (out.provenance, into.provenance),
        )

    def _held(
        self, command: SuggestCommand, asked: _Asked, query: SlotQuery, offer: Offer
    ) -> HeldOffer:
        wish, moved = command.wish, asked.moved
        return HeldOffer(
            tenant=command.tenant,
            team=command.team,
            technician=offer.technician,
            day=offer.day,
            window=offer.window,
            location=query.location,
            service=query.service,
            requires=query.requires,
            order=offer.order,
            version=offer.version,
            valid_until=offer.valid_until,
            expires=asked.now + self._limits.offer_for,
            site=asked.site.id if asked.site else "",
            activity_type=asked.activity.id if asked.activity else "",
            client=moved.visit.client if moved else wish.client,
            visit=moved.visit.id if moved else "",
            replaces=moved.placement.id if moved else "",
            insert_only=command.params.freedom is Freedom.INSERT_ONLY,
        )


def _out_of_time(deadline: float | None) -> Callable[[], bool]:
    return lambda: deadline is not None and time.monotonic() >= deadline


def _look_up(tx: ReadTx, command: SuggestCommand) -> _Asked:
    wish, tenant = command.wish, command.tenant
    team = tx.team(tenant, command.team)
    if team is None:
        raise NotFoundError("no such team")
    moved = _moved(tx, tenant, wish) if wish.visit else None
    site_id = wish.site or (moved.visit.site if moved and wish.location is None else "")
    kind = wish.activity_type or (moved.visit.activity_type if moved else "")
    site = tx.site(tenant, site_id) if site_id else None
    activity = tx.activity_type(tenant, kind) if kind else None
    if wish.site and site is None:
        raise NotFoundError("no such site")
    if wish.activity_type and activity is None:
        raise NotFoundError("no such activity type")
    asked = _Asked(team, site, activity, moved, tx.now())
    wrong = [*_unknown(tx, tenant, wish), *_missing(wish, asked)]
    if wrong:
        raise InvalidRequestError(wrong)
    return asked


def _unknown(tx: ReadTx, tenant: str, wish: Wish) -> Iterator[Violation]:
    """Tags and technicians that the tenant does not have."""
    for tag in sorted(wish.requires - tx.tags(tenant)):
        yield Violation("request.required_tags", f"unknown tag {tag!r}")
    named = {
        "required_technicians": wish.required_technicians,
        "preferred_technicians": wish.preferred_technicians,
        "forbidden_technicians": wish.forbidden_technicians,
        "last_technician": {wish.last_technician} - {""},
    }
    for field, ids in named.items():
        for who in sorted(ids):
            if tx.technician(tenant, who) is None:
                yield Violation(f"request.{field}", f"no technician {who!r}")


def _missing(wish: Wish, asked: _Asked) -> Iterator[Violation]:
    """What neither the request nor what it names gives."""
    location, service, grid = _work(wish, asked)
    if location is None:
        yield Violation("request.place", "a site or a location is needed")
    if service is None:
        yield Violation("request.service_duration", "needed without an activity type")
    if grid is None:
        yield Violation("request.offer_grid", "needed without an activity type")


def _work(wish: Wish, asked: _Asked) -> tuple[Location | None, timedelta | None, OfferGrid | None]:
    """Place, time on site and windows: those of the visit that moves, else as asked for, else as
    the activity type has them."""
    activity, site, moved = asked.activity, asked.site, asked.moved
    grid = wish.grid or (activity.grid if activity else None)
    if moved is not None:
        return moved.visit.location, moved.visit.service, grid
    location = wish.location or (site.location if site else None)
    return location, wish.service or (activity.service if activity else None), grid


def _moved(tx: ReadTx, tenant: str, wish: Wish) -> StoredVisit:
    """The visit to move. It stays the visit it is: place, duration and tags are its own."""
    given = {
        "request.site": bool(wish.site),
        "request.location": wish.location is not None,
        "request.service_duration": wish.service is not None,
        "request.required_tags": bool(wish.requires),
    }
    wrong = [Violation(path, "belongs to the visit that moves") for path in given if given[path]]
    if wrong:
        raise InvalidRequestError(wrong)
    stored = tx.visit(tenant, wish.visit)
    if stored is None:
        raise NotFoundError("no such visit")
    if stored.placement.state is not PlacementState.BOOKED:
        raise WrongStateError("only a booked visit can be moved")
    if stored.placement.start_window.end <= tx.now():
        raise WrongStateError("the visit's time is over")
    return stored


def _query(wish: Wish, asked: _Asked, longest: timedelta) -> SlotQuery:
    activity, moved = asked.activity, asked.moved
    location, service, grid = _work(wish, asked)
    assert location is not None, "checked when the names were looked up"
    assert service is not None, "checked when the names were looked up"
    assert grid is not None, "checked when the names were looked up"
    requires = wish.requires | (activity.requires if activity else frozenset())
    horizon = activity.horizon if activity else DEFAULT_HORIZON
    first, days = _days(wish, asked, horizon, longest)
    windows, closed = _windows(wish, asked, grid, service, days)
    if wish.last_date is None:  # nobody asked for what lies beyond the horizon
        latest = asked.now + horizon
        windows = tuple(a for a in windows if a.window.promise.start <= latest) or windows
        closed = tuple(a for a in closed if a.window.promise.start <= latest)
    return SlotQuery(
        location=location,
        service=service,
        requires=moved.visit.requires if moved else requires,
        windows=windows,
        closed=closed,
        first_day=first,
        notice=_notice(wish, activity),
        horizon=horizon if activity else LONGEST_PERIOD,
        required=_required(wish, moved),
        forbidden=wish.forbidden_technicians,
        preferred=wish.preferred_technicians | ({wish.last_technician} - {""}),
        preferred_windows=wish.preferred_windows,
    )


def _notice(wish: Wish, activity: ActivityType | None) -> timedelta:
    """None asked for is a wish too: it stands above the activity type's."""
    if wish.notice is not None:
        return wish.notice
    return activity.notice if activity else timedelta(0)


def _required(wish: Wish, moved: StoredVisit | None) -> frozenset[str]:
    """A pinned visit stays with its technician, unless the caller names others."""
    pinned = moved is not None and moved.placement.pin is not Pin.NONE
    if moved is not None and pinned and not wish.required_technicians:
        return frozenset([moved.placement.route.technician])
    return wish.required_technicians


def _days(
    wish: Wish, asked: _Asked, horizon: timedelta, longest: timedelta
) -> tuple[date, list[date]]:
    """First day asked for, and every local day that may hold an offer."""
    today = asked.now.astimezone(ZoneInfo(asked.team.zone)).date()
    first = max(wish.first_date or today, today)
    last = wish.last_date or today + horizon
    if last - first > longest:
        raise InvalidRequestError(
            [Violation("request.last_date", f"at most {longest.days} days after first_date")]
        )
    # a first day beyond the horizon is looked at all the same: its windows say why not
    span = max((last - first).days, -1 if wish.last_date else 0)
    days = [first + timedelta(days=n) for n in range(span + 1)]
    return first, [d for d in days if not wish.allowed_dates or d in wish.allowed_dates]


def _windows(
    wish: Wish, asked: _Asked, grid: OfferGrid, service: timedelta, days: list[date]
) -> tuple[tuple[AskedWindow, ...], tuple[AskedWindow, ...]]:
    """Windows that may be offered, and those that opening hours close; both sorted by start."""
    site, zone = asked.site, asked.team.zone
    hours = site.opening_hours if site else None
    site_zone = site.zone if site and site.zone else zone
    open_: list[AskedWindow] = []
    closed: list[AskedWindow] = []
    for day in days:
        found = [AskedWindow(day, w) for w in _offered(grid, zone, day, hours, site_zone, service)]
        open_ += [a for a in found if _allowed(wish, a)]
        if hours is not None:
            always = _offered(grid, zone, day, None, site_zone, service)
            kept = [a.window.promise for a in found]
            gone = (w for w in always if not any(w.promise.overlaps(k) for k in kept))
            closed += [a for a in (AskedWindow(day, w) for w in gone) if _allowed(wish, a)]
    return _sorted(open_), _sorted(closed)


_offered = lru_cache(maxsize=16_384)(offered_windows)
"""The same activity asks for the same windows of the same days again and again."""


def _allowed(wish: Wish, asked: AskedWindow) -> bool:
    allowed = wish.allowed_windows
    return not allowed or any(w.covers(asked.window.promise) for w in allowed)


def _sorted(found: list[AskedWindow]) -> tuple[AskedWindow, ...]:
    return tuple(sorted(found, key=lambda a: a.window.promise))
