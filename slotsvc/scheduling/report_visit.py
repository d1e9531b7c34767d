"""What the road reports: on the way, begun, steps, done. Facts, whatever the plan says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from slotsvc.domain.errors import InvalidRequestError, Violation, WrongStateError
from slotsvc.domain.route_violation import Origin
from slotsvc.domain.visit import (
    BEGUN,
    Outcome,
    Placement,
    PlacementState,
    RouteState,
    Standing,
)
from slotsvc.scheduling.book_visit import record_change, require_visit
from slotsvc.scheduling.desk import Answer, Desk
from slotsvc.scheduling.mutation import Mutation, once
from slotsvc.scheduling.ports import ReadTx, StoredRoute, WriteTx
from slotsvc.scheduling.read_visits import placed_now
from slotsvc.scheduling.route_violations import record_violations


class ReportKind(Enum):
    """Values are the names of the events."""

    DEPARTED = "VISIT_DEPARTED"
    STARTED = "VISIT_STARTED"
    STEP = "VISIT_STEP"
    FINISHED = "VISIT_FINISHED"


@dataclass(frozen=True, slots=True)
class Report:
    """``at`` None: now. ``step``: of a STEP. ``outcome``: of a FINISHED."""

    kind: ReportKind
    at: datetime | None = None
    step: str = ""
    outcome: Outcome | None = None


async def report_visit(
    desk: Desk, mutation: Mutation, visit: str, report: Report, answer: Answer
) -> bytes:
    """Stores the report; the visit moves up behind what has begun, the rest of the day follows.

    Raises ``NotFoundError``, ``WrongStateError`` for a visit without a booked place or one that is
    done, ``InvalidRequestError`` for a time in the future or before an earlier report.
    """

    def work(tx: WriteTx) -> bytes:
        placement = _reportable(tx, mutation.tenant, visit, report)
        versions = tx.lock_routes([placement.route])
        placement = _reportable(tx, mutation.tenant, visit, report)
        route = tx.routes_by_key([placement.route])[placement.route]
        at = report.at or tx.now()
        _refuse_time(tx, route, placement, report, at)
        after = _after(placement, report, at)
        tx.report(mutation.tenant, placement.id, after.state, after.reported)
        if report.kind is not ReportKind.STEP:
            _move_up(tx, route, after, told_late=_told_late(placement, report))
        more = {"step": report.step, "outcome": report.outcome.value if report.outcome else ""}
        record_change(tx, report.kind.value, after, versions, mutation, **more)
        record_violations(tx, [placement.route], Origin.OVERRUN, mutation.actor)
        return answer(placed_now(tx, require_visit(tx, mutation.tenant, visit)))

    return await desk.store.write(once(mutation, work))


def _reportable(tx: ReadTx, tenant: str, visit: str, report: Report) -> Placement:
    stored = require_visit(tx, tenant, visit)
    if stored.standing is not Standing.PLACED or not stored.placed.live(tx.now()):
        raise WrongStateError("the visit has no place")
    placement = stored.placed
    if placement.state is PlacementState.HELD:
        raise WrongStateError("the visit is only held")
    if placement.state is PlacementState.DONE:
        raise WrongStateError("the visit is done")
    departs = report.kind is ReportKind.DEPARTED
    if departs and placement.state is PlacementState.STARTED:
        raise WrongStateError("the visit has started")
    return placement


def _refuse_time(
    tx: ReadTx, route: StoredRoute, placement: Placement, report: Report, at: datetime
) -> None:
    if at > tx.now():
        raise InvalidRequestError([Violation("time", "must not be in the future")])
    own = placement.reported
    earlier = [own.departed, own.started, *(when for _, when in own.steps)]
    if report.kind is not ReportKind.STEP and not _told_late(placement, report):
        others = [p.reported for p in route.placements if p.id != placement.id]
        earlier += [told for p in others for told in (p.started, p.finished)]
    latest = max((when for when in earlier if when is not None), default=None)
    if latest is not None and at < latest:
        text = "must not be before the last report of the day"
        raise InvalidRequestError([Violation("time", text)])


def _told_late(placement: Placement, report: Report) -> bool:
    """That somebody left a place is often told only when he or she is on the way to the next."""
    return report.kind is ReportKind.FINISHED and placement.reported.started is not None


def _after(placement: Placement, report: Report, at: datetime) -> Placement:
    told = placement.reported
    if report.kind is ReportKind.STEP:
        return replace(placement, reported=replace(told, steps=(*told.steps, (report.step, at))))
    state, reported = {
        ReportKind.DEPARTED: (PlacementState.EN_ROUTE, replace(told, departed=at)),
        ReportKind.STARTED: (PlacementState.STARTED, replace(told, started=told.started or at)),
        ReportKind.FINISHED: (
            PlacementState.DONE, replace(told, finished=at, outcome=report.outcome)
        ),
    }[report.kind]  # fmt: skip
    return replace(placement, state=state, reported=reported)


def _move_up(tx: WriteTx, route: StoredRoute, placement: Placement, *, told_late: bool) -> None:
    """Behind everything that has begun before it. Who set out for another visit came back, unless
    it is only told now that this one is over."""
    now = tx.now()
    tx.expire_lapsed([route.key], now)
    live = [p for p in route.live(now) if p.id != placement.id]
    here = [p.id for p in route.live(now)]
    if not told_late:
        _came_back(tx, live)
    kept = BEGUN if told_late else BEGUN - {PlacementState.EN_ROUTE}
    begun = [p.id for p in live if p.state in kept]
    rest = [p.id for p in live if p.id not in begun]
    if placement.state is PlacementState.DONE and here.index(placement.id) < len(begun):
        order = here  # it was done long since, and reported late
    else:
        order = [*begun, placement.id, *rest]
    tx.write_route(route.key, order, route.block)
    tx.set_route_state(route.key, RouteState.RUNNING)


def _came_back(tx: WriteTx, others: Sequence[Placement]) -> None:
    for other in others:
        if other.state is PlacementState.EN_ROUTE:
            reported = replace(other.reported, departed=None)
            tx.report(other.route.tenant, other.id, PlacementState.BOOKED, reported)
