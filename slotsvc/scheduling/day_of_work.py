"""One technician's shift as the search reads it: what is left of it, with its freedom."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from slotsvc.domain.place import Location
from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.visit import Placement, RouteState
from slotsvc.domain.working_time import Shift
from slotsvc.scheduling.placing import findings, without_replaced
from slotsvc.scheduling.ports import StoredRoute, TravelBlock
from slotsvc.scheduling.resuming import driving, route_places
from slotsvc.scheduling.travel_blocks import block_over, known_block
from slotsvc.scheduling.travel_port import Provenance, TravelTimes
from slotsvc.scheduling.under_way import Rest, rest_of
from slotsvc.solver.checker import relaxed
from slotsvc.solver.day_of_work import DayOfWork
from slotsvc.solver.instance import RouteInstance, route_instance
from slotsvc.solver.started import rest_of_day


@dataclass(frozen=True, slots=True)
class AskedDay:
    """``number``: of the technician. ``shift``: as the calendar has it, before anything was
    reported. ``route`` None: untouched."""

    number: int
    shift: Shift
    route: StoredRoute | None


@dataclass(frozen=True, slots=True)
class BuiltDay:
    """``work``: for the search. ``rest``: what is left of the day. ``block``: its driving."""

    work: DayOfWork
    rest: Rest
    block: TravelBlock
    now: datetime

    def with_limits_moved_out(self) -> BuiltDay:
        """Every limit that is broken moved out to where it is, the order kept."""
        broken = findings(self.rest.shift, self.rest.open, self.block)
        shift, placements = relaxed(self.rest.shift, self.rest.open, broken)
        rest = replace(self.rest, shift=shift, open=placements)
        work = replace(
            self.work,
            shift=shift,
            placements=placements,
            instance=instance_of(rest, self.block, self.now),
            keep_order=True,
            published=False,
        )
        return replace(self, work=work)


async def built_days(
    travel: TravelTimes, asked: Sequence[AskedDay], now: datetime
) -> list[BuiltDay]:
    """The days as the search reads them, worked out in a thread; roads are asked only for driving
    that no route knows.

    Raises ``TravelError``.
    """
    blocks = await asyncio.to_thread(_known_blocks, asked, now)
    missing = [n for n, block in enumerate(blocks) if block is None]
    met: dict[tuple[Location, ...], TravelBlock] = {}
    for number in missing:
        blocks[number] = await _asked_for(travel, asked[number], now, met)
    return await asyncio.to_thread(_built, asked, blocks, now)


def _known_blocks(asked: Sequence[AskedDay], now: datetime) -> list[TravelBlock | None]:
    return [
        None if day.route is None else known_block(_places(day, now), day.route.block)
        for day in asked
    ]


async def _asked_for(
    travel: TravelTimes,
    day: AskedDay,
    now: datetime,
    met: dict[tuple[Location, ...], TravelBlock],
) -> TravelBlock:
    """``met``: of days without visits, which are often alike."""
    places, known = _places(day, now), day.route.block if day.route else None
    if known is not None:
        return await block_over(travel, places, known)
    if places not in met:
        met[places] = await block_over(travel, places, None)
    return met[places]


def _places(day: AskedDay, now: datetime) -> tuple[Location, ...]:
    return route_places(day.shift, _placements(day, now))


def _placements(day: AskedDay, now: datetime) -> tuple[Placement, ...]:
    return without_replaced(day.route.live(now)) if day.route else ()


def _built(
    asked: Sequence[AskedDay], blocks: Sequence[TravelBlock | None], now: datetime
) -> list[BuiltDay]:
    pairs = zip(asked, blocks, strict=True)
    return [built_day(day, block, now) for day, block in pairs if block is not None]


def built_day(day: AskedDay, block: TravelBlock, now: datetime) -> BuiltDay:
    """One day. ``block`` covers all its places."""
    shift, route = day.shift, day.route
    placements = _placements(day, now)
    live = len(route.live(now)) if route else 0
    rest = rest_of(shift, placements, block, now)
    estimated = block.provenance is Provenance.ESTIMATE
    state = route.state if route else RouteState.DRAFT
    told = state is not RouteState.DRAFT or bool(rest.begun)
    work = DayOfWork(
        technician=day.number,
        day=shift.service_date,
        shift=rest.shift,
        version=route.version if route else 0,
        valid_until=route.valid_until(now) if route else None,
        renew_at=_renew_at(shift, route, now, estimated),
        placements=rest.open,
        instance=instance_of(rest, block, now),
        estimated=estimated,
        keep_order=told,
        published=told,
        move_pending=len(placements) < live,
    )
    return BuiltDay(work, rest, block, now)


def instance_of(rest: Rest, block: TravelBlock, now: datetime) -> RouteInstance:
    """What is left of a day in the solver's units, from ``now`` on; begun visits are done."""
    legs = driving(block, rest.shift, rest.open, end_last=False)
    whole = route_instance(rest.shift, rest.open, legs)
    left = rest_of_day(whole, to_epoch(now))
    return replace(left, done=(*(p.id for p in rest.begun), *left.done))


def _renew_at(shift: Shift, route: StoredRoute | None, now: datetime, estimated: bool) -> datetime:
    """When this day must be built anew although nobody writes: the earliest expiry, the start of
    the shift, every minute while it is under way, or while roads did not answer."""
    expiry = route.valid_until(now) if route else None
    waits = now < shift.window.start and not estimated
    turn = shift.window.start if waits else now + timedelta(minutes=1)
    return min(turn, expiry) if expiry else turn
