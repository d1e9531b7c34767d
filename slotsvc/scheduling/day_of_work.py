"""One technician's shift as the search reads it: what is left of it, with its freedom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from slotsvc.domain.time_window import to_epoch
from slotsvc.domain.visit import RouteState
from slotsvc.domain.working_time import Shift
from slotsvc.scheduling.placing import findings, without_replaced
from slotsvc.scheduling.ports import StoredRoute, TravelBlock
from slotsvc.scheduling.resuming import driving, route_places
from slotsvc.scheduling.travel_blocks import block_over
from slotsvc.scheduling.travel_port import Provenance, TravelTimes
from slotsvc.scheduling.under_way import Rest, rest_of
from slotsvc.solver.checker import relaxed
from slotsvc.solver.instance import RouteInstance, route_instance
from slotsvc.solver.started import rest_of_day
from slotsvc.solver.team_calendar import DayOfWork


@dataclass(frozen=True, slots=True)
class RememberedDay:
    """``work``: for the search. ``shift``: as the calendar has it, before anything was reported.

    ``rest``: what is left of it. ``relaxed``: its broken limits were moved out.
    """

    work: DayOfWork
    shift: Shift
    rest: Rest
    block: TravelBlock
    now: datetime
    relaxed: bool = False

    def with_limits_moved_out(self) -> RememberedDay:
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
        return replace(self, work=work, relaxed=True)


async def remembered_day(
    travel: TravelTimes, number: int, shift: Shift, route: StoredRoute | None, now: datetime
) -> RememberedDay:
    """``number``: of the technician. ``route`` None: untouched.

    Raises ``TravelError``.
    """
    live = route.live(now) if route else ()
    placements = without_replaced(live)
    places = route_places(shift, placements)
    block = await block_over(travel, places, route.block if route else None)
    rest = rest_of(shift, placements, block, now)
    estimated = block.provenance is Provenance.ESTIMATE
    state = route.state if route else RouteState.DRAFT
    told = state is not RouteState.DRAFT or bool(rest.begun)
    work = DayOfWork(
        technician=number,
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
        move_pending=len(placements) < len(live),
    )
    return RememberedDay(work, shift, rest, block, now)


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
