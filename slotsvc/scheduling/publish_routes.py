"""Routes told to technicians, and taken back: what automation may do to their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from slotsvc.domain.errors import InvalidRequestError, NotFoundError, Violation
from slotsvc.domain.route_violation import Origin
from slotsvc.domain.shifts import date_in
from slotsvc.domain.technician import Technician
from slotsvc.domain.visit import RouteKey, RouteState
from slotsvc.scheduling.desk import Desk
from slotsvc.scheduling.mutation import Mutation, once
from slotsvc.scheduling.ports import Event, ReadTx, StoredRoute, WriteTx
from slotsvc.scheduling.route_violations import record_violations
from slotsvc.scheduling.work_calendar import read_work_days


@dataclass(frozen=True, slots=True)
class Publishing:
    """Which routes: of a team or one technician in it, from ``first`` to ``last`` included.

    ``withdraw``: back to draft.
    """

    team: str
    technician: str
    first: date
    last: date
    withdraw: bool


type PublishAnswer = Callable[[int], bytes]
"""Serialises how many routes changed their state."""


async def publish_routes(
    desk: Desk, mutation: Mutation, wanted: Publishing, answer: PublishAnswer
) -> bytes:
    """Running routes stay as they are.

    Raises ``NotFoundError``, ``InvalidRequestError`` for a first date before today.
    """

    def work(tx: WriteTx) -> bytes:
        _refuse_past(tx, mutation.tenant, wanted)
        members = _members(tx, mutation.tenant, wanted)
        routes = tx.routes(mutation.tenant, [who.id for who in members], *_span(wanted))
        before = RouteState.PUBLISHED if wanted.withdraw else RouteState.DRAFT
        after = RouteState.DRAFT if wanted.withdraw else RouteState.PUBLISHED
        changed = [
            key
            for key in _keys(tx, mutation.tenant, members, wanted)
            if (routes.get(key) or StoredRoute(key, 0)).state is before
        ]
        kind = "ROUTE_WITHDRAWN" if wanted.withdraw else "ROUTE_PUBLISHED"
        for key, version in tx.lock_routes(changed).items():
            tx.set_route_state(key, after)
            event = Event(kind, key.technician, key, version)
            tx.record(mutation.tenant, event, mutation.actor)
        # time may have made them late since they were last written
        visited = [key for key in changed if key in routes and routes[key].placements]
        record_violations(tx, visited, Origin.OVERRUN, mutation.actor)
        return answer(len(changed))

    return await desk.store.write(once(mutation, work))


def _refuse_past(tx: ReadTx, tenant: str, wanted: Publishing) -> None:
    """Today is the team's."""
    team = tx.team(tenant, wanted.team)
    if team is None:
        raise NotFoundError("no such team")
    if wanted.first < date_in(team.zone, tx.now()):
        raise InvalidRequestError([Violation("first_date", "must not be in the past")])


def _span(wanted: Publishing) -> tuple[date, date]:
    return wanted.first, wanted.last


def _members(tx: ReadTx, tenant: str, wanted: Publishing) -> list[Technician]:
    members = tx.technicians(tenant, wanted.team, *_span(wanted))
    chosen = [who for who in members if wanted.technician in ("", who.id)]
    if wanted.technician and not chosen:
        raise NotFoundError("no such technician in this team")
    return chosen


def _keys(
    tx: ReadTx, tenant: str, members: Sequence[Technician], wanted: Publishing
) -> Iterator[RouteKey]:
    """Every shift there is, whether it has visits or not."""
    days = read_work_days(tx, tenant, members, *_span(wanted), wanted.team)
    for (who, day), found in days.items():
        for shift in found if isinstance(found, tuple) else ():
            yield RouteKey(tenant, who, day, shift.number)
