"""How visits and placements become rows and come back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Join,
    Row,
    Select,
    and_,
    bindparam,
    case,
    join,
    literal_column,
    or_,
    outerjoin,
    select,
)

from slotsvc.domain.commitment import Commitment, CommitmentKind
from slotsvc.domain.time_window import TimeWindow, from_epoch, to_epoch
from slotsvc.domain.visit import (
    ENDED,
    Outcome,
    Pin,
    Placement,
    PlacementState,
    Reported,
    RouteKey,
    Standing,
    UnplacedReason,
    Visit,
)
from slotsvc.scheduling.ports import StoredVisit
from slotsvc.scheduling.travel_port import Provenance
from slotsvc.store.calendar_tables import Columns
from slotsvc.store.hours_text import seconds_of, tags_from, tags_text
from slotsvc.store.travel_block import micro_degrees, place
from slotsvc.store.visit_schema import NO_POSITION, PLACEMENT, VISIT
from slotsvc.store.visit_text import (
    NOTHING,
    labels_from,
    labels_text,
    promises_from,
    promises_text,
    steps_from,
    steps_text,
)

HELD = PlacementState.HELD.value
BOOKED = PlacementState.BOOKED.value
STANDING = tuple(sorted(state.value for state in PlacementState if state not in ENDED))
"""States of placements that have not ended; a hold among them may have lapsed."""


def is_in(state: str) -> ColumnElement[bool]:
    """The placement's state, written out and not bound: only so does SQLite see that an index of
    some states will do, and need not plan the statement anew for every value."""
    return PLACEMENT.c.state == literal_column(f"'{state}'")


STANDS: ColumnElement[bool] = or_(*(is_in(state) for state in STANDING))
"""The placement has not ended."""

HELD_NOW: ColumnElement[bool] = and_(is_in(HELD), PLACEMENT.c.expires > bindparam("now"))
"""A hold that has not lapsed at the parameter ``now`` (Unix seconds)."""

LIVE: ColumnElement[bool] = or_(*(is_in(state) for state in STANDING if state != HELD), HELD_NOW)
"""``Placement.live`` at the parameter ``now``."""

LAPSED: ColumnElement[bool] = and_(is_in(HELD), PLACEMENT.c.expires <= bindparam("now"))
"""A hold whose time is over at the parameter ``now``."""

# Written out, as above.
NOWHERE = literal_column(str(NO_POSITION), BigInteger)
"""The position of a placement that has none."""

CANCELLED: ColumnElement[bool] = VISIT.c.standing == literal_column(f"'{Standing.CANCELLED.value}'")
"""The visit was cancelled while it had no place."""

UNPLACED: ColumnElement[bool] = VISIT.c.standing == literal_column(f"'{Standing.UNPLACED.value}'")
"""The visit waits in the backlog."""

OF_TEAM: ColumnElement[str] = case((PLACEMENT.c.team != "", PLACEMENT.c.team), else_=VISIT.c.team)
"""The team that a placement counts for."""

OF_VISIT: ColumnElement[bool] = and_(
    VISIT.c.tenant == PLACEMENT.c.tenant, VISIT.c.id == PLACEMENT.c.visit
)
"""The placement is, or was, one of the visit."""

_PLAIN = Commitment()
_NOTHING_REPORTED = Reported()


def placed_visits() -> Select[Any]:
    """Placements with their visits."""
    return _both(join(PLACEMENT, VISIT, OF_VISIT))


def all_visits() -> Select[Any]:
    """Visits, each with its current placement, nulls when it never had one."""
    shown = and_(PLACEMENT.c.tenant == VISIT.c.tenant, PLACEMENT.c.id == VISIT.c.placement)
    return _both(outerjoin(VISIT, PLACEMENT, shown))


def _both(tables: Join) -> Select[Any]:
    # What both tables have is the placement's under its own name; the visit's is read as "of_…".
    shared = {column.name for column in PLACEMENT.c}
    of_visit = (c.label(f"of_{c.name}") if c.name in shared else c for c in VISIT.c)
    return select(*PLACEMENT.c, *of_visit).select_from(tables)


def epoch_or_none(instant: datetime | None) -> int | None:
    """Unix seconds; None stays None."""
    return None if instant is None else to_epoch(instant)


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else from_epoch(seconds)


def visit_row(stored: StoredVisit) -> Columns:
    """All columns of the visit."""
    placed = stored.placement
    work = known_row(stored.visit, stored.standing, stored.unplaced_reason)
    return work | {
        "tenant": stored.tenant,
        "id": stored.visit.id,
        "placement": None if placed is None else placed.id,
        "revision": stored.revision,
        "created": to_epoch(stored.created),
        "updated": to_epoch(stored.updated),
    }


def known_row(work: Visit, standing: Standing, reason: UnplacedReason | None) -> Columns:
    """Columns of what is known of the visit: all but its keys, its placement and bookkeeping."""
    return _commitment_row(work.commitment) | {
        "lat_e6": micro_degrees(work.location.lat),
        "lon_e6": micro_degrees(work.location.lon),
        "service_s": seconds_of(work.service),
        "access_s": seconds_of(work.access),
        "pausable": work.pausable,
        "requires": tags_text(work.requires),
        "sector": work.sector,
        "priority": work.priority,
        "promises": promises_text(work.promises),
        "labels": labels_text(work.labels),
        "site": work.site,
        "activity_type": work.activity_type,
        "client": work.client,
        "external_ref": work.external_ref,
        "note": work.note,
        "team": work.team,
        "standing": standing.value,
        "unplaced_reason": None if reason is None else reason.value,
    }


def _commitment_row(commitment: Commitment) -> Columns:
    start, end = _ends(commitment.target)
    return {
        "commitment": commitment.kind.value,
        "due": epoch_or_none(commitment.due),
        "target_start": start,
        "target_end": end,
    }


def _ends(window: TimeWindow | None) -> tuple[int, int] | tuple[None, None]:
    return (None, None) if window is None else (to_epoch(window.start), to_epoch(window.end))


def placement_row(placed: Placement) -> Columns:
    """Columns of the placement itself, without how it was judged and told."""
    promise_start, promise_end = _ends(placed.promise)
    return reported_row(placed.reported) | {
        "tenant": placed.route.tenant,
        "id": placed.id,
        "visit": placed.visit.id,
        "technician": placed.route.technician,
        "day": placed.route.day.isoformat(),
        "shift": placed.route.shift,
        "position": placed.position,
        "state": placed.state.value,
        "promise_start": promise_start,
        "promise_end": promise_end,
        "start_from": to_epoch(placed.start_window.start),
        "start_until": to_epoch(placed.start_window.end),
        "service_s": None if placed.service is None else seconds_of(placed.service),
        "expires": epoch_or_none(placed.expires),
        "replaces": placed.replaces,
        "pin": placed.pin.value,
        "team": placed.team,
    }


def reported_row(reported: Reported) -> Columns:
    """Columns of what was reported from the road."""
    return {
        "departed": epoch_or_none(reported.departed),
        "started": epoch_or_none(reported.started),
        "finished": epoch_or_none(reported.finished),
        "outcome": None if reported.outcome is None else reported.outcome.value,
        "steps": steps_text(reported.steps),
    }


def history_row(stored: StoredVisit) -> Columns:
    """Columns of the placement that say how it was judged, held and told."""
    return {
        "provenance": stored.provenance.value,
        "promised_at": epoch_or_none(stored.promised_at),
        "held_since": epoch_or_none(stored.held_since),
        "extended": stored.extended,
    }


def visit_from(row: Row[Any]) -> Visit:
    """The visit of a row of ``placed_visits`` or ``all_visits``."""
    return Visit(
        id=row.of_id,
        location=place(row.lat_e6, row.lon_e6),
        service=timedelta(seconds=row.of_service_s),
        requires=tags_from(row.requires),
        site=row.site,
        activity_type=row.activity_type,
        client=row.client,
        external_ref=row.external_ref,
        note=row.note,
        access=timedelta(seconds=row.access_s),
        pausable=row.pausable,
        sector=row.sector,
        priority=row.priority,
        commitment=_commitment_from(row),
        promises=promises_from(row.promises),
        labels=labels_from(row.labels),
        team=row.of_team,
    )


def _commitment_from(row: Row[Any]) -> Commitment:
    kind = CommitmentKind(row.commitment)
    if kind is CommitmentKind.APPOINTMENT and row.due is None:
        return _PLAIN
    return Commitment(kind, _instant(row.due), _window(row.target_start, row.target_end))


def _window(start: int | None, end: int | None) -> TimeWindow | None:
    return None if start is None or end is None else _between(start, end)


@lru_cache(16_384)  # many visits of a day have the same window, and most start anywhere in it
def _between(start: int, end: int) -> TimeWindow:
    return TimeWindow(from_epoch(start), from_epoch(end))


@lru_cache(1024)  # the visits of a route are read one after the other
def _route(tenant: str, technician: str, day: str, shift: int) -> RouteKey:
    return RouteKey(tenant, technician, date.fromisoformat(day), shift)


def placement_from(row: Row[Any]) -> Placement:
    """The placement of a row of ``placed_visits``."""
    return Placement(
        id=row.id,
        route=_route(row.tenant, row.technician, row.day, row.shift),
        visit=visit_from(row),
        position=row.position,
        state=PlacementState(row.state),
        promise=_window(row.promise_start, row.promise_end),
        start_window=_between(row.start_from, row.start_until),
        expires=_instant(row.expires),
        replaces=row.replaces,
        pin=Pin(row.pin),
        service=None if row.service_s is None else timedelta(seconds=row.service_s),
        reported=_reported_from(row),
        team=row.team,
    )


def _reported_from(row: Row[Any]) -> Reported:
    told = (row.departed, row.started, row.finished, row.outcome)
    if told == (None, None, None, None) and row.steps == NOTHING:
        return _NOTHING_REPORTED
    return Reported(
        departed=_instant(row.departed),
        started=_instant(row.started),
        finished=_instant(row.finished),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        steps=steps_from(row.steps),
    )


def stored_visit_from(row: Row[Any]) -> StoredVisit:
    """Visit, placement and bookkeeping of a row of ``placed_visits`` or ``all_visits``."""
    placed = None if row.id is None else placement_from(row)
    reason = row.unplaced_reason
    return StoredVisit(
        tenant=row.of_tenant,
        visit=visit_from(row) if placed is None else placed.visit,
        placement=placed,
        revision=row.revision,
        # Nothing was judged for a visit that never had a place.
        provenance=Provenance.LIVE if placed is None else Provenance(row.provenance),
        created=from_epoch(row.created),
        updated=from_epoch(row.updated),
        promised_at=_instant(row.promised_at),
        held_since=_instant(row.held_since),
        extended=bool(row.extended),
        standing=Standing(row.standing),
        unplaced_reason=None if reason is None else UnplacedReason(reason),
    )
