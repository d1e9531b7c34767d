"""Which slots can be offered, best first, and why: reads, asks roads, calls the pure core."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count

import numpy as np

from slotsvc.domain.place import Location
from slotsvc.domain.visit import Visit
from slotsvc.domain.working_time import at_pace
from slotsvc.scheduling.asked import Asked, look_up
from slotsvc.scheduling.live_calendar import LiveCalendar
from slotsvc.scheduling.ports import ReadTx, Store
from slotsvc.scheduling.prover_port import PROVING_S, Prover, prove_all
from slotsvc.scheduling.remembered_team import Snapshot
from slotsvc.scheduling.slot_query import (
    LONGEST_PERIOD,
    asks_anew,
    days_asked,
    slot_query,
    with_quota,
)
from slotsvc.scheduling.team_seen import Glance, Period, glance_at
from slotsvc.scheduling.thread_places import ThreadPlaces
from slotsvc.scheduling.travel_blocks import both_ways
from slotsvc.scheduling.travel_port import Provenance, TravelTimes
from slotsvc.scheduling.wish import HeldOffer, SuggestCommand
from slotsvc.solver.params import Freedom, SearchParams
from slotsvc.solver.query import Answer, Legs, Offer, SlotQuery
from slotsvc.solver.suggest import suggest
from slotsvc.solver.team_calendar import TeamCalendar, free_to_resequence, without
from slotsvc.solver.unproven import NOTHING_KNOWN, Known, Unproven

RANKED_AT_ONCE = 2
"""Ranking holds the interpreter: more of it at once makes nobody sooner, and all other calls wait.
Two, so that one long search does not stand in front of every short one."""
LAST_S = 0.5
"""Seconds that a search under way still has when the process ends."""
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
class Search:
    """A search with everything read but the roads to its place."""

    command: SuggestCommand
    asked: Asked
    calendar: TeamCalendar
    snapshot: Snapshot
    query: SlotQuery


type Loaded = tuple[TeamCalendar, Snapshot]
"""A team's calendar, and the snapshot of the store it was made of."""


class SuggestSlots:
    """The use case; one instance per process."""

    def __init__(
        self,
        store: Store,
        travel: TravelTimes,
        calendar: LiveCalendar,
        limits: SearchLimits,
        prover: Prover | None = None,
    ) -> None:
        self._store, self._travel = store, travel
        self._calendar, self._limits, self._prover = calendar, limits, prover
        self._searches = count()
        self._ranking = ThreadPlaces(RANKED_AT_ONCE)

    async def __call__(self, command: SuggestCommand) -> Suggestions:
        """Ranks the slots of one request.

        Raises ``NotFoundError``, ``InvalidRequestError``, ``WrongStateError``, ``TravelError``.
        """
        begun = time.perf_counter()
        asked, glance = await self._store.read(lambda tx: self._seen(tx, command))
        calendar = await self.load(command, self.period(command, asked), glance)
        search = await self.read(command, asked, calendar)
        loaded = time.perf_counter()
        (legs,) = await self.legs([search.query.location], search.calendar)
        driven = time.perf_counter()
        found = await self.ranked(search, legs)
        ranked = time.perf_counter()
        stages = (("load", loaded - begun), ("travel", driven - loaded), ("rank", ranked - driven))
        return replace(found, stages=stages)

    def _seen(self, tx: ReadTx, command: SuggestCommand) -> tuple[Asked, Glance]:
        """Everything that a search reads of the store while nothing changes."""
        glance = glance_at(tx, command.tenant)
        return look_up(tx, command), glance

    @property
    def longest(self) -> timedelta:
        """Most between the first and the last day of a search."""
        return self._limits.longest

    def period(self, command: SuggestCommand, asked: Asked) -> Period:
        """The days a search asks for. Raises ``InvalidRequestError`` when they are too many."""
        first, days = days_asked(command.wish, asked, self._limits.longest)
        return (min(days), max(days)) if days else (first, first)

    async def load(
        self, command: SuggestCommand, period: Period, glance: Glance | None = None
    ) -> Loaded:
        """The calendar of the command's team as of ``glance`` or later; None: as of now.

        Raises ``NotFoundError``, ``TravelError``.
        """
        weights = command.params.weights.of_orders
        return await self._calendar.read(command.tenant, command.team, *period, weights, glance)

    async def read(
        self, command: SuggestCommand, asked: Asked, loaded: Loaded | None = None
    ) -> Search:
        """The calendar as this search sees it, and the question to it. ``loaded``: of at least its
        days, with its weights, so that several searches share one calendar; None: not yet.

        Raises ``NotFoundError``, ``InvalidRequestError``, ``TravelError``.
        """
        wish = command.wish
        first, days = days_asked(wish, asked, self._limits.longest)
        calendar, snapshot = loaded or await self.load(command, self.period(command, asked))
        if wish.resequence_published:
            calendar = free_to_resequence(calendar)
        if asked.replaces:
            weights = command.params.weights.of_orders
            calendar = await asyncio.to_thread(without, calendar, asked.replaces, weights)
        pace = min((who.pace for who in snapshot.technicians), default=100)
        query = slot_query(wish, asked, first, days, pace)
        if query.rules.daily_quota is not None and days:
            query = with_quota(query, asked, await self._taken(command, asked, days))
        return Search(command, asked, calendar, snapshot, query)

    async def end_soon(self) -> None:
        """The process ends: searches under way answer in a moment with what they have by then, and
        say that it is PARTIAL."""
        self._ranking.end_soon(LAST_S)

    async def ranked(self, search: Search, legs: Legs) -> Suggestions:
        """The answer, ranked in a thread, one of few at once; then once more with what the prover
        found of the orders left open, while there is time."""
        begun = time.monotonic()
        answer = await self._ranked(search, legs, NOTHING_KNOWN)
        if answer.unproven and self._prover is not None and not self._ranking.ending:
            taken = time.monotonic() - begun
            known = await self._proven(search.command, answer.unproven, taken)
            if known:
                answer = await self._ranked(search, legs, known)
        return Suggestions(answer, self.held(search, answer.offers), search.asked.team.zone)

    async def _ranked(self, search: Search, legs: Legs, known: Known) -> Answer:
        command = search.command
        return await self.in_thread(
            lambda left: suggest(
                search.calendar,
                search.query,
                legs,
                self._params(command),
                search.snapshot.now,
                command.max_rejections,
                out_of_time(command.deadline, left),
                next(self._searches) % REFEREE_EVERY == 0,
                known,
            ),
            command.deadline,
        )

    async def _proven(
        self, command: SuggestCommand, unproven: Sequence[Unproven], taken: float
    ) -> Known:
        """What the prover finds while there is time to rank once more, which took ``taken``."""
        assert self._prover is not None
        longest = time.monotonic() + PROVING_S
        until = longest if command.deadline is None else command.deadline - 2 * taken
        weights = command.params.weights.of_orders
        return await prove_all(self._prover, unproven, weights, min(until, longest))

    def held(self, search: Search, offers: Sequence[Offer]) -> tuple[HeldOffer, ...]:
        """What each offer needs to be held."""
        command, asked = search.command, search.asked
        paces = {who.id: who.pace for who in search.snapshot.technicians}
        work = replace(asked.work, priority=max(asked.work.priority, command.wish.priority))
        return tuple(self._held(command, asked, work, offer, paces) for offer in offers)

    async def in_thread[T](
        self, work: Callable[[Callable[[], bool]], T], until: float | None = None
    ) -> T:
        """What ``work`` gives, done in one of the few threads that search; see ``ThreadPlaces``."""
        return await self._ranking.run(work, until)

    async def _taken(
        self, command: SuggestCommand, asked: Asked, days: Sequence[date]
    ) -> dict[date, int]:
        tenant, team, kind = command.tenant, command.team, asked.work.activity_type
        first, last = min(days), max(days)
        found = await self._store.read(
            lambda tx: tx.live_of_activity(tenant, team, kind, first, last, tx.now())
        )
        return dict(found)

    def _params(self, command: SuggestCommand) -> SearchParams:
        budget = self._limits.label_budget
        return replace(command.params, label_budget=budget) if budget else command.params

    async def legs(self, places: Sequence[Location], calendar: TeamCalendar) -> list[Legs]:
        """Driving between each place and the calendar's, all of it asked for at once."""
        known = calendar.arrays.places
        if not known:
            nothing = np.zeros(0, np.int32)
            none = Legs(nothing, nothing, 0.0, self._limits.snap_m, self._travel.map_id, False)
            return [none] * len(places)
        out, into = await both_ways(self._travel, places, known)
        estimated = Provenance.ESTIMATE in (out.provenance, into.provenance)
        return [
            Legs(
                into=np.ascontiguousarray(into.seconds[:, number]),
                out=out.seconds[number],
                snap_m=float(out.source_snap_m[number]),
                snap_limit_m=self._limits.snap_m,
                map_id=out.map_id,
                estimated=estimated,
            )
            for number in range(len(places))
        ]

    def _held(
        self,
        command: SuggestCommand,
        asked: Asked,
        work: Visit,
        offer: Offer,
        paces: dict[str, int],
    ) -> HeldOffer:
        return HeldOffer(
            tenant=command.tenant,
            team=command.team,
            technician=offer.technician,
            day=offer.day,
            shift=offer.shift,
            window=offer.window,
            work=work,
            on_site=at_pace(asked.work.service, paces[offer.technician]),
            order=offer.order,
            version=offer.version,
            valid_until=offer.valid_until,
            expires=asked.now + self._limits.offer_for,
            replaces=asked.replaces,
            insert_only=command.params.freedom is Freedom.INSERT_ONLY,
            resequence_published=command.wish.resequence_published,
            asked_anew=asks_anew(command.wish, asked),
        )


def out_of_time(deadline: float | None, left: Callable[[], bool]) -> Callable[[], bool]:
    """Whether nobody waits for the answer any more."""
    return lambda: left() or (deadline is not None and time.monotonic() >= deadline)
